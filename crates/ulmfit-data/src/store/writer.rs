//! Writing a token store while its ids are made: what is kept in memory is 8 bytes a document.

use std::io::{BufWriter, Result as IoResult, Write};
use std::path::Path;

use ulmfit_text::BesideFile;

use super::layout::{Footer, IDS_AT, MAGIC, MOST_DOCUMENTS, VERSION, Width};
use crate::input::io_error;
use crate::{Error, Result};

/// A token store that is not finished: a file beside the target's name.
pub(super) struct Writer<'a> {
    file: BufWriter<BesideFile>,
    path: &'a Path,
    width: Width,
    tokens: u64,
    ends: Vec<u64>,
}

impl<'a> Writer<'a> {
    pub(super) fn create(path: &'a Path, width: Width) -> Result<Self> {
        let file = BesideFile::create(path).map_err(|e| io_error("write", path, e))?;
        let mut this = Self {
            file: BufWriter::with_capacity(1 << 20, file),
            path,
            width,
            tokens: 0,
            ends: Vec::new(),
        };
        this.write(MAGIC)?;
        Ok(this)
    }

    /// Appends a document whose ids are bytes already.
    pub(super) fn push(&mut self, ids: &[u8]) -> Result<()> {
        self.write(ids)?;
        self.tokens += (ids.len() / self.width.bytes()) as u64;
        self.ends.push(self.tokens);
        if self.ends.len() as u64 <= MOST_DOCUMENTS {
            return Ok(());
        }
        let expected = format!("at most {MOST_DOCUMENTS} documents");
        let remedy = "make several token stores";
        Err(Error::layout(self.path, expected, "more", remedy))
    }

    /// Writes what stands behind the ids and gives the file its name.
    pub(super) fn finish(mut self, vocabulary: usize, fingerprint: String) -> Result<()> {
        let footer = Footer {
            version: VERSION,
            width: self.width.bytes(),
            documents: self.ends.len() as u64,
            tokens: self.tokens,
            vocabulary: vocabulary as u64,
            labels: false,
            classes: Vec::new(),
            fingerprint,
        };
        let ids = IDS_AT as u64 + self.tokens * self.width.bytes() as u64;
        let path = self.path;
        let write = |file: &mut BufWriter<BesideFile>| -> IoResult<()> {
            file.write_all(&vec![0; (ids.next_multiple_of(8) - ids) as usize])?;
            for end in &self.ends {
                file.write_all(&end.to_le_bytes())?;
            }
            let footer = serde_json::to_vec(&footer)?;
            file.write_all(&footer)?;
            file.write_all(&(footer.len() as u64).to_le_bytes())?;
            file.write_all(MAGIC)
        };
        write(&mut self.file)
            .and_then(|()| self.file.into_inner().map_err(|e| e.into_error()))
            .and_then(BesideFile::commit)
            .map_err(|e| io_error("write", path, e))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|e| io_error("write", self.path, e))
    }
}
