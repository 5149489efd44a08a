//! The lines of a text file as an editor shows them, one at a time, decompressed and checked to be UTF-8.

use std::io::{self, BufRead};
use std::path::Path;
use std::sync::Arc;

use crate::input::{io_error, open_text, shown};
use crate::{Error, Result};

/// Lines with their ends: `\n`, `\r\n` or a lone `\r`.
pub(crate) struct Lines {
    reader: Box<dyn BufRead + Send>,
    file: Arc<Path>,
    line: u64,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            reader: open_text(path)?,
            file: shown(path),
            line: 0,
        })
    }

    /// The file, for messages.
    pub(crate) fn file(&self) -> &Arc<Path> {
        &self.file
    }

    /// The next line, its number from 1 and its text with the line's end. An error of a line does not end the others.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, String)>> {
        let mut bytes = Vec::new();
        read_line(&mut *self.reader, &mut bytes).map_err(|e| io_error("read", &self.file, e))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        let text = String::from_utf8(bytes).map_err(|error| {
            let source = error.utf8_error();
            Error::Utf8 {
                path: self.file.to_path_buf(),
                line: self.line,
                byte: error.as_bytes()[source.valid_up_to()],
                source,
            }
        })?;
        Ok(Some((self.line, text)))
    }
}

/// Appends the next line and its end to `line`; nothing at the end of the file.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let there = match reader.fill_buf() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            there => there?,
        };
        // What follows `\r` decides whether the line ends behind it.
        if line.last() == Some(&b'\r') {
            if there.first() == Some(&b'\n') {
                line.push(b'\n');
                reader.consume(1);
            }
            return Ok(());
        }
        if there.is_empty() {
            return Ok(());
        }
        let end = there
            .iter()
            .position(|&byte| byte == b'\n' || byte == b'\r');
        let used = end.map_or(there.len(), |end| end + 1);
        line.extend_from_slice(&there[..used]);
        reader.consume(used);
        if line.last() == Some(&b'\n') {
            return Ok(());
        }
    }
}

/// A line without its end.
pub(crate) fn without_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn lines_end_as_in_an_editor() {
        let text = b"a\nb\r\nc\rd\r\r\n\ne";
        // Ends of lines fall on ends of buffers, too.
        for capacity in 1..text.len() {
            let mut reader = BufReader::with_capacity(capacity, &text[..]);
            let mut lines = Vec::new();
            loop {
                let mut line = Vec::new();
                read_line(&mut reader, &mut line).unwrap();
                if line.is_empty() {
                    break;
                }
                lines.push(String::from_utf8(line).unwrap());
            }
            assert_eq!(lines, ["a\n", "b\r\n", "c\r", "d\r", "\r\n", "\n", "e"]);
        }
        assert_eq!(["a\r\n", "a\r", "a\n", "a"].map(without_end), ["a"; 4]);
    }

    #[test]
    fn a_line_that_is_no_utf_8_is_named_and_passed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        std::fs::write(&path, b"ok\n\xff\nok").unwrap();
        let mut lines = Lines::open(&path).unwrap();
        assert_eq!(lines.next().unwrap(), Some((1, "ok\n".to_owned())));
        let error = lines.next().unwrap_err().to_string();
        let expected =
            "a.txt, line 2: expected utf-8, found the byte 0xff; convert the file to utf-8";
        assert!(error.ends_with(expected), "{error}");
        assert_eq!(lines.next().unwrap(), Some((3, "ok".to_owned())));
    }
}
