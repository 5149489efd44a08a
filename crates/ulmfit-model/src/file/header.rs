//! The header of a safetensors file, and which entry of it is wrong: the format's own errors do not always name it.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde_json::Value;

use super::METADATA_KEY;
use crate::error::{DAMAGED, Error, Result};

/// The longest header that the format allows.
const LONGEST: u64 = 100_000_000;

/// What to do about a file that never was a model file.
const OTHER_FORMAT: &str =
    "name a file that training or import has written; import reads PyTorch's";

/// The header of a file, whose places fit the file's length.
pub(super) struct Header {
    /// Where the tensors' bytes begin.
    start: u64,
    metadata: Metadata,
}

impl Header {
    /// Reads the header of a file of `bytes` bytes, and nothing behind it.
    pub(super) fn read(
        file: &mut (impl Read + Seek + ?Sized),
        bytes: u64,
        path: &Path,
    ) -> Result<Self> {
        const EXPECTED: &str = "a safetensors file";
        let problem = |part: Option<String>, found: String| {
            let part = part.map_or("header".to_owned(), |part| format!("header, {part}"));
            Error::file(path, part, EXPECTED, found, DAMAGED)
        };
        let mut length = [0; 8];
        if bytes <= length.len() as u64 {
            return Err(problem(None, format!("a file of {bytes} bytes")));
        }
        file.read_exact(&mut length).map_err(Error::unread(path))?;
        // The header is a JSON object, so its first byte tells a broken file from one of another format.
        let mut opening = [0; 1];
        file.read_exact(&mut opening).map_err(Error::unread(path))?;
        if opening != *b"{" {
            let found = match &length {
                [b'P', b'K', 3, 4, ..] => "a zip archive, as PyTorch writes it",
                [0x80, ..] => "a pickle",
                start
                    if start
                        .iter()
                        .all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r')) =>
                {
                    "text"
                }
                _ => "another format",
            };
            return Err(Error::file(path, "file", EXPECTED, found, OTHER_FORMAT));
        }
        file.seek(SeekFrom::Start(length.len() as u64))
            .map_err(Error::unread(path))?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST.min(bytes - 8) {
            let found = format!("a header of {length} bytes in a file of {bytes}");
            return Err(problem(None, found));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(Error::unread(path))?;
        let data = bytes - 8 - length;
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|error| problem(blame_header(&header, data), error.to_string()))?;
        if metadata.data_len() as u64 != data {
            let found = format!("{data} bytes for tensors of {}", metadata.data_len());
            return Err(problem(blame_header(&header, data), found));
        }
        let start = 8 + length;
        Ok(Self { start, metadata })
    }

    /// The document of the metadata.
    pub(super) fn document(&self) -> Option<&str> {
        let metadata = self.metadata.metadata().as_ref()?;
        metadata.get(METADATA_KEY).map(String::as_str)
    }

    /// Every tensor with the place of its bytes in the file.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (String, &TensorInfo, Range<u64>)> {
        self.metadata.tensors().into_iter().map(|(name, info)| {
            let (from, to) = info.data_offsets;
            (name, info, self.start + from as u64..self.start + to as u64)
        })
    }
}

/// The tensor and the field of a whole file that lie, if it is one of them.
pub(crate) fn blame(file: &[u8]) -> Option<String> {
    let length = u64::from_le_bytes(*file.first_chunk::<8>()?);
    let header_end = usize::try_from(length).ok()?.checked_add(8)?;
    let header = file.get(8..header_end)?;
    blame_header(header, (file.len() - header_end) as u64)
}

/// The tensor and the field that lie about `data` bytes of tensors.
fn blame_header(header: &[u8], data: u64) -> Option<String> {
    let header: Value = serde_json::from_slice(header).ok()?;
    let mut places = Vec::new();
    for (name, entry) in header.as_object()? {
        if name == "__metadata__" {
            continue;
        }
        match place(entry, data) {
            Ok(place) => places.push((place, name)),
            Err(field) => return Some(format!("tensor `{name}`, field `{field}`")),
        }
    }
    // Each must begin where the one before it ends.
    places.sort();
    let mut end = 0;
    for ((from, to), name) in places {
        if from != end {
            return Some(format!("tensor `{name}`, field `data_offsets`"));
        }
        end = to;
    }
    (end != data).then(|| "data behind the header".to_owned())
}

/// The bytes of a tensor, or the field that is wrong.
fn place(entry: &Value, data: u64) -> std::result::Result<(u64, u64), &'static str> {
    let numbers = |field: &'static str| {
        let list = entry.get(field).and_then(Value::as_array);
        let list = list.and_then(|list| list.iter().map(Value::as_u64).collect::<Option<Vec<_>>>());
        list.ok_or(field)
    };
    let dtype = entry.get("dtype").cloned().unwrap_or_default();
    let dtype: Dtype = serde_json::from_value(dtype).map_err(|_| "dtype")?;
    let shape = numbers("shape")?;
    let [from, to] = numbers("data_offsets")?[..] else {
        return Err("data_offsets");
    };
    if from > to || to > data {
        return Err("data_offsets");
    }
    let bits = shape
        .iter()
        .try_fold(dtype.bitsize() as u64, |n, &size| n.checked_mul(size));
    match bits {
        Some(bits) if bits / 8 == to - from => Ok((from, to)),
        _ => Err("shape"),
    }
}

#[cfg(test)]
mod tests {
    use super::blame;

    #[test]
    fn the_field_that_lies_is_named() {
        let file = |header: &str| {
            let mut file = (header.len() as u64).to_le_bytes().to_vec();
            file.extend(header.bytes());
            file.extend([0; 12]);
            file
        };
        let two = |a: &str, b: &str| blame(&file(&format!(r#"{{"a":{{{a}}},"b":{{{b}}}}}"#)));
        let a = r#""dtype":"F32","shape":[2],"data_offsets":[0,8]"#;
        let b = r#""dtype":"F32","shape":[1],"data_offsets":[8,12]"#;
        assert_eq!(two(a, b), None);
        for (b, field) in [
            (b.replace("F32", "Q7"), "tensor `b`, field `dtype`"),
            (b.replace("[1]", "[9]"), "tensor `b`, field `shape`"),
            (b.replace("[1]", "[-1]"), "tensor `b`, field `shape`"),
            (b.replace("12", "99"), "tensor `b`, field `data_offsets`"),
            (b.replace("8,12", "4,8"), "tensor `b`, field `data_offsets`"),
        ] {
            assert_eq!(two(a, &b).as_deref(), Some(field));
        }
    }
}
