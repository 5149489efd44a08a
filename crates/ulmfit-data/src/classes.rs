//! From the labels of a file to a list of classes: distinct names in sorted order, or a list that was given.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::error::quoted;
use crate::source::RawDocument;
use crate::{Corpus, Document, Error, Result};

/// The corpus of `documents` over the given classes, or else over their distinct labels in sorted order.
///
/// `file` goes into the message if a label is not among the given classes.
pub(crate) fn number_labels(
    documents: Vec<RawDocument>,
    given: Option<&[String]>,
    file: &std::path::Path,
) -> Result<Corpus> {
    let classes = match given {
        Some(classes) => classes.to_vec(),
        None => sorted_classes(documents.iter().filter_map(|d| d.label.as_deref())),
    };
    let index = class_index(&classes);
    let number = |document: RawDocument| {
        let label = match &document.label {
            None => None,
            Some(name) => Some(
                *index
                    .get(name.as_str())
                    .ok_or_else(|| Error::UnknownLabel {
                        at: format!("{}, line {}", file.display(), document.line),
                        found: name.clone(),
                        classes: quoted(&classes),
                    })?,
            ),
        };
        Ok(Document {
            text: document.text,
            label,
        })
    };
    let documents = documents
        .into_iter()
        .map(number)
        .collect::<Result<Vec<_>>>()?;
    Corpus::new(documents, classes)
}

/// The number of each class by its name.
pub(crate) fn class_index(classes: &[String]) -> std::collections::HashMap<&str, u32> {
    classes
        .iter()
        .zip(0..)
        .map(|(name, number)| (name.as_str(), number))
        .collect()
}

/// The distinct labels, sorted: as numbers if all of them are numbers (`2` before `10`), else as strings.
pub(crate) fn sorted_classes<'a>(labels: impl Iterator<Item = &'a str>) -> Vec<String> {
    let distinct: BTreeSet<&str> = labels.collect();
    let value = |label: &str| label.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    let mut classes: Vec<&str> = distinct.into_iter().collect();
    if classes.iter().all(|label| value(label).is_some()) {
        classes.sort_by(|a, b| value(a).partial_cmp(&value(b)).unwrap_or(Ordering::Equal));
    }
    classes.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn check(labels: &[&str], expected: &[&str]) {
        assert_eq!(sorted_classes(labels.iter().copied()), expected);
    }

    #[test]
    fn sorts_names_as_names_and_numbers_as_numbers() {
        check(&["pos", "neg", "pos"], &["neg", "pos"]);
        check(&["10", "9", "-1", "2.5"], &["-1", "2.5", "9", "10"]);
        check(&["10", "9", "x"], &["10", "9", "x"]);
        check(&[], &[]);
    }

    #[test]
    fn names_the_line_of_a_label_that_is_no_class() {
        let document = RawDocument {
            text: "t".into(),
            label: Some("maybe".into()),
            line: 7,
        };
        let error = number_labels(
            vec![document],
            Some(&["no".into(), "yes".into()]),
            "a.csv".as_ref(),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.csv, line 7: expected a label among `no`, `yes`, found `maybe`; correct the label or add the class"
        );
    }
}
