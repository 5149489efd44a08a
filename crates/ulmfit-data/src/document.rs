//! What a document is, in a file and in a corpus, and anything that yields documents.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::Result;
use crate::digest::Digest;
use crate::labels::Label;

/// One text and, where it is known, its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The raw text.
    pub text: String,
    /// Its class, its classes, or numbers.
    pub label: Option<Label>,
}

impl Document {
    /// A document with a label: the index of its class in [`Corpus::classes`](crate::Corpus::classes), a list of such,
    /// or a fraction.
    ///
    /// ```
    /// use ulmfit_data::{Document, Label};
    /// assert_eq!(Document::labeled("fine", 1).label, Some(Label::SingleLabel(1)));
    /// assert_eq!(Document::labeled("fine", vec![0, 2]).label, Some(Label::MultiLabel(vec![0, 2])));
    /// assert_eq!(Document::labeled("fine", 4.5).label, Some(Label::Regression(vec![4.5])));
    /// ```
    pub fn labeled(text: impl Into<String>, label: impl Into<Label>) -> Self {
        Self {
            text: text.into(),
            label: Some(label.into()),
        }
    }

    /// A document of which only the text is known.
    pub fn unlabeled(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            label: None,
        }
    }
}

/// One text and its label as they stand in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawDocument {
    /// The raw text.
    pub text: String,
    /// The label as it is written.
    pub label: Option<RawLabel>,
    /// Where the document begins.
    pub place: Place,
}

/// A label as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawLabel {
    /// One text: the name of a class, several with a delimiter, or a number, see [`LabelKind`](crate::LabelKind).
    Text(String),
    /// A list of names.
    List(Vec<String>),
}

impl From<&str> for RawLabel {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Where a document begins: a file, and a line or a row in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file; none for a document that is in memory.
    pub file: Option<Arc<Path>>,
    /// The line as an editor counts, or the row; from 1.
    pub line: u64,
}

impl Place {
    /// A line of a file.
    pub fn new(file: &Arc<Path>, line: u64) -> Self {
        Self {
            file: Some(file.clone()),
            line,
        }
    }
}

/// `reviews.csv, line 3`; for a document in memory its index from 0, `document 2`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}, line {}", file.display(), self.line),
            None => write!(f, "document {}", self.line.saturating_sub(1)),
        }
    }
}

/// Documents, one at a time. What follows an error is up to the source; [`Source`](crate::Source) goes on behind a row
/// that is wrong.
pub type Documents<'a> = Box<dyn Iterator<Item = Result<RawDocument>> + Send + 'a>;

/// Anything that yields documents, in the same order whenever it is asked.
///
/// [`Source`](crate::Source) reads files this way, [`Corpus`](crate::Corpus) holds its documents; implement it for a data
/// base or a format of your own, and [`count_tokens`](crate::count_tokens) and [`TokenStore`](crate::TokenStore) work on
/// it.
///
/// ```
/// use ulmfit_data::{Corpus, Document, DocumentSource};
/// let corpus = Corpus::new(vec![Document::labeled("fine", 0)], vec!["pos".into()])?;
/// let first = corpus.documents_iter()?.next().unwrap()?;
/// assert_eq!((first.text.as_str(), first.label), ("fine", Some("pos".into())));
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
pub trait DocumentSource: Sync {
    /// The documents from the first one on.
    ///
    /// # Errors
    /// If the source cannot be opened.
    fn documents_iter(&self) -> Result<Documents<'_>>;

    /// A digest of everything the documents follow from: equal contents may have different fingerprints, different
    /// contents never have equal ones.
    ///
    /// # Errors
    /// If the source cannot be read.
    fn fingerprint(&self) -> Result<[u8; 32]>;
}

/// Texts that are in memory already, without labels.
impl<S: AsRef<str> + Sync> DocumentSource for Vec<S> {
    fn documents_iter(&self) -> Result<Documents<'_>> {
        let raw = |(line, text): (u64, &S)| {
            Ok(RawDocument {
                text: text.as_ref().to_owned(),
                label: None,
                place: Place { file: None, line },
            })
        };
        Ok(Box::new((1..).zip(self).map(raw)))
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        let mut digest = Digest::default();
        for text in self {
            digest.part(text.as_ref().as_bytes());
        }
        Ok(digest.finish())
    }
}
