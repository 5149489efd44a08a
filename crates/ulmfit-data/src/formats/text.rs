//! Plain text: what a language model is trained on. No labels.

use std::path::{Path, PathBuf};

use super::{Row, Rows, Value};
use crate::Result;
use crate::columns::{Layout, TextUnit};
use crate::document::Place;
use crate::input::{STDIN, list};
use crate::lines::{Lines, without_end};
use crate::report::ReadReport;

/// Opens a file, or all files of a folder, sorted by name.
pub(super) fn open(path: &Path, layout: &Layout) -> Result<Box<dyn Rows>> {
    let (mut files, mut left_out) = (vec![path.to_owned()], Vec::new());
    if path.as_os_str() != STDIN && path.is_dir() {
        let (folders, there): (Vec<PathBuf>, _) = list(path)?.into_iter().partition(|p| p.is_dir());
        files = there;
        let inner = folders
            .iter()
            .map(|folder| format!("the folder {}", folder.display()));
        left_out.extend(inner);
    }
    let mut files = files.into_iter();
    // The first file is opened at once: one that is not there is an error before anything is read.
    let open = match files.next() {
        Some(file) => Some(Units::open(&file, layout.unit)?),
        None => None,
    };
    Ok(Box::new(Text {
        report: ReadReport {
            files: usize::from(open.is_some()),
            left_out,
            ..ReadReport::default()
        },
        files,
        open,
        unit: layout.unit,
    }))
}

struct Text {
    files: std::vec::IntoIter<PathBuf>,
    open: Option<Units>,
    unit: TextUnit,
    report: ReadReport,
}

impl Rows for Text {
    fn next(&mut self) -> Result<Option<Row>> {
        while let Some(units) = &mut self.open {
            if let Some((line, text)) = units.next()? {
                self.report.rows += 1;
                return Ok(Some(Row {
                    place: Place::new(units.lines.file(), line),
                    values: vec![Value::Text(text)],
                    raw: None,
                }));
            }
            self.open = None;
            if let Some(file) = self.files.next() {
                self.open = Some(Units::open(&file, self.unit)?);
                self.report.files += 1;
            }
        }
        Ok(None)
    }

    fn nothing(&self) -> &'static str {
        "blank lines only"
    }

    fn report(&self, report: &mut ReadReport) {
        report.merge(&self.report);
    }
}

/// The units of one file.
struct Units {
    lines: Lines,
    unit: TextUnit,
    /// A title line that ended the unit before it.
    title: Option<(u64, String)>,
}

impl Units {
    fn open(path: &Path, unit: TextUnit) -> Result<Self> {
        Ok(Self {
            lines: Lines::open(path)?,
            unit,
            title: None,
        })
    }

    /// The next unit that is not blank.
    fn next(&mut self) -> Result<Option<(u64, String)>> {
        while let Some((line, mut text)) = self.read()? {
            match self.unit {
                TextUnit::Line => text.truncate(without_end(&text).len()),
                TextUnit::Article => text = text.trim().to_owned(),
                TextUnit::File => {}
            }
            if !text.trim().is_empty() {
                return Ok(Some((line, text)));
            }
        }
        Ok(None)
    }

    /// The next unit, blank ones too.
    fn read(&mut self) -> Result<Option<(u64, String)>> {
        if self.unit == TextUnit::Line {
            return self.lines.next();
        }
        let mut unit = self.title.take();
        let mut after_blank = unit.is_none();
        while let Some((line, text)) = self.lines.next()? {
            if self.unit == TextUnit::Article && after_blank && unit.is_some() && is_title(&text) {
                self.title = Some((line, text));
                break;
            }
            after_blank = text.trim().is_empty();
            match &mut unit {
                Some((_, unit)) => unit.push_str(&text),
                None => unit = Some((line, text)),
            }
        }
        Ok(unit)
    }
}

/// Whether a line is `= Title =` with exactly one mark on each side.
fn is_title(line: &str) -> bool {
    let inner = line
        .trim()
        .strip_prefix("= ")
        .and_then(|rest| rest.strip_suffix(" ="));
    inner.is_some_and(|title| {
        !title.trim().is_empty() && !title.starts_with('=') && !title.ends_with('=')
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::Source;

    const TEXT: &str = "\n = One = \n\nA line.\n = = Part = = \nx = 1\n= no title =\n\n= Two =\nB.\n\n= = = Sub = = =\nC.\n";

    fn read_as(unit: TextUnit) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("b.txt"), TEXT).unwrap();
        let read = |path: &Path| Source::new(path).with_unit(unit).corpus().unwrap();
        let corpus = read(&dir.path().join("b.txt"));
        assert_eq!(read(dir.path()), corpus);
        corpus.texts().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn cuts_by_line_article_and_file() {
        let lines = read_as(TextUnit::Line);
        assert_eq!((lines.len(), lines[1].as_str()), (9, "A line."));
        let articles = read_as(TextUnit::Article);
        assert_eq!(articles.len(), 2);
        assert!(articles[0].starts_with("= One =") && articles[0].ends_with("= no title ="));
        assert!(articles[1].starts_with("= Two =\nB.") && articles[1].ends_with("C."));
        assert_eq!(read_as(TextUnit::File), [TEXT]);
    }

    fn read(text: &str, unit: TextUnit) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        std::fs::write(&path, text).unwrap();
        let corpus = Source::new(&path).with_unit(unit).corpus();
        let corpus = corpus.map_err(|error| error.to_string())?;
        Ok(corpus.texts().into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn text_before_the_first_title_is_kept() {
        let articles = |text: &str| read(text, TextUnit::Article).unwrap_or_default();
        assert_eq!(articles("intro\n\n= T =\nx"), ["intro", "= T =\nx"]);
        assert_eq!(articles("no title at all"), ["no title at all"]);
        assert_eq!(articles("= A =\n= B =\nx"), ["= A =\n= B =\nx"]);
        assert!(articles("").is_empty());
    }

    #[test]
    fn lines_end_as_an_editor_shows_them() {
        let expected = ["one", "two", "three"];
        for end in ["\n", "\r\n", "\r"] {
            let text = expected.join(end);
            assert_eq!(read(&text, TextUnit::Line).unwrap(), expected, "{text:?}");
            assert_eq!(read(&text, TextUnit::File).unwrap(), [text]);
        }
    }

    #[test]
    fn blank_files_are_refused() {
        let error = read("\n \n", TextUnit::File).unwrap_err();
        assert!(
            error.contains("expected at least one row of text, found blank lines only"),
            "{error}"
        );
    }
}
