//! What can go wrong before a query runs.

use std::path::PathBuf;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why models could not be made ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read to take its digest.
    #[error("cannot read {}: {source}; name a model file of `ulmfit train`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no classifier or regression.
    #[error("{}: {source}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ulmfit::model::Error,
    },
    /// Two models have one name.
    #[error("two models are called `{name}`; give each its own name")]
    Twice {
        /// The name.
        name: String,
    },
    /// A name that a query could not hold.
    #[error(
        "a model cannot be called `{name}`: expected a name of at least one character without `@`"
    )]
    Name {
        /// The name.
        name: String,
    },
}
