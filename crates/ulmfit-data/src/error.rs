//! What can go wrong: one enum for the crate. Each message says where, what was expected, what was found, what to do.

use std::path::{Path, PathBuf};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that could not be read or written.
    #[error("cannot {action} {}: {source}; check that the path is right and that you may {action} it", path.display())]
    Io {
        /// Which step failed: `open`, `read`, `write`, `list`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file or folder whose content is arranged in another way than its reader expects.
    #[error("{}: expected {expected}, found {found}; {remedy}", path.display())]
    Layout {
        /// The file or folder.
        path: PathBuf,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// One row, line or stretch of a file that is not as it should be.
    #[error("{}, line {line}: expected {expected}, found {found}; {remedy}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A quote behind which the rows of a table cannot be told apart: nothing is read from there on.
    #[error("{}, line {line}: expected {expected}, found {found}; {remedy}", path.display())]
    Quotes {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A line that is no JSON.
    #[error("{}, line {line}: expected one json object per line: {}; correct or remove the line", path.display(), reason(source))]
    Json {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// Bytes that are no UTF-8.
    #[error("{}, line {line}: expected utf-8, found the byte 0x{byte:02x}; convert the file to utf-8", path.display())]
    Utf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The first byte that does not fit.
        byte: u8,
        /// The cause.
        #[source]
        source: std::str::Utf8Error,
    },
    /// A column that the file does not have.
    #[error("{}: expected a column {asked}, found the columns {there}; {remedy}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column that was asked for.
        asked: String,
        /// The columns that are there.
        there: String,
        /// What to do about it.
        remedy: String,
    },
    /// A label that is not in the list of classes.
    #[error(
        "{at}: expected a label among {classes}, found `{found}`; correct the label or add the class"
    )]
    UnknownLabel {
        /// The file and line, or the document.
        at: String,
        /// The label.
        found: String,
        /// The classes.
        classes: String,
    },
    /// A label whose text, or whose numbers, are not what the label's kind asks for.
    #[error("{at}: expected {expected}, found {found}; {remedy}")]
    LabelText {
        /// The file and line, or the document.
        at: String,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Documents with labels of two kinds.
    #[error(
        "{at}: expected {expected} as in the documents before it, found {found}; give all documents one \
         kind of label"
    )]
    LabelKind {
        /// The first document of another kind: its file and line, or its index from 0.
        at: String,
        /// The kind before it.
        expected: &'static str,
        /// Its kind.
        found: &'static str,
    },
    /// A document without a label where each needs one.
    #[error(
        "{at}: expected a label, found none; drop unlabeled documents or use them for the language \
         model only"
    )]
    Unlabeled {
        /// Its file and line, or its index from 0.
        at: String,
    },
    /// Fewer classes than a classifier can tell apart.
    #[error(
        "expected at least {expected} classes, found {found}{names}; add documents of another class"
    )]
    TooFewClasses {
        /// How many are needed.
        expected: usize,
        /// How many are there, in words for none and one.
        found: String,
        /// Their names in brackets, or nothing.
        names: String,
    },
    /// Fewer documents than were asked for.
    #[error("expected at least {asked} {what}, found {there}; ask for fewer or add documents")]
    TooFewDocuments {
        /// How many were asked for.
        asked: usize,
        /// Which documents count.
        what: &'static str,
        /// How many there are.
        there: usize,
    },
    /// A stream too short to hold a single prediction.
    #[error("expected at least 2 tokens for a language model, found {found}; give more text")]
    ShortStream {
        /// How many tokens there are.
        found: usize,
    },
    /// A document without a token.
    #[error("document {document}: expected at least one token, found none; drop empty documents")]
    EmptyDocument {
        /// Its index, from 0.
        document: usize,
    },
    /// Not one label per document.
    #[error(
        "expected one label per document, found {labels} labels for {documents} documents; align the two lists"
    )]
    LabelCount {
        /// How many documents there are.
        documents: usize,
        /// How many labels there are.
        labels: usize,
    },
    /// A setting out of its range.
    #[error("setting `{name}`: expected {expected}, found {found}; change the setting")]
    Setting {
        /// Its name.
        name: &'static str,
        /// Its range.
        expected: &'static str,
        /// Its value.
        found: String,
    },
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A file or folder that is arranged in another way than expected.
    pub(crate) fn layout(
        path: &Path,
        expected: impl Into<String>,
        found: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self::Layout {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
            remedy,
        }
    }

    /// A setting out of its range.
    pub(crate) fn setting(
        name: &'static str,
        expected: &'static str,
        found: impl Into<String>,
    ) -> Self {
        Self::Setting {
            name,
            expected,
            found: found.into(),
        }
    }

    /// Whether one row is wrong and those behind it can be read.
    pub fn is_of_one_row(&self) -> bool {
        matches!(
            self,
            Self::Row { .. } | Self::Json { .. } | Self::Utf8 { .. }
        )
    }
}

/// What is wrong with a line of JSON, and at which column: it is a single line to the parser.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((message, _)) => format!("{message} at column {}", error.column()),
        None => message,
    }
}

/// Names in quotes for a message, cut after the first dozen.
pub(crate) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<String> = names.iter().map(|n| format!("`{}`", n.as_ref())).collect();
    listed(&names)
}

/// Things for a message, cut after the first dozen.
pub(crate) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut list = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        list.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    if list.is_empty() {
        "nothing".into()
    } else {
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_where_what_and_how() {
        let error = Error::Row {
            path: "a.csv".into(),
            line: 3,
            expected: "2 fields".into(),
            found: "1".into(),
            remedy: "correct the row",
        };
        assert_eq!(
            error.to_string(),
            "a.csv, line 3: expected 2 fields, found 1; correct the row"
        );
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(quoted(&["a", "b"]), "`a`, `b`");
        assert_eq!(quoted::<&str>(&[]), "nothing");
        assert!(quoted(&["x"; 15]).ends_with("`x` and 3 more"));
    }
}
