//! From labels as they are written to labels: which kind a field holds, and its text as classes or numbers.

use std::collections::HashMap;

use crate::classes::{class_index, sorted_classes};
use crate::columns::Column;
use crate::corpus::Corpus;
use crate::document::{Document, Place, RawDocument, RawLabel};
use crate::error::quoted;
use crate::labels::Label;
use crate::{Error, Result};

/// The largest number that a label may be: its square, which is the loss, has room in single precision.
const LARGEST: f32 = 1e15;

/// What the label field of a file holds.
///
/// | kind | field | empty field | fastai |
/// |---|---|---|---|
/// | `SingleLabel` (default) | the name of one class | an unlabeled document | `CategoryBlock` |
/// | `MultiLabel` | names of classes with a delimiter between them, or a list | a document of no class | `MultiCategoryBlock`, `label_delim` |
/// | `Regression` | a number, such as `3.5` or `-1e3` | an unlabeled document | `RegressionBlock` |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LabelKind {
    /// The name of a class.
    #[default]
    SingleLabel,
    /// Names of classes, as a list or as text. Space around a name does not count, a name that comes twice counts once,
    /// and an empty one between two delimiters is an error.
    ///
    /// Deviation: to fastai the empty name is a class, and space is part of a name.
    MultiLabel {
        /// What stands between two names; not empty.
        delimiter: String,
    },
    /// A finite number, from -1e15 to 1e15.
    Regression,
}

impl LabelKind {
    /// Several classes with this between their names.
    ///
    /// ```
    /// use ulmfit_data::LabelKind;
    /// assert_eq!(LabelKind::multi_label(";"), LabelKind::MultiLabel { delimiter: ";".into() });
    /// ```
    pub fn multi_label(delimiter: impl Into<String>) -> Self {
        Self::MultiLabel {
            delimiter: delimiter.into(),
        }
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::MultiLabel { delimiter } if delimiter.is_empty() => Err(Error::setting(
                "delimiter",
                "what stands between two classes, such as `;`",
                "nothing",
            )),
            _ => Ok(()),
        }
    }
}

/// What stands for no label unless a source says otherwise: what pandas and data bases write for a missing value.
pub(crate) const MISSING: [&str; 13] = [
    "nan", "NaN", "NAN", "null", "NULL", "Null", "None", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaT",
];

/// All that is known beforehand of the labels of a source.
pub(crate) struct LabelNames<'a> {
    pub(crate) kind: &'a LabelKind,
    /// The classes that were given; without them those that occur.
    pub(crate) classes: Option<&'a [String]>,
    /// The column.
    pub(crate) name: Option<&'a Column>,
}

impl LabelNames<'_> {
    /// The corpus of `documents`, which remembers where they stand.
    pub(crate) fn corpus(&self, documents: Vec<RawDocument>) -> Result<Corpus> {
        self.kind.check()?;
        let classes = self.names(&documents)?;
        let index = class_index(&classes);
        let reader = LabelReader {
            kind: self.kind,
            given: self.classes.is_some(),
            classes: &classes,
            index,
        };
        let read = |document: RawDocument| {
            let label = match &document.label {
                Some(label) => Some(reader.read(label, &document.place)?),
                None => None,
            };
            let text = document.text;
            Ok((Document { text, label }, document.place))
        };
        let (documents, places) = documents
            .into_iter()
            .map(read)
            .collect::<Result<(Vec<_>, Vec<_>)>>()?;
        Ok(Corpus::new(documents, classes)?.with_places(places))
    }

    /// The names of the classes or of the number.
    fn names(&self, documents: &[RawDocument]) -> Result<Vec<String>> {
        let labels = || documents.iter().filter_map(|d| d.label.as_ref());
        Ok(match (self.classes, self.kind) {
            (Some(given), LabelKind::Regression) if given.len() != 1 => {
                return Err(Error::setting(
                    "classes",
                    "one name for a number",
                    quoted(given),
                ));
            }
            (Some(given), _) => given.to_vec(),
            (None, LabelKind::SingleLabel) => {
                sorted_classes(labels().filter_map(|label| match label {
                    RawLabel::Text(name) => Some(name.as_str()),
                    RawLabel::List(_) => None,
                }))
            }
            (None, LabelKind::MultiLabel { delimiter }) => {
                let names = labels().flat_map(|label| names_in(label, delimiter));
                sorted_classes(names.filter(|name| !name.is_empty()))
            }
            (None, LabelKind::Regression) => vec![match self.name {
                Some(Column::Name(name)) => name.clone(),
                _ => "value".to_owned(),
            }],
        })
    }
}

/// Reads labels over a list of classes.
struct LabelReader<'a> {
    kind: &'a LabelKind,
    /// Whether the classes were given: any of them may look like a list.
    given: bool,
    classes: &'a [String],
    index: HashMap<&'a str, u32>,
}

impl LabelReader<'_> {
    fn read(&self, label: &RawLabel, place: &Place) -> Result<Label> {
        let wrong = |expected: &str, found: String, remedy| Error::LabelText {
            at: place.to_string(),
            expected: expected.to_owned(),
            found,
            remedy,
        };
        match (self.kind, label) {
            (LabelKind::SingleLabel, RawLabel::Text(name)) if self.is_name(name) => {
                Ok(Label::SingleLabel(self.class(name, place)?))
            }
            (LabelKind::SingleLabel, _) => Err(wrong(
                "one class",
                "a list".into(),
                "say that a document has several classes (--label-delimiter), or name another column",
            )),
            (LabelKind::MultiLabel { delimiter }, label) => {
                let names = names_in(label, delimiter);
                if names.contains(&"") {
                    let expected = match label {
                        RawLabel::Text(_) => {
                            format!("names of classes with `{delimiter}` between them")
                        }
                        RawLabel::List(_) => "names of classes".to_owned(),
                    };
                    return Err(wrong(&expected, "an empty name".into(), CORRECT));
                }
                let set = names.into_iter().map(|name| self.class(name, place));
                let mut set = set.collect::<Result<Vec<_>>>()?;
                set.sort_unstable();
                set.dedup();
                Ok(Label::MultiLabel(set))
            }
            (LabelKind::Regression, RawLabel::Text(text)) => match text.parse::<f32>() {
                Ok(value) if value.abs() <= LARGEST => Ok(Label::from(value)),
                Ok(value) if value.is_finite() => Err(wrong(
                    &format!("a number from -{LARGEST:e} to {LARGEST:e} as the label"),
                    format!("`{text}`"),
                    CORRECT,
                )),
                _ => Err(wrong(
                    "a finite number as the label",
                    format!("`{text}`"),
                    CORRECT,
                )),
            },
            (LabelKind::Regression, RawLabel::List(_)) => Err(wrong(
                "a finite number as the label",
                "a list".into(),
                CORRECT,
            )),
        }
    }

    /// Whether a label is the name of a class and no list of names.
    fn is_name(&self, name: &str) -> bool {
        list_in(name).is_none() || self.given && self.index.contains_key(name)
    }

    fn class(&self, name: &str, place: &Place) -> Result<u32> {
        let known = self.index.get(name).copied();
        known.ok_or_else(|| Error::UnknownLabel {
            at: place.to_string(),
            found: name.to_owned(),
            classes: quoted(self.classes),
        })
    }
}

/// What to do about a label that is not what it should be.
pub(crate) const CORRECT: &str = "correct the label or remove the document";

/// The names in a label; none in an empty one.
fn names_in<'a>(label: &'a RawLabel, delimiter: &str) -> Vec<&'a str> {
    match label {
        RawLabel::List(names) => names.iter().map(|name| name.trim()).collect(),
        RawLabel::Text(text) if text.trim().is_empty() => Vec::new(),
        RawLabel::Text(text) => {
            list_in(text).unwrap_or_else(|| text.split(delimiter).map(str::trim).collect())
        }
    }
}

/// The names in a list that Python or JSON has written as text: `['a', 'b']`, `["a"]`, `[]`.
fn list_in(text: &str) -> Option<Vec<&str>> {
    let mut rest = text.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    let mut names = Vec::new();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (name, behind) = rest[1..].split_once(quote)?;
        names.push(name.trim());
        rest = match behind.trim_start().strip_prefix(',') {
            Some(behind) => behind.trim_start(),
            None if behind.trim().is_empty() => "",
            None => return None,
        };
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_as_text() {
        assert_eq!(list_in("['a', \"b c\",'d']"), Some(vec!["a", "b c", "d"]));
        assert_eq!(list_in(" [ ] "), Some(vec![]));
        for text in ["a", "[a]", "['a' b]", "['a", "[deleted]", "['a', b]", ""] {
            assert_eq!(list_in(text), None, "{text}");
        }
    }
}
