//! Writing a token store while its ids are made: what is kept in memory is 12 bytes a document.

use std::collections::HashMap;
use std::io::{BufWriter, Result as IoResult, Write};
use std::path::Path;

use ulmfit_text::BesideFile;

use super::layout::{Footer, IDS_AT, MAGIC, NO_LABEL, VERSION, Width};
use crate::classes::sorted_classes;
use crate::input::io_error;
use crate::{Error, Result};

/// A token store that is not finished: a file beside the target's name.
pub(super) struct Writer<'a> {
    file: BufWriter<BesideFile>,
    path: &'a Path,
    width: Width,
    tokens: u64,
    ends: Vec<u64>,
    /// Each document's label as a number by first occurrence.
    labels: Vec<u32>,
    names: HashMap<String, u32>,
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
            labels: Vec::new(),
            names: HashMap::new(),
        };
        this.write(MAGIC)?;
        Ok(this)
    }

    /// Appends a document whose ids are bytes already.
    pub(super) fn push(&mut self, ids: &[u8], label: Option<String>) -> Result<()> {
        self.write(ids)?;
        self.tokens += (ids.len() / self.width.bytes()) as u64;
        self.ends.push(self.tokens);
        let next = self.names.len() as u32;
        self.labels.push(match label {
            Some(name) => *self.names.entry(name).or_insert(next),
            None => NO_LABEL,
        });
        if self.ends.len() >= NO_LABEL as usize {
            return Err(Error::Layout {
                path: self.path.to_owned(),
                expected: format!("fewer than {NO_LABEL} documents"),
                found: "more".into(),
                remedy: "make several token stores",
            });
        }
        Ok(())
    }

    /// Writes what stands behind the ids and gives the file its name.
    pub(super) fn finish(
        mut self,
        vocabulary: usize,
        classes: Option<&[String]>,
        fingerprint: String,
    ) -> Result<()> {
        let known = || sorted_classes(self.names.keys().map(String::as_str));
        let classes = classes.map_or_else(known, <[String]>::to_vec);
        let labels = (!self.names.is_empty()).then(|| self.numbered(&classes));
        let footer = Footer {
            version: VERSION,
            width: self.width.bytes(),
            documents: self.ends.len() as u64,
            tokens: self.tokens,
            vocabulary: vocabulary as u64,
            labels: labels.is_some(),
            classes,
            fingerprint,
        };
        let ids = IDS_AT as u64 + self.tokens * self.width.bytes() as u64;
        let path = self.path;
        let write = |file: &mut BufWriter<BesideFile>| -> IoResult<()> {
            file.write_all(&vec![0; (ids.next_multiple_of(8) - ids) as usize])?;
            for end in &self.ends {
                file.write_all(&end.to_le_bytes())?;
            }
            for label in labels.iter().flatten() {
                file.write_all(&label.to_le_bytes())?;
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

    /// The labels as indices of `classes`. A label that is none of them was refused where it was read.
    fn numbered(&self, classes: &[String]) -> Vec<u32> {
        let mut number = vec![NO_LABEL; self.names.len()];
        for (class, name) in classes.iter().enumerate() {
            if let Some(&first) = self.names.get(name) {
                number[first as usize] = class as u32;
            }
        }
        let index = |&label: &u32| number.get(label as usize).copied().unwrap_or(NO_LABEL);
        self.labels.iter().map(index).collect()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|e| io_error("write", self.path, e))
    }
}
