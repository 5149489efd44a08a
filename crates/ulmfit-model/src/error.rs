//! What can go wrong with a model: its configuration and its file.

use std::path::{Path, PathBuf};

/// An error of this crate. Every message names the file or field, what was expected, what was found and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field of a configuration has a value that no model can have.
    #[error("field `{field}`: expected {expected}, found {found}")]
    Config {
        /// The field.
        field: &'static str,
        /// What it may be.
        expected: String,
        /// What it was.
        found: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}; check that the path exists and can be {verb}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read` or `written`.
        verb: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file is not a model file, or not one that this version reads.
    #[error("{}: {part}: expected {expected}, found {found}; {remedy}", path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// The part of the file.
        part: String,
        /// What it should hold.
        expected: String,
        /// What it holds.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A text part of the model (rules, vocabulary) is not valid.
    #[error(transparent)]
    Text(#[from] ulmfit_text::Error),
}

/// What to do about a file that is not whole.
pub(crate) const DAMAGED: &str = "the file is damaged or incomplete: copy or save it again";

impl Error {
    /// A field of a configuration that has a wrong value.
    pub(crate) fn config(
        field: &'static str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Config {
            field,
            expected: expected.into(),
            found: found.to_string(),
        }
    }

    /// A part of a model file that is not as it should be.
    pub(crate) fn file(
        path: &Path,
        part: impl Into<String>,
        expected: impl Into<String>,
        found: impl ToString,
        remedy: &'static str,
    ) -> Self {
        Self::ModelFile {
            path: path.to_owned(),
            part: part.into(),
            expected: expected.into(),
            found: found.to_string(),
            remedy,
        }
    }

    /// For `map_err`: this file could not be read.
    pub(crate) fn unread(path: &Path) -> impl Fn(std::io::Error) -> Self {
        Self::io(path, "read")
    }

    /// For `map_err`: this file could not be written.
    pub(crate) fn unwritten(path: &Path) -> impl Fn(std::io::Error) -> Self {
        Self::io(path, "written")
    }

    fn io(path: &Path, verb: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io {
            path: path.to_owned(),
            verb,
            source,
        }
    }
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
