//! Named tensors to a safetensors file, one at a time: no second copy of the model is made.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use ulmfit_text::BesideFile;

use super::METADATA_KEY;
use super::document::Document;
use super::params::{HostSource, Tensors};
use super::storage::{self, FACTORS};
use crate::error::{Error, Result};

/// Numbers that are turned into bytes at once.
const BLOCK: usize = 64 << 10;

/// The bytes of a tensor in a file.
pub(super) enum Content {
    /// Numbers of a tensor, as they are.
    F32(HostSource),
    /// In half precision.
    F16(HostSource),
    /// The integers of a matrix.
    Int8(HostSource),
    /// The factors of the rows of a matrix of integers.
    Factors(HostSource),
    /// One integer, 0.
    Zero,
}

impl Content {
    fn info(&self) -> (Dtype, Vec<usize>) {
        match self {
            Self::F32(source) => (Dtype::F32, source.shape.clone()),
            Self::F16(source) => (Dtype::F16, source.shape.clone()),
            Self::Int8(source) => (Dtype::I8, source.shape.clone()),
            Self::Factors(source) => (Dtype::F32, source.shape[..1].to_vec()),
            Self::Zero => (Dtype::I64, Vec::new()),
        }
    }

    /// Writes the bytes; none if a number has no place in them.
    fn write(&self, to: &mut impl Write) -> std::io::Result<Option<()>> {
        let source = match self {
            Self::Zero => return to.write_all(&[0; 8]).map(Some),
            Self::F32(source) | Self::F16(source) | Self::Int8(source) | Self::Factors(source) => {
                source
            }
        };
        let width = source.shape.last().copied().unwrap_or(1).max(1);
        let values = source.values();
        for block in values.chunks((BLOCK / width).max(1) * width) {
            let bytes = match self {
                Self::F16(_) => storage::f16_bytes(block),
                Self::Int8(_) => storage::int8_rows(block, width).map(|(bytes, _)| bytes),
                Self::Factors(_) => storage::int8_rows(block, width)
                    .map(|(_, factors)| storage::f32_bytes(&factors)),
                Self::F32(_) | Self::Zero => Some(storage::f32_bytes(block)),
            };
            let Some(bytes) = bytes else { return Ok(None) };
            to.write_all(&bytes)?;
        }
        Ok(Some(()))
    }
}

/// Writes a model file.
pub(super) fn save(tensors: Tensors<'_>, document: &Document, path: &Path) -> Result<()> {
    let json = serde_json::to_string(document).map_err(|e| cannot(path, "metadata", &e))?;
    let mut contents = Vec::with_capacity(tensors.len());
    for (entry, source) in tensors {
        let name = entry.name.clone();
        let content = match document.storage.dtype(source.shape.len()) {
            Dtype::F16 => Content::F16(source),
            Dtype::I8 => {
                let factors = Content::Factors(source.clone());
                contents.push((format!("{name}{FACTORS}"), factors));
                Content::Int8(source)
            }
            _ => Content::F32(source),
        };
        contents.push((name, content));
    }
    write(contents, METADATA_KEY, json, path)
}

/// Writes a safetensors file with one key of metadata, beside the target first.
pub(super) fn write(
    mut contents: Vec<(String, Content)>,
    key: &str,
    value: String,
    path: &Path,
) -> Result<()> {
    // The format's order: the widest numbers first, then by name.
    contents.sort_by(|(a, one), (b, other)| other.info().0.cmp(&one.info().0).then(a.cmp(b)));
    let header = header(&contents, key, value).map_err(|e| cannot(path, "tensors", &*e))?;
    let io = Error::unwritten(path);
    let mut file = BesideFile::create(path).map_err(&io)?;
    file.write_all(&(header.len() as u64).to_le_bytes())
        .and_then(|()| file.write_all(&header))
        .map_err(&io)?;
    for (name, content) in &contents {
        if content.write(&mut file).map_err(&io)?.is_none() {
            // The factors of a matrix fail for what is in the matrix.
            let (name, dtype) = match content {
                Content::Factors(_) => (name.trim_end_matches(FACTORS), Dtype::I8),
                _ => (name.as_str(), content.info().0),
            };
            let reason = format!("a value that {dtype:?} does not have");
            return Err(cannot(path, &format!("tensor `{name}`"), &reason));
        }
    }
    file.commit().map_err(&io)
}

/// The header, a multiple of eight bytes.
fn header(
    contents: &[(String, Content)],
    key: &str,
    value: String,
) -> std::result::Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut end = 0;
    let tensors = contents.iter().map(|(name, content)| {
        let (dtype, shape) = content.info();
        let start = end;
        end += shape.iter().product::<usize>() * dtype.bitsize() / 8;
        let data_offsets = (start, end);
        let info = TensorInfo {
            dtype,
            shape,
            data_offsets,
        };
        (name.clone(), info)
    });
    let metadata = HashMap::from([(key.to_owned(), value)]);
    let metadata = Metadata::new(Some(metadata), tensors.collect())?;
    let mut header = serde_json::to_vec(&metadata)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}

fn cannot(path: &Path, part: &str, reason: &dyn std::fmt::Display) -> Error {
    let remedy =
        "save it as f32; a model with such weights predicts nothing if they are not finite";
    Error::file(path, part, "a model that can be written", reason, remedy)
}
