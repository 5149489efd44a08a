//! The lines of a text file, one at a time, decompressed and checked to be text.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::decode::{BYTE_ORDER_MARK, decode};
use crate::open::{io_error, open};

/// Lines with their ends.
pub(crate) struct Lines {
    reader: Box<dyn BufRead + Send>,
    path: PathBuf,
    line: u64,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            reader: open(path)?,
            path: path.to_owned(),
            line: 0,
        })
    }

    /// The next line, its number from 1 and its text with the line break; a byte order mark is left out.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, String)>> {
        let mut bytes = Vec::new();
        let n = self.reader.read_until(b'\n', &mut bytes);
        if n.map_err(|e| io_error("read", &self.path, e))? == 0 {
            return Ok(None);
        }
        self.line += 1;
        let mut text = decode(bytes, &self.path, self.line)?;
        if self.line == 1 && text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len_utf8());
        }
        Ok(Some((self.line, text)))
    }
}
