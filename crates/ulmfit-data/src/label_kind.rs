//! From the label field of a file to labels: which kind it holds, and its text as classes or numbers.

use std::collections::HashMap;
use std::path::Path;

use crate::classes::{class_index, sorted_classes};
use crate::error::quoted;
use crate::source::RawDocument;
use crate::{Corpus, Document, Error, Label, Result};

/// The largest number that a label may be: its square, which is the loss, has room in single precision.
const LARGEST: f32 = 1e15;

/// What the label field of a file holds.
///
/// | kind | field | empty field | fastai |
/// |---|---|---|---|
/// | `Class` (default) | the name of one class | an unlabeled document | `CategoryBlock` |
/// | `Set` | names of classes with a delimiter between them | a document of no class | `MultiCategoryBlock`, `label_delim` |
/// | `Number` | a number, such as `3.5` or `-1e3` | an error | `RegressionBlock` |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LabelKind {
    /// The name of a class.
    #[default]
    Class,
    /// Names of classes. Space around a name does not count, a name that comes twice counts once, and an empty one between
    /// two delimiters is an error.
    ///
    /// Deviation: to fastai the empty name is a class, and space is part of a name.
    Set {
        /// What stands between two names; not empty.
        delimiter: String,
    },
    /// A finite number, from -1e15 to 1e15.
    Number,
}

impl LabelKind {
    /// Several classes with this between their names.
    ///
    /// ```
    /// use ulmfit_data::LabelKind;
    /// assert_eq!(LabelKind::set(";"), LabelKind::Set { delimiter: ";".into() });
    /// ```
    pub fn set(delimiter: impl Into<String>) -> Self {
        Self::Set {
            delimiter: delimiter.into(),
        }
    }

    /// Whether an empty field says something; otherwise its document is unlabeled.
    pub(crate) fn reads_empty(&self) -> bool {
        match self {
            Self::Class => false,
            Self::Set { .. } | Self::Number => true,
        }
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Set { delimiter } if delimiter.is_empty() => Err(Error::Setting {
                name: "delimiter",
                expected: "what stands between two classes, such as `;`",
                found: "nothing".into(),
            }),
            _ => Ok(()),
        }
    }
}

/// All that is known beforehand of a file's labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelField<'a> {
    pub(crate) kind: &'a LabelKind,
    /// The classes that were given; without them those that occur.
    pub(crate) classes: Option<&'a [String]>,
    /// What the file calls the field, where it has a name.
    pub(crate) name: Option<&'a str>,
    pub(crate) file: &'a Path,
}

impl<'a> LabelField<'a> {
    /// The field of a file in which labels are names of classes.
    pub(crate) fn of_classes(classes: Option<&'a [String]>, file: &'a Path) -> Self {
        Self {
            kind: &LabelKind::Class,
            classes,
            name: None,
            file,
        }
    }

    /// The corpus of `documents`.
    pub(crate) fn corpus(&self, documents: Vec<RawDocument>) -> Result<Corpus> {
        let classes = self.names(&documents)?;
        let reader = LabelReader::new(*self, &classes)?;
        let read = |document: RawDocument| {
            Ok(Document {
                label: reader.read(&document)?,
                text: document.text,
            })
        };
        let documents = documents
            .into_iter()
            .map(read)
            .collect::<Result<Vec<_>>>()?;
        Corpus::new(documents, classes)
    }

    /// The names of the classes or of the number.
    fn names(&self, documents: &[RawDocument]) -> Result<Vec<String>> {
        let fields = || documents.iter().filter_map(|d| d.label.as_deref());
        Ok(match (self.classes, self.kind) {
            (Some(given), LabelKind::Number) if given.len() != 1 => {
                return Err(Error::Setting {
                    name: "classes",
                    expected: "one name for a number",
                    found: quoted(given),
                });
            }
            (Some(given), _) => given.to_vec(),
            (None, LabelKind::Class) => sorted_classes(fields()),
            (None, LabelKind::Set { delimiter }) => {
                self.kind.check()?;
                let names = fields().flat_map(|text| names_in(text, delimiter));
                sorted_classes(names.filter(|name| !name.is_empty()))
            }
            (None, LabelKind::Number) => vec![self.name.unwrap_or("value").to_owned()],
        })
    }
}

/// Reads the labels of one file over a list of classes.
pub(crate) struct LabelReader<'a> {
    field: LabelField<'a>,
    classes: &'a [String],
    index: HashMap<&'a str, u32>,
}

impl<'a> LabelReader<'a> {
    pub(crate) fn new(field: LabelField<'a>, classes: &'a [String]) -> Result<Self> {
        field.kind.check()?;
        let index = class_index(classes);
        Ok(Self {
            field,
            classes,
            index,
        })
    }

    /// The label of a document, or none for an unlabeled one.
    pub(crate) fn read(&self, document: &RawDocument) -> Result<Option<Label>> {
        let Some(text) = document.label.as_deref() else {
            return Ok(None);
        };
        let at = || format!("{}, line {}", self.field.file.display(), document.line);
        let label = match self.field.kind {
            LabelKind::Class => Label::Class(self.class(text, at)?),
            LabelKind::Set { delimiter } => {
                let names: Vec<&str> = names_in(text, delimiter).collect();
                if names.contains(&"") {
                    return Err(Error::LabelText {
                        at: at(),
                        expected: format!("names of classes with `{delimiter}` between them"),
                        found: format!("an empty name in `{text}`"),
                    });
                }
                let set = names.into_iter().map(|name| self.class(name, at));
                let mut set = set.collect::<Result<Vec<_>>>()?;
                set.sort_unstable();
                set.dedup();
                Label::Set(set)
            }
            LabelKind::Number => match text.trim().parse::<f32>() {
                Ok(value) if value.abs() <= LARGEST => Label::from(value),
                other => {
                    let large = other.is_ok_and(f32::is_finite);
                    return Err(Error::LabelText {
                        at: at(),
                        expected: match large {
                            true => {
                                format!("a number from -{LARGEST:e} to {LARGEST:e} as the label")
                            }
                            false => "a finite number as the label".into(),
                        },
                        found: match text.trim() {
                            "" => "nothing".into(),
                            text => format!("`{text}`"),
                        },
                    });
                }
            },
        };
        Ok(Some(label))
    }

    fn class(&self, name: &str, at: impl Fn() -> String) -> Result<u32> {
        let known = self.index.get(name).copied();
        known.ok_or_else(|| Error::UnknownLabel {
            at: at(),
            found: name.to_owned(),
            classes: quoted(self.classes),
        })
    }
}

/// The names in a field; none in an empty one.
fn names_in<'a>(text: &'a str, delimiter: &'a str) -> impl Iterator<Item = &'a str> {
    let text = text.trim();
    let names = text.split(delimiter).map(str::trim);
    names.filter(move |_| !text.is_empty())
}
