//! A corpus: documents, their labels, the names of the classes. Formats make it, loaders never see a format.

use std::collections::HashSet;

use crate::classes::class_index;
use crate::digest::Digest;
use crate::document::{Document, DocumentSource, Documents, Place, RawDocument};
use crate::error::quoted;
use crate::labels::{Label, Labels};
use crate::{Error, Result};

/// Documents and the names of their classes, or of their numbers.
///
/// ```
/// use ulmfit_data::{Corpus, Document};
/// let corpus = Corpus::new(vec![Document::labeled("fine", 1)], vec!["neg".into(), "pos".into()])?;
/// assert_eq!(corpus.classes()[corpus.labels()?[0] as usize], "pos");
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
///
/// Two corpora are equal if their documents and classes are, wherever they come from.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    documents: Vec<Document>,
    classes: Vec<String>,
    /// Where each document stands; empty for those that a program has made.
    places: Vec<Place>,
}

impl PartialEq for Corpus {
    fn eq(&self, other: &Self) -> bool {
        (&self.documents, &self.classes) == (&other.documents, &other.classes)
    }
}

impl Corpus {
    /// A corpus of `documents` over `classes`. Either may be empty.
    ///
    /// # Errors
    /// If a label is not an index into `classes` or not a finite number for each of them, or a class is named twice.
    pub fn new(documents: Vec<Document>, classes: Vec<String>) -> Result<Self> {
        let mut seen = HashSet::new();
        if let Some(twice) = classes.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(Error::setting(
                "classes",
                "distinct names",
                format!("`{twice}` twice"),
            ));
        }
        for (at, document) in documents.iter().enumerate() {
            if let Some(label) = &document.label {
                label.check(|| format!("document {at}"), &classes)?;
            }
        }
        Ok(Self::from_valid(documents, classes))
    }

    /// The same corpus, whose documents stand at these places.
    pub(crate) fn with_places(mut self, places: Vec<Place>) -> Self {
        debug_assert_eq!(places.len(), self.len());
        self.places = places;
        self
    }

    /// Where a document stands: file and line if it was read, else its index from 0, as `document 2`.
    pub fn place(&self, document: usize) -> String {
        self.place_of(document).to_string()
    }

    pub(crate) fn place_of(&self, document: usize) -> Place {
        let unknown = || Place {
            file: None,
            line: document as u64 + 1,
        };
        self.places.get(document).cloned().unwrap_or_else(unknown)
    }

    /// The documents.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The names of the classes, into which labels are indices, or the names of the numbers.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The number of classes.
    pub fn n_classes(&self) -> usize {
        self.classes.len()
    }

    /// The number of documents.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// All texts in order.
    pub fn texts(&self) -> Vec<&str> {
        self.documents
            .iter()
            .map(|document| document.text.as_str())
            .collect()
    }

    /// The class of each document in order, where each is of one class.
    ///
    /// # Errors
    /// If a document has no label or one of another kind; the message names the first such document.
    pub fn labels(&self) -> Result<Vec<u32>> {
        let class = |(document, d): (usize, &Document)| match &d.label {
            None => Err(Error::Unlabeled {
                at: self.place(document),
            }),
            Some(label) => label.class().ok_or_else(|| Error::LabelText {
                at: self.place(document),
                expected: "one class".into(),
                found: label.kind().into(),
                remedy: "give each document one class",
            }),
        };
        self.documents.iter().enumerate().map(class).collect()
    }

    /// The labels of all documents in order, whatever their kind.
    ///
    /// ```
    /// use ulmfit_data::{Corpus, Document, Labels};
    /// let documents = vec![Document::labeled("fine", 4.5), Document::labeled("dull", 1.5)];
    /// let corpus = Corpus::new(documents, vec!["stars".into()])?;
    /// assert_eq!(corpus.all_labels()?, Labels::Regression(vec![vec![4.5], vec![1.5]]));
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a document has no label or one of another kind than the first; the message names the first such document.
    pub fn all_labels(&self) -> Result<Labels> {
        let labels = self.documents.iter().map(|d| d.label.as_ref());
        Labels::of(labels, |document| self.place(document))
    }

    /// Succeeds if documents of at least `min` classes are there, as a classifier needs.
    ///
    /// ```
    /// use ulmfit_data::{Corpus, Document};
    /// let one = Corpus::new(vec![Document::labeled("fine", 0)], vec!["pos".into()])?;
    /// let message = one.require_classes(2).unwrap_err().to_string();
    /// assert_eq!(message, "expected at least 2 classes, found one (`pos`); add documents of another class");
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there are fewer; classes without a document do not count.
    pub fn require_classes(&self, min: usize) -> Result<()> {
        let labels = self.documents.iter().filter_map(|d| d.label.as_ref());
        let present: HashSet<u32> = labels.flat_map(Label::classes).copied().collect();
        if present.len() >= min {
            return Ok(());
        }
        let names: Vec<&String> = self
            .classes
            .iter()
            .zip(0..)
            .filter(|(_, i)| present.contains(i))
            .map(|(name, _)| name)
            .collect();
        Err(Error::TooFewClasses {
            expected: min,
            found: match names.len() {
                0 => "none".into(),
                1 => "one".into(),
                n => n.to_string(),
            },
            names: if names.is_empty() {
                String::new()
            } else {
                format!(" ({})", quoted(&names))
            },
        })
    }

    /// The same documents over another list of classes, matched by name: a test set read on its own takes the training
    /// set's numbering this way.
    ///
    /// ```
    /// use ulmfit_data::{Corpus, Document};
    /// let test = Corpus::new(vec![Document::labeled("fine", 0)], vec!["pos".into()])?;
    /// let test = test.with_classes(&["neg", "pos"])?;
    /// assert_eq!(test.labels()?, [1]);
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the class of a document is not in the list, or the list names a class twice.
    pub fn with_classes<S: AsRef<str>>(&self, classes: &[S]) -> Result<Self> {
        let classes: Vec<String> = classes
            .iter()
            .map(|name| name.as_ref().to_owned())
            .collect();
        let index = class_index(&classes);
        let number = |(at, document): (usize, &Document)| {
            let by_name = |old: u32| {
                let name = self.classes[old as usize].as_str();
                index.get(name).copied().ok_or_else(|| Error::UnknownLabel {
                    at: self.place(at),
                    found: name.to_owned(),
                    classes: quoted(&classes),
                })
            };
            let label = document.label.as_ref().map(|l| l.renumbered(by_name));
            Ok(Document {
                text: document.text.clone(),
                label: label.transpose()?,
            })
        };
        let documents = self
            .documents
            .iter()
            .enumerate()
            .map(number)
            .collect::<Result<Vec<_>>>()?;
        Ok(Self::new(documents, classes)?.with_places_of(self, 0..self.len()))
    }

    /// How many documents of each class there are, in the order of the classes. A document of several counts for each.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.n_classes()];
        let labels = self.documents.iter().filter_map(|d| d.label.as_ref());
        for &class in labels.flat_map(Label::classes) {
            counts[class as usize] += 1;
        }
        counts
    }

    /// A corpus whose parts are known to fit together.
    pub(crate) fn from_valid(documents: Vec<Document>, classes: Vec<String>) -> Self {
        Self {
            documents,
            classes,
            places: Vec::new(),
        }
    }

    /// The same corpus, whose documents stand where these ones of `other` do.
    pub(crate) fn with_places_of(
        mut self,
        other: &Self,
        rows: impl Iterator<Item = usize>,
    ) -> Self {
        if !other.places.is_empty() {
            self.places = rows.map(|row| other.places[row].clone()).collect();
        }
        self
    }

    /// The documents at `rows`, in that order, over the same classes.
    pub(crate) fn pick(&self, rows: &[usize]) -> Self {
        let documents = rows.iter().map(|&row| self.documents[row].clone());
        Self::from_valid(documents.collect(), self.classes.clone())
            .with_places_of(self, rows.iter().copied())
    }

    /// The documents with a label, and those without; both over the same classes.
    pub fn by_label(&self) -> (Self, Self) {
        let (with, without): (Vec<usize>, Vec<usize>) =
            (0..self.len()).partition(|&row| self.documents[row].label.is_some());
        (self.pick(&with), self.pick(&without))
    }
}

impl DocumentSource for Corpus {
    fn documents_iter(&self) -> Result<Documents<'_>> {
        let raw = |(at, document): (usize, &Document)| {
            let class = document.label.as_ref().and_then(Label::class);
            Ok(RawDocument {
                text: document.text.clone(),
                label: class.map(|class| self.classes[class as usize].as_str().into()),
                place: self.place_of(at),
            })
        };
        Ok(Box::new(self.documents.iter().enumerate().map(raw)))
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        let mut digest = Digest::default();
        for class in self.classes() {
            digest.part(class.as_bytes());
        }
        for document in self.documents() {
            digest.part(document.text.as_bytes());
            match &document.label {
                None => digest.part(&u64::MAX.to_le_bytes()),
                Some(label) => label.digest(|bytes| digest.part(bytes)),
            }
        }
        Ok(digest.finish())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        vec!["neg".into(), "pos".into()]
    }

    #[test]
    fn a_label_outside_the_classes_is_refused() {
        let error = Corpus::new(vec![Document::labeled("a", 2)], classes())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("document 0: expected a label among the 2 indices"),
            "{error}"
        );
        let twice = Corpus::new(vec![], vec!["a".into(), "a".into()])
            .unwrap_err()
            .to_string();
        assert!(twice.contains("`a` twice"), "{twice}");
    }

    #[test]
    fn the_first_unlabeled_document_is_named() {
        let documents = vec![
            Document::labeled("a", 0),
            Document::unlabeled("b"),
            Document::unlabeled("c"),
        ];
        let error = Corpus::new(documents, classes())
            .unwrap()
            .labels()
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("document 1: expected a label")
        );
    }

    #[test]
    fn classes_without_documents_do_not_count() {
        let corpus = Corpus::new(vec![Document::labeled("a", 0)], classes()).unwrap();
        assert!(corpus.require_classes(1).is_ok());
        assert!(corpus.require_classes(2).is_err());
        let none = corpus
            .without_labels()
            .require_classes(2)
            .unwrap_err()
            .to_string();
        assert_eq!(
            none,
            "expected at least 2 classes, found none; add documents of another class"
        );
    }
}
