//! A corpus from plain text: what a language model is trained on. No labels, no classes.

use std::path::Path;

use super::csv_rows::no_rows;
use super::folder::files;
use crate::lines::Lines;
use crate::source::{Documents, RawDocument, until_error};
use crate::{Corpus, Result, Source};

/// What one document is in a file of plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextUnit {
    /// A line; blank ones are skipped.
    Line,
    /// An article: a line `= Title =` at the start or behind a blank line begins a new one, `= = Section = =` does not.
    /// WikiText and Wikipedia dumps in its layout are cut this way. The title belongs to the text.
    Article,
    /// The whole file.
    File,
}

impl Corpus {
    /// The documents of a file of plain text, or of all files of a folder, sorted by name. `.gz` and `.zst` are
    /// decompressed on the way.
    ///
    /// ```no_run
    /// use ulmfit_data::{Corpus, TextUnit};
    /// let articles = Corpus::from_text("wiki.train.tokens", TextUnit::Article)?;
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a file cannot be read or is no UTF-8 text, or all of it is blank.
    pub fn from_text(path: impl AsRef<Path>, unit: TextUnit) -> Result<Self> {
        Source::text(path.as_ref(), unit).corpus()
    }
}

/// The documents of a file or folder, one at a time.
pub(crate) fn documents(path: &Path, unit: TextUnit) -> Result<Documents<'_>> {
    let mut files = if path.is_dir() {
        files(path)?
    } else {
        vec![path.to_owned()]
    }
    .into_iter();
    let mut open: Option<Units> = None;
    let mut seen = false;
    Ok(until_error(move || {
        loop {
            if let Some(units) = &mut open
                && let Some(document) = units.next()?
            {
                seen = true;
                return Ok(Some(document));
            }
            open = match files.next() {
                Some(file) => Some(Units::open(&file, unit)?),
                None if seen => return Ok(None),
                None => return Err(no_rows(path, "blank lines only")),
            };
        }
    }))
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
    fn next(&mut self) -> Result<Option<RawDocument>> {
        while let Some((line, mut text)) = self.read()? {
            match self.unit {
                TextUnit::Line => {
                    let end = text.trim_end_matches('\n');
                    text.truncate(end.strip_suffix('\r').unwrap_or(end).len());
                }
                TextUnit::Article => text = text.trim().to_owned(),
                TextUnit::File => {}
            }
            if !text.trim().is_empty() {
                return Ok(Some(RawDocument {
                    text,
                    label: None,
                    line,
                }));
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

    const TEXT: &str = "\n = One = \n\nA line.\n = = Part = = \nx = 1\n= no title =\n\n= Two =\nB.\n\n= = = Sub = = =\nC.\n";

    fn read_as(unit: TextUnit) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("b.txt"), TEXT).unwrap();
        let corpus = Corpus::from_text(dir.path().join("b.txt"), unit).unwrap();
        assert_eq!(Corpus::from_text(dir.path(), unit).unwrap(), corpus);
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

    fn articles(text: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        std::fs::write(&path, text).unwrap();
        let corpus = Corpus::from_text(&path, TextUnit::Article);
        corpus.map_or(Vec::new(), |c| {
            c.texts().into_iter().map(str::to_owned).collect()
        })
    }

    #[test]
    fn text_before_the_first_title_is_kept() {
        assert_eq!(articles("intro\n\n= T =\nx"), ["intro", "= T =\nx"]);
        assert_eq!(articles("no title at all"), ["no title at all"]);
        assert_eq!(articles("= A =\n= B =\nx"), ["= A =\n= B =\nx"]);
        assert!(articles("").is_empty());
    }

    #[test]
    fn blank_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.txt"), "\n \n").unwrap();
        let error = Corpus::from_text(dir.path().join("a.txt"), TextUnit::File)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("expected at least one row of text, found blank lines only"),
            "{error}"
        );
    }
}
