//! The bytes of a pickle, read from the front; every read is checked.

use super::super::fault::Fault;

/// A place in the bytes of a pickle.
pub(super) struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// How many bytes have been read, from the front of the file.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next `n` bytes.
    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.get(..n) else {
            return Err(self.fault(format!("{n} more bytes"), format!("{}", rest.len())));
        };
        self.at += n;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned little-endian number of `n <= 8` bytes.
    pub(super) fn unsigned(&mut self, n: usize) -> Result<u64, Fault> {
        let bytes = self.take(n)?.iter().rev();
        Ok(bytes.fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// The bytes behind a length of `n` bytes.
    pub(super) fn counted(&mut self, n: usize) -> Result<&'a [u8], Fault> {
        let length = self.unsigned(n)?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(self.fault("a length that fits the file", length.to_string())),
        }
    }

    /// The bytes up to the end of the line, which is skipped.
    pub(super) fn line(&mut self) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(length) = rest.iter().position(|&byte| byte == b'\n') else {
            return Err(self.fault("the end of a line", "the end of the file"));
        };
        self.at += length + 1;
        Ok(&rest[..length])
    }

    /// Text behind a length of `n` bytes.
    pub(super) fn text(&mut self, n: usize) -> Result<&'a str, Fault> {
        let bytes = self.counted(n)?;
        self.utf8(bytes)
    }

    pub(super) fn utf8(&self, bytes: &'a [u8]) -> Result<&'a str, Fault> {
        std::str::from_utf8(bytes)
            .map_err(|_| self.fault("text in UTF-8", format!("{} other bytes", bytes.len())))
    }

    /// A fault here.
    pub(super) fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> Fault {
        Fault::damaged(format!("pickle, byte {}", self.at), expected, found)
    }
}
