//! What is wrong with a file, before its path is known.

use std::path::Path;

use crate::error::{DAMAGED, Error};

pub(super) const UNKNOWN: &str =
    "nothing in the file has been run; take one that holds only weights or only a vocabulary";

/// An [`Error::ModelFile`] without its path.
#[derive(Debug)]
pub(super) struct Fault {
    part: String,
    expected: String,
    found: String,
    remedy: &'static str,
}

impl Fault {
    pub(super) fn new(
        part: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self {
            part: part.into(),
            expected: expected.into(),
            found: found.into(),
            remedy,
        }
    }

    pub(super) fn damaged(
        part: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::new(part, expected, found, DAMAGED)
    }

    /// The error of a file.
    pub(super) fn at(self, path: &Path) -> Error {
        Error::file(path, self.part, self.expected, self.found, self.remedy)
    }
}
