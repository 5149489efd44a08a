//! What is known of a document: its class, its classes, or numbers. Another kind of truth is a variant here and an arm
//! wherever this file matches; the other files of this crate do not look inside.

use std::fmt;

use crate::error::quoted;
use crate::{Error, Result};

/// What is known of one document.
///
/// Whole numbers are classes, lists of them sets, and fractions values:
///
/// ```
/// use ulmfit_data::Label;
/// assert_eq!(Label::from(1), Label::SingleLabel(1));
/// assert_eq!(Label::from(vec![0, 2]), Label::MultiLabel(vec![0, 2]));
/// assert_eq!(Label::from(3.5), Label::Regression(vec![3.5]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// Its class, an index into [`Corpus::classes`](crate::Corpus::classes).
    SingleLabel(u32),
    /// Its classes, in any order; none for a document that is known to be of no class.
    MultiLabel(Vec<u32>),
    /// Its numbers, one for each name in [`Corpus::classes`](crate::Corpus::classes).
    Regression(Vec<f32>),
}

/// What is known of each of several documents, all of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// The class of each document.
    SingleLabel(Vec<u32>),
    /// The classes of each document.
    MultiLabel(Vec<Vec<u32>>),
    /// The numbers of each document.
    Regression(Vec<Vec<f32>>),
}

macro_rules! label_from {
    ($($item:ty => $kind:ident;)*) => {$(
        impl From<$item> for Label {
            fn from(item: $item) -> Self {
                Self::$kind(item)
            }
        }

        impl From<Vec<$item>> for Labels {
            fn from(items: Vec<$item>) -> Self {
                Self::$kind(items)
            }
        }
    )*};
}

label_from! {
    u32 => SingleLabel;
    Vec<u32> => MultiLabel;
    Vec<f32> => Regression;
}

impl From<f32> for Label {
    fn from(value: f32) -> Self {
        Self::Regression(vec![value])
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SingleLabel(class) => write!(f, "{class}"),
            Self::MultiLabel(classes) => write!(f, "{classes:?}"),
            Self::Regression(values) => write!(f, "{values:?}"),
        }
    }
}

impl Label {
    /// Succeeds if the label belongs to these classes; `at` says whose it is.
    pub(crate) fn check(&self, at: impl Fn() -> String, classes: &[String]) -> Result<()> {
        let outside = |class: &u32| *class as usize >= classes.len();
        let unknown = match self {
            Self::SingleLabel(class) => Some(class).filter(|class| outside(class)),
            Self::MultiLabel(set) => set.iter().find(|class| outside(class)),
            Self::Regression(values) => {
                if values.len() == classes.len() && values.iter().all(|value| value.is_finite()) {
                    return Ok(());
                }
                return Err(Error::LabelText {
                    at: at(),
                    expected: format!("a finite number for each of {}", quoted(classes)),
                    found: self.to_string(),
                    remedy: "correct the label or remove the document",
                });
            }
        };
        unknown.map_or(Ok(()), |class| {
            Err(Error::UnknownLabel {
                at: at(),
                found: class.to_string(),
                classes: format!("the {} indices of {}", classes.len(), quoted(classes)),
            })
        })
    }

    /// The label with other numbers for its classes.
    pub(crate) fn renumbered(&self, mut number: impl FnMut(u32) -> Result<u32>) -> Result<Self> {
        Ok(match self {
            Self::SingleLabel(class) => Self::SingleLabel(number(*class)?),
            Self::MultiLabel(set) => {
                Self::MultiLabel(set.iter().map(|&c| number(c)).collect::<Result<_>>()?)
            }
            Self::Regression(values) => Self::Regression(values.clone()),
        })
    }

    /// The classes that it names.
    pub(crate) fn classes(&self) -> &[u32] {
        match self {
            Self::SingleLabel(class) => std::slice::from_ref(class),
            Self::MultiLabel(set) => set,
            Self::Regression(_) => &[],
        }
    }

    /// The class, where there is exactly one by kind.
    pub(crate) fn class(&self) -> Option<u32> {
        match self {
            Self::SingleLabel(class) => Some(*class),
            Self::MultiLabel(_) | Self::Regression(_) => None,
        }
    }

    /// The kind in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::SingleLabel(_) => "one class",
            Self::MultiLabel(_) => "a list of classes",
            Self::Regression(_) => "numbers",
        }
    }

    /// Hands the label to a digest; a class as its number alone.
    pub(crate) fn digest(&self, mut part: impl FnMut(&[u8])) {
        match self {
            Self::SingleLabel(class) => part(&u64::from(*class).to_le_bytes()),
            Self::MultiLabel(set) => {
                part(b"set");
                set.iter().for_each(|class| part(&class.to_le_bytes()));
            }
            Self::Regression(values) => {
                part(b"values");
                values.iter().for_each(|value| part(&value.to_le_bytes()));
            }
        }
    }
}

impl Labels {
    /// The labels of documents, of which each needs one, all of the first one's kind; `at` says where a document is.
    pub(crate) fn of<'a>(
        labels: impl Iterator<Item = Option<&'a Label>>,
        at: impl Fn(usize) -> String,
    ) -> Result<Self> {
        let mut all = Self::SingleLabel(Vec::new());
        for (document, label) in labels.enumerate() {
            let label = label.ok_or_else(|| Error::Unlabeled { at: at(document) })?;
            match (&mut all, label) {
                (Self::SingleLabel(all), Label::SingleLabel(class)) => all.push(*class),
                (Self::MultiLabel(all), Label::MultiLabel(set)) => all.push(set.clone()),
                (Self::Regression(all), Label::Regression(values)) => all.push(values.clone()),
                (first, label) if document == 0 => {
                    *first = match label {
                        Label::SingleLabel(class) => Self::SingleLabel(vec![*class]),
                        Label::MultiLabel(set) => Self::MultiLabel(vec![set.clone()]),
                        Label::Regression(values) => Self::Regression(vec![values.clone()]),
                    }
                }
                (all, label) => {
                    return Err(Error::LabelKind {
                        at: at(document),
                        expected: all.kind(),
                        found: label.kind(),
                    });
                }
            }
        }
        Ok(all)
    }

    /// The number of documents.
    pub fn len(&self) -> usize {
        match self {
            Self::SingleLabel(all) => all.len(),
            Self::MultiLabel(all) => all.len(),
            Self::Regression(all) => all.len(),
        }
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of each document, where each is of one class.
    pub fn classes(&self) -> Option<&[u32]> {
        match self {
            Self::SingleLabel(all) => Some(all),
            Self::MultiLabel(_) | Self::Regression(_) => None,
        }
    }

    /// The labels of these documents, in this order.
    ///
    /// # Panics
    /// If there is no such document.
    pub(crate) fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::SingleLabel(all) => Self::SingleLabel(rows.iter().map(|&row| all[row]).collect()),
            Self::MultiLabel(all) => {
                Self::MultiLabel(rows.iter().map(|&row| all[row].clone()).collect())
            }
            Self::Regression(all) => {
                Self::Regression(rows.iter().map(|&row| all[row].clone()).collect())
            }
        }
    }

    /// Hands all labels to a digest; classes as their numbers alone.
    pub(crate) fn digest(&self, mut bytes: impl FnMut(&[u8])) {
        match self {
            Self::SingleLabel(all) => all.iter().for_each(|class| bytes(&class.to_le_bytes())),
            Self::MultiLabel(all) => {
                bytes(b"sets");
                for set in all {
                    bytes(&(set.len() as u64).to_le_bytes());
                    set.iter().for_each(|class| bytes(&class.to_le_bytes()));
                }
            }
            Self::Regression(all) => {
                bytes(b"values");
                for row in all {
                    bytes(&(row.len() as u64).to_le_bytes());
                    row.iter().for_each(|value| bytes(&value.to_le_bytes()));
                }
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::SingleLabel(_) => "one class",
            Self::MultiLabel(_) => "a list of classes",
            Self::Regression(_) => "numbers",
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn labels_are_gathered_by_their_kind() {
        let at = |document| format!("document {document}");
        let of = |labels: &[Label]| Labels::of(labels.iter().map(Some), at);
        assert_eq!(of(&[]).unwrap(), Labels::SingleLabel(vec![]));
        assert_eq!(of(&[1.into(), 0.into()]).unwrap(), vec![1, 0].into());
        let sets = [vec![2], vec![]];
        assert_eq!(
            of(&sets.clone().map(Label::from)).unwrap(),
            sets.to_vec().into()
        );
        let values = of(&[1.5.into(), (-2.0).into()]).unwrap();
        assert_eq!(values, vec![vec![1.5], vec![-2.0]].into());
        assert_eq!(values.pick(&[1]), vec![vec![-2.0]].into());
        let error = of(&[1.into(), 0.5.into()]).unwrap_err().to_string();
        assert_eq!(
            error,
            "document 1: expected one class as in the documents before it, found numbers; give all documents one kind of \
             label"
        );
        let error = Labels::of([None].into_iter(), at).unwrap_err().to_string();
        assert!(
            error.starts_with("document 0: expected a label, found none"),
            "{error}"
        );
    }

    #[test]
    fn equal_digests_need_equal_labels() {
        let digest = |labels: Labels| {
            let mut all = Vec::new();
            labels.digest(|bytes| all.extend_from_slice(bytes));
            all
        };
        let sets = |sets: [&[u32]; 2]| digest(sets.map(<[u32]>::to_vec).to_vec().into());
        assert_eq!(sets([&[1, 2], &[]]), sets([&[1, 2], &[]]));
        assert_ne!(sets([&[1, 2], &[]]), sets([&[1], &[2]]));
        assert_ne!(
            sets([&[0], &[0]]),
            digest(vec![vec![0.0], vec![0.0]].into())
        );
    }
}
