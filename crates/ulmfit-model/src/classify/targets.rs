//! What a batch of documents is labelled with.

/// The truth for a batch of documents.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a> {
    /// The class of each document.
    SingleLabel(&'a [u32]),
    /// The classes of each document, in any order.
    MultiLabel(&'a [Vec<u32>]),
    /// The numbers of each document, one for each output.
    Regression(&'a [Vec<f32>]),
}

impl Targets<'_> {
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

    /// The kind in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::SingleLabel(_) => "one class for each document",
            Self::MultiLabel(_) => "a list of classes for each document",
            Self::Regression(_) => "numbers for each document",
        }
    }
}

macro_rules! targets_from {
    ($variant:ident, $item:ty) => {
        impl<'a> From<&'a [$item]> for Targets<'a> {
            fn from(all: &'a [$item]) -> Self {
                Self::$variant(all)
            }
        }

        impl<'a> From<&'a Vec<$item>> for Targets<'a> {
            fn from(all: &'a Vec<$item>) -> Self {
                Self::$variant(all)
            }
        }

        impl<'a, const N: usize> From<&'a [$item; N]> for Targets<'a> {
            fn from(all: &'a [$item; N]) -> Self {
                Self::$variant(all)
            }
        }
    };
}

targets_from!(SingleLabel, u32);
targets_from!(MultiLabel, Vec<u32>);
targets_from!(Regression, Vec<f32>);
