//! Rows of a CSV file (RFC 4180: quotes are doubled, a quoted field may hold newlines), checked while they are read.

use std::io::{self, BufRead, Cursor, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, StringRecord};

use crate::decode::refuse_nul;
use crate::open::{io_error, open};
use crate::{Error, Result};

/// Read behind the file's own bytes: it comes back as a row of its own, or else the last quote was never closed. The
/// parser would silently take the rest of such a file for one field.
const END: &str = "\n\0\0\0";

/// The rows of a file, all of the same width.
pub(crate) struct CsvRows {
    reader: csv::Reader<LastRead>,
    record: ByteRecord,
    path: PathBuf,
    width: Option<usize>,
}

/// One row.
pub(crate) struct Row {
    /// The line it begins on, from 1.
    pub(crate) line: u64,
    /// Its fields without their quotes.
    pub(crate) fields: StringRecord,
}

impl CsvRows {
    pub(crate) fn open(path: &Path, delimiter: u8) -> Result<Self> {
        if matches!(delimiter, b'"' | b'\n' | b'\r' | 0) || !delimiter.is_ascii() {
            let found = format!("{:?}", char::from(delimiter));
            return Err(Error::Setting {
                name: "delimiter",
                expected: "a plain character such as `,` or tab",
                found,
            });
        }
        let mut file = open(path)?;
        // With nothing in it the sentinel would be all there is; an empty file deserves its own message.
        if file
            .fill_buf()
            .map_err(|e| io_error("read", path, e))?
            .is_empty()
        {
            return Err(no_rows(path, "an empty file"));
        }
        let bytes = LastRead {
            inner: Box::new(file.chain(Cursor::new(END))),
            bytes: Vec::new(),
            start: 0,
        };
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true) // Widths are checked here, for a message that says what to do.
            .from_reader(bytes);
        Ok(Self {
            reader,
            record: ByteRecord::new(),
            path: path.to_owned(),
            width: None,
        })
    }

    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Option<Row>> {
        let more = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|error| match error.into_kind() {
                csv::ErrorKind::Io(source) => io_error("read", &self.path, source),
                other => io_error("read", &self.path, io::Error::other(format!("{other:?}"))),
            })?;
        let line = self.line();
        if !more || self.record.as_slice() == &END.as_bytes()[1..] {
            return Ok(None);
        }
        if self.record.as_slice().ends_with(END.as_bytes()) {
            return Err(self.error(
                line,
                "a closing quote",
                "the end of the file",
                "close the quoted field",
            ));
        }
        if let Some((byte, source)) = first_invalid(&self.record) {
            return Err(Error::Utf8 {
                path: self.path.clone(),
                line,
                byte,
                source,
            });
        }
        let fields = StringRecord::from_byte_record_lossy(std::mem::take(&mut self.record));
        refuse_nul(fields.as_slice(), &self.path, line)?;
        let width = *self.width.get_or_insert(fields.len());
        if fields.len() != width {
            let remedy = "mend the row; a field that holds a delimiter or a newline must be quoted";
            return Err(self.error(line, &count(width), &count(fields.len()), remedy));
        }
        Ok(Some(Row { line, fields }))
    }

    /// The line on which the record that was just read begins.
    ///
    /// The parser counts from where the record before it ended: in front of blank lines, and in front of the second
    /// byte of a `\r\n`. Of the newlines it has passed since, those neither within nor behind the record are before it.
    fn line(&self) -> u64 {
        let (start, end) = (
            self.record.position().map_or(1, csv::Position::line),
            self.reader.position(),
        );
        let within = self
            .record
            .as_slice()
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count() as u64;
        let behind = u64::from(self.reader.get_ref().at(end.byte().wrapping_sub(1)) == Some(b'\n'));
        start + (end.line() - start).saturating_sub(within + behind)
    }

    /// An error at a line of this file.
    pub(crate) fn error(
        &self,
        line: u64,
        expected: &str,
        found: &str,
        remedy: &'static str,
    ) -> Error {
        let (expected, found) = (expected.to_owned(), found.to_owned());
        Error::Row {
            path: self.path.clone(),
            line,
            expected,
            found,
            remedy,
        }
    }
}

/// A reader that remembers what it gave last. The parser asks for more only when it has used all of that, so the last
/// byte it used is in it.
struct LastRead {
    inner: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    /// Where in the file `bytes` start.
    start: u64,
}

impl LastRead {
    /// The byte at this place in the file, if it was among the last ones read.
    fn at(&self, place: u64) -> Option<u8> {
        let place = usize::try_from(place.checked_sub(self.start)?).ok()?;
        self.bytes.get(place).copied()
    }
}

impl Read for LastRead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        if n > 0 {
            self.start += self.bytes.len() as u64;
            self.bytes.clear();
            self.bytes.extend_from_slice(&out[..n]);
        }
        Ok(n)
    }
}

/// The error for a file without a row to learn from.
pub(crate) fn no_rows(path: &Path, found: &str) -> Error {
    Error::Layout {
        path: path.to_owned(),
        expected: "at least one row of text".into(),
        found: found.into(),
        remedy: "check that it is the right file and that it was written to its end",
    }
}

fn count(fields: usize) -> String {
    if fields == 1 {
        "1 field".into()
    } else {
        format!("{fields} fields")
    }
}

/// The first byte that is no UTF-8, field by field: fields may not borrow bytes from each other.
fn first_invalid(record: &ByteRecord) -> Option<(u8, std::str::Utf8Error)> {
    record.iter().find_map(|field| {
        let error = std::str::from_utf8(field).err()?;
        Some((field[error.valid_up_to()], error))
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    /// All rows as `line: field|field`, or the message without the path.
    fn read(bytes: &[u8]) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, bytes).unwrap();
        let message = |e: Error| e.to_string().replace(&path.display().to_string(), "a.csv");
        let mut rows = CsvRows::open(&path, b',').map_err(message)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(message)? {
            out.push(format!(
                "{}: {}",
                row.line,
                row.fields.iter().collect::<Vec<_>>().join("|")
            ));
        }
        Ok(out)
    }

    fn refuses(bytes: &[u8], start: &str) {
        let message = read(bytes).unwrap_err();
        assert!(message.starts_with(start), "{message}");
    }

    #[test]
    fn quotes_newlines_and_line_numbers() {
        assert_eq!(
            read(b"0,\"a \"\"b\"\"\nc\"\n1,d").unwrap(),
            ["1: 0|a \"b\"\nc", "3: 1|d"]
        );
        assert_eq!(
            read(b"0,a\r\n1,b\r\n2,c\r\n").unwrap(),
            ["1: 0|a", "2: 1|b", "3: 2|c"]
        );
        assert_eq!(
            read(b"\xef\xbb\xbf0,a\n\n1,5\" disk\n").unwrap(),
            ["1: 0|a", "3: 1|5\" disk"]
        );
        assert_eq!(read(b"\n\n").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn lines_are_counted_over_many_reads() {
        for end in ["\n", "\r\n"] {
            // Rows of three lines (one within a quoted field, one blank) whose length divides no buffer's.
            let text: String = (0..9_000)
                .map(|i| format!("{i},\"a{end}b\"{end}{end}"))
                .collect();
            let rows = read(text.as_bytes()).unwrap();
            assert!(
                rows.iter()
                    .enumerate()
                    .all(|(i, row)| row.starts_with(&format!("{}: {i}|a", 3 * i + 1)))
            );
            assert_eq!(rows.len(), 9_000);
        }
    }

    #[test]
    fn malformed_rows_are_named() {
        refuses(
            b"0,a\r\n1\r\n",
            "a.csv, line 2: expected 2 fields, found 1 field; mend the row",
        );
        refuses(
            b"0,a\n1,\"b\n2,c\n",
            "a.csv, line 2: expected a closing quote, found the end of the file;",
        );
        refuses(
            b"0,a\n1,b\xe9\n",
            "a.csv, line 2: expected utf-8, found the byte 0xe9;",
        );
        refuses(
            b"0,a\n1,b\0\n",
            "a.csv, line 2: expected text, found a NUL byte;",
        );
        refuses(
            b"",
            "a.csv: expected at least one row of text, found an empty file;",
        );
    }
}
