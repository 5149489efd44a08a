//! The language model that a run begins with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use burn::tensor::Device;
use ulmfit_model::TextLanguageModel;

use crate::error::Result;

/// The language model that a run begins with. By name: `none`, `english` where it is built in, or a file.
///
/// ```
/// use ulmfit_train::Pretrained;
/// assert!(matches!("none".parse(), Ok(Pretrained::None)));
/// assert!(matches!("wiki.safetensors".parse(), Ok(Pretrained::File(_))));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pretrained {
    /// A new one, from scratch.
    #[default]
    None,
    /// The English one that comes with this library: 200/512/3, 20,000 words, trained on Wikipedia. Feature `english`.
    #[cfg(feature = "english")]
    English,
    /// A model's file.
    File(PathBuf),
}

impl Pretrained {
    /// The English model that comes with this library.
    ///
    /// ```no_run
    /// # use ulmfit_train::{Pretrained, Ulmfit};
    /// let run = Ulmfit::builder().pretrained(Pretrained::english());
    /// # let _ = run;
    /// ```
    #[cfg(feature = "english")]
    pub fn english() -> Self {
        Self::English
    }

    /// Whether there is one.
    pub fn is_some(&self) -> bool {
        *self != Self::None
    }

    /// Reads the model; `None` where a run begins from scratch.
    ///
    /// # Errors
    /// As [`TextLanguageModel::load`].
    pub fn load(&self, device: &Device) -> Result<Option<TextLanguageModel>> {
        Ok(match self {
            Self::None => None,
            #[cfg(feature = "english")]
            Self::English => Some(TextLanguageModel::from_bytes(ulmfit_english::BASE, device)?),
            Self::File(path) => Some(TextLanguageModel::load(path, device)?),
        })
    }
}

impl fmt::Display for Pretrained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            #[cfg(feature = "english")]
            Self::English => f.write_str("english"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl FromStr for Pretrained {
    type Err = String;

    /// Returns what the name stands for. A file called `none` or `english` is `./none` or `./english`.
    ///
    /// # Errors
    /// For `english` where it is not built in.
    fn from_str(name: &str) -> std::result::Result<Self, String> {
        match name {
            "none" => Ok(Self::None),
            #[cfg(feature = "english")]
            "english" => Ok(Self::English),
            #[cfg(not(feature = "english"))]
            "english" => Err(
                "the English model is not built in: build with `--features english`, or name a file"
                    .to_owned(),
            ),
            path => Ok(Self::File(path.into())),
        }
    }
}

impl From<PathBuf> for Pretrained {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Pretrained {
    /// A file's path, whatever its name.
    fn from(path: &P) -> Self {
        Self::File(path.as_ref().to_owned())
    }
}
