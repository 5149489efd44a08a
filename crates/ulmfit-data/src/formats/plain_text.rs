//! A corpus from plain text: what a language model is trained on. No labels, no classes.

use std::path::Path;

use super::csv_rows::no_rows;
use super::folder::read_texts;
use crate::decode::decode_file;
use crate::open::read;
use crate::{Corpus, Document, Result};

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
        let path = path.as_ref();
        let texts = if path.is_dir() {
            read_texts(path)?
        } else {
            vec![decode_file(read(path)?, path)?]
        };
        let documents: Vec<Document> = texts
            .into_iter()
            .flat_map(|text| match unit {
                TextUnit::Line => text.lines().map(str::to_owned).collect(),
                TextUnit::Article => articles(&text).into_iter().map(str::to_owned).collect(),
                TextUnit::File => vec![text],
            })
            .filter(|text| !text.trim().is_empty())
            .map(Document::unlabeled)
            .collect();
        if documents.is_empty() {
            return Err(no_rows(path, "blank lines only"));
        }
        Self::new(documents, Vec::new())
    }
}

/// The articles of a text, without the blank lines around them.
fn articles(text: &str) -> Vec<&str> {
    let mut cuts = Vec::new();
    let (mut at, mut after_blank) = (0, true);
    for line in text.split_inclusive('\n') {
        if after_blank && is_title(line) {
            cuts.push(at);
        }
        after_blank = line.trim().is_empty();
        at += line.len();
    }
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([text.len()]);
    starts
        .zip(ends)
        .map(|(start, end)| text[start..end].trim())
        .filter(|article| !article.is_empty())
        .collect()
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

    #[test]
    fn text_before_the_first_title_is_kept() {
        assert_eq!(articles("intro\n\n= T =\nx"), ["intro", "= T =\nx"]);
        assert_eq!(articles("no title at all"), ["no title at all"]);
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
