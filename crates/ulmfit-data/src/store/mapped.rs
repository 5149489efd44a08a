//! A token store's file in memory, without reading it: the system brings in the pages that are looked at.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use super::layout::{self, Footer, Width};
use crate::Result;
use crate::input::io_error;

/// A checked token store. Its pages belong to the file, so they cost no memory of the process's own.
#[derive(Debug)]
pub(crate) struct Mapped {
    map: Mmap,
    width: Width,
    n_docs: usize,
    n_tokens: usize,
    ends_at: usize,
}

impl Mapped {
    /// Maps the file and checks all of it: what is read later lies inside the file and inside the vocabulary.
    pub(super) fn open(path: &Path) -> Result<(Self, Footer)> {
        let file = File::open(path).map_err(|e| io_error("open", path, e))?;
        let map = map(&file).map_err(|e| io_error("map", path, e))?;
        let (footer, parts) = layout::parse(&map, path)?;
        let mapped = Self {
            width: parts.width,
            n_docs: parts.n_docs,
            n_tokens: parts.n_tokens,
            ends_at: parts.ends_at,
            map,
        };
        Ok((mapped, footer))
    }

    pub(crate) fn n_docs(&self) -> usize {
        self.n_docs
    }

    pub(crate) fn n_tokens(&self) -> usize {
        self.n_tokens
    }

    /// From where to where the ids of a document lie.
    pub(crate) fn span(&self, doc: usize) -> (usize, usize) {
        assert!(doc < self.n_docs, "document {doc} of {}", self.n_docs);
        let ends = layout::ends(&self.map[self.ends_at..self.ends_at + 8 * self.n_docs]);
        let start = if doc == 0 { 0 } else { ends.get(doc - 1) };
        (start, ends.get(doc))
    }

    /// Appends the ids from `start` to `end` to `out`.
    pub(crate) fn extend(&self, start: usize, end: usize, out: &mut Vec<u32>) {
        let size = self.width.bytes();
        let from = layout::IDS_AT + start * size;
        self.width
            .extend(&self.map[from..from + (end - start) * size], out);
    }
}

/// The only `unsafe` of this crate.
#[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the bytes are only ever read as `u8`, for which every value is valid. What remains is that another process
    // shortens the file while it is mapped, which ends this process with SIGBUS; stores are replaced by renaming, which
    // leaves a mapped file as it is, and the documentation of `TokenStore` says not to write into one.
    unsafe { Mmap::map(file) }
}
