//! What can go wrong: one enum for the crate.

use std::path::PathBuf;

/// An error of this crate; the message names the file or field, what was expected and what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that is not in a registry, such as an unknown rule preset.
    #[error("unknown {what} `{found}`: expected one of {expected}")]
    UnknownName {
        /// What kind of thing was named.
        what: &'static str,
        /// The name that was given.
        found: String,
        /// The valid names, separated by commas.
        expected: String,
    },
    /// A list of tokens that is no vocabulary.
    #[error("vocabulary entry {id}: expected {expected}, found `{found}`; {remedy}")]
    Vocab {
        /// Where in the list.
        id: usize,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A file that could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// Which step failed.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file that is no vocabulary: not a JSON list of strings, or a list that breaks its rules.
    #[error("{} is no vocabulary: expected a json list of tokens: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// A file or text that holds no subword model.
    #[error("{origin} is no subword model: expected {expected}, found {found}")]
    SubwordModel {
        /// The file, or what else was read.
        origin: String,
        /// What it should hold.
        expected: &'static str,
        /// What it holds.
        found: String,
    },
    /// Texts or settings that no subword model can be learned from.
    #[error("cannot learn subwords: expected {expected}, found {found}; {remedy}")]
    SubwordTraining {
        /// What is needed.
        expected: String,
        /// What is there.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;
