//! From bytes to text. Anything but UTF-8 is refused, and so are NUL bytes: they mean UTF-16 or a file that is no text.

use std::path::Path;

use crate::{Error, Result};

/// The text of `bytes`, which begin on line `line` of the file at `path`.
pub(crate) fn decode(bytes: Vec<u8>, path: &Path, line: u64) -> Result<String> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let source = error.utf8_error();
        let at = source.valid_up_to();
        let before = &error.as_bytes()[..at];
        Error::Utf8 {
            path: path.to_owned(),
            line: line + newlines(before),
            byte: error.as_bytes()[at],
            source,
        }
    })?;
    refuse_nul(&text, path, line)?;
    Ok(text)
}

/// Fails if there is a NUL byte in `text`, which begins on line `line` of the file at `path`.
pub(crate) fn refuse_nul(text: &str, path: &Path, line: u64) -> Result<()> {
    match text.find('\0') {
        None => Ok(()),
        Some(at) => Err(Error::Row {
            path: path.to_owned(),
            line: line + newlines(&text.as_bytes()[..at]),
            expected: "text".into(),
            found: "a NUL byte".into(),
            remedy: "remove it, or convert the file to utf-8 if it is utf-16",
        }),
    }
}

/// The whole content of a file as text, without a byte order mark.
pub(crate) fn decode_file(bytes: Vec<u8>, path: &Path) -> Result<String> {
    let mut text = decode(bytes, path, 1)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

/// Some editors put it at the start of UTF-8 files; it is no part of the text.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn check(bytes: &[u8], message: &str) {
        assert_eq!(
            decode(bytes.to_vec(), "a.txt".as_ref(), 5)
                .unwrap_err()
                .to_string(),
            message
        );
    }

    #[test]
    fn names_the_line_of_what_is_no_text() {
        check(
            b"ok\n\xff",
            "a.txt, line 6: expected utf-8, found the byte 0xff; convert the file to utf-8",
        );
        check(
            b"h\0i",
            "a.txt, line 5: expected text, found a NUL byte; remove it, or convert the file to utf-8 if it is utf-16",
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        assert_eq!(
            decode_file("\u{feff}hi".into(), "a.txt".as_ref()).unwrap(),
            "hi"
        );
    }
}
