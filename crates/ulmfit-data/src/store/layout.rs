//! What stands where in a token store's file, and the checks that it does.
//!
//! ```text
//! magic (8 bytes) | ids, 2 or 4 bytes each | zeros up to a multiple of 8 | end of each document, 8 bytes each
//! | footer (JSON) | its length, 8 bytes | magic (8 bytes)
//! ```
//!
//! Files of earlier versions may have the class of each document, 4 bytes each, before the footer; it is passed over.
//!
//! All numbers are little-endian. The footer comes last because its numbers are known last.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

pub(super) const MAGIC: &[u8; 8] = b"ULMFTOK\n";
pub(super) const VERSION: u32 = 1;
/// Where the ids begin.
pub(super) const IDS_AT: usize = MAGIC.len();
/// The most documents: their numbers have 32 bits.
pub(super) const MOST_DOCUMENTS: u64 = u32::MAX as u64 - 1;

/// The numbers of a store and where its ids come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Footer {
    pub(super) version: u32,
    /// Bytes of an id.
    pub(super) width: usize,
    pub(super) documents: u64,
    pub(super) tokens: u64,
    /// Every id is below this.
    pub(super) vocabulary: u64,
    /// Whether there are classes of documents, as earlier versions wrote them, and their names.
    pub(super) labels: bool,
    pub(super) classes: Vec<String>,
    /// Of rules, splitter, vocabulary and source.
    pub(super) fingerprint: String,
}

/// How an id is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    U16,
    U32,
}

impl Width {
    /// The smallest width for a vocabulary.
    pub(super) fn of(vocabulary: usize) -> Self {
        if vocabulary <= 1 << 16 {
            Self::U16
        } else {
            Self::U32
        }
    }

    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U16 => 2,
            Self::U32 => 4,
        }
    }

    /// Appends ids as bytes.
    pub(super) fn write(self, ids: &[u32], out: &mut Vec<u8>) {
        match self {
            Self::U16 => out.extend(ids.iter().flat_map(|&id| (id as u16).to_le_bytes())),
            Self::U32 => out.extend(ids.iter().flat_map(|id| id.to_le_bytes())),
        }
    }

    /// Appends bytes as ids.
    pub(super) fn extend(self, bytes: &[u8], out: &mut Vec<u32>) {
        match self {
            Self::U16 => {
                let (ids, _) = bytes.as_chunks();
                out.extend(ids.iter().map(|b| u32::from(u16::from_le_bytes(*b))));
            }
            Self::U32 => {
                let (ids, _) = bytes.as_chunks();
                out.extend(ids.iter().map(|b| u32::from_le_bytes(*b)));
            }
        }
    }

    fn largest(self, bytes: &[u8]) -> Option<u32> {
        match self {
            Self::U16 => {
                let ids = bytes.as_chunks().0.iter();
                ids.map(|b| u32::from(u16::from_le_bytes(*b))).max()
            }
            Self::U32 => {
                let ids = bytes.as_chunks().0.iter();
                ids.map(|b| u32::from_le_bytes(*b)).max()
            }
        }
    }
}

/// The ends of all documents.
pub(super) struct Ends<'a>(&'a [[u8; 8]]);

pub(super) fn ends(bytes: &[u8]) -> Ends<'_> {
    Ends(bytes.as_chunks().0)
}

impl Ends<'_> {
    pub(super) fn get(&self, doc: usize) -> usize {
        // Checked to fit when the file was opened.
        u64::from_le_bytes(self.0[doc]) as usize
    }
}

/// Where the parts of a file begin.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) width: Width,
    pub(super) n_docs: usize,
    pub(super) n_tokens: usize,
    pub(super) ends_at: usize,
}

/// The footer and the parts of a file whose every number has been checked.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<(Footer, Parts)> {
    let wrong = |expected: &str, found: String| {
        Error::layout(
            path,
            expected,
            found,
            "delete the file and make the token store again",
        )
    };
    let n = bytes.len();
    let framed = n >= 24 && bytes.starts_with(MAGIC) && bytes.ends_with(MAGIC);
    if !framed {
        let found = format!("{n} bytes without its marks at both ends");
        return Err(wrong("a token store of ulmfit", found));
    }
    let length = u64::from_le_bytes(bytes[n - 16..n - 8].as_chunks().0[0]);
    let footer_at = usize::try_from(length)
        .ok()
        .and_then(|length| (n - 16).checked_sub(length))
        .filter(|&at| at >= IDS_AT)
        .ok_or_else(|| wrong("a footer within the file", format!("a length of {length}")))?;
    let footer: Footer = serde_json::from_slice(&bytes[footer_at..n - 16])
        .map_err(|e| wrong("a footer of a token store", e.to_string()))?;
    if footer.version != VERSION {
        let found = format!("`version` {}", footer.version);
        return Err(wrong("`version` 1", found));
    }
    let width = match footer.width {
        2 => Width::U16,
        4 => Width::U32,
        other => return Err(wrong("`width` 2 or 4", other.to_string())),
    };
    let parts = place(&footer, width, footer_at).ok_or_else(|| {
        let found = format!(
            "`tokens` {} and `documents` {} in {footer_at} bytes",
            footer.tokens, footer.documents
        );
        wrong("sizes that add up to the file's", found)
    })?;
    check(bytes, &footer, &parts)
        .map_err(|(expected, found)| wrong(expected, found))
        .map(|()| (footer, parts))
}

/// Where the parts begin if they end exactly where the footer begins.
fn place(footer: &Footer, width: Width, footer_at: usize) -> Option<Parts> {
    let n_tokens = usize::try_from(footer.tokens).ok()?;
    let n_docs = usize::try_from(footer.documents)
        .ok()
        .filter(|&n| n as u64 <= MOST_DOCUMENTS)?;
    let ids = n_tokens.checked_mul(width.bytes())?;
    let ends_at = ids.checked_add(IDS_AT)?.checked_next_multiple_of(8)?;
    let labels_at = n_docs.checked_mul(8)?.checked_add(ends_at)?;
    let after = match footer.labels {
        true => n_docs.checked_mul(4)?.checked_add(labels_at)?,
        false => labels_at,
    };
    (after == footer_at).then_some(Parts {
        width,
        n_docs,
        n_tokens,
        ends_at,
    })
}

/// Checks ends and ids. One pass over the file, at the speed of memory.
fn check(bytes: &[u8], footer: &Footer, parts: &Parts) -> Result<(), (&'static str, String)> {
    let mut before = 0;
    let (ends, _) = bytes[parts.ends_at..parts.ends_at + 8 * parts.n_docs].as_chunks();
    for (doc, end) in ends.iter().enumerate() {
        let end = u64::from_le_bytes(*end);
        if end < before || end > footer.tokens {
            let found = format!("{end} behind {before} at document {doc}");
            return Err(("ends of documents in ascending order", found));
        }
        before = end;
    }
    if before != footer.tokens {
        let found = format!("{before} of {} tokens", footer.tokens);
        return Err(("documents that hold all tokens", found));
    }
    let size = parts.width.bytes();
    let ids = &bytes[IDS_AT..IDS_AT + parts.n_tokens * size];
    if let Some(id) = parts.width.largest(ids)
        && u64::from(id) >= footer.vocabulary
    {
        let found = format!("the id {id} in a vocabulary of {}", footer.vocabulary);
        return Err(("ids within the vocabulary", found));
    }
    Ok(())
}
