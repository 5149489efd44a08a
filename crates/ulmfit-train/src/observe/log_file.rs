//! A text file that is written line by line and survives a killed run up to its last line.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
}

impl LogFile {
    /// A new file in place of one that may be there.
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        Self::open(path, &options)
    }

    /// The file that is there, or a new one; and whether it is empty.
    pub(super) fn append(path: PathBuf) -> Result<(Self, bool)> {
        let log = Self::open(path, OpenOptions::new().append(true).create(true))?;
        let empty = log.file.metadata().map(|about| about.len() == 0);
        let empty = empty.map_err(|source| log.error(source))?;
        Ok((log, empty))
    }

    /// Writes a line at once, so that a reader never sees a part of it.
    pub(super) fn line(&mut self, text: &str) -> Result<()> {
        let line = format!("{text}\n");
        let written = self
            .file
            .write_all(line.as_bytes())
            .and_then(|()| self.file.flush());
        written.map_err(|source| self.error(source))
    }

    fn open(path: PathBuf, options: &OpenOptions) -> Result<Self> {
        match options.open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(Error::Log { path, source }),
        }
    }

    fn error(&self, source: std::io::Error) -> Error {
        let path = self.path.clone();
        Error::Log { path, source }
    }
}
