//! The file of one checkpoint: a safetensors file of `f32` tensors with one JSON document in its metadata.
//!
//! The document holds a digest of itself and of every tensor, so that a file with a single wrong bit is refused instead
//! of being trained on.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Shape, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use ulmfit_text::BesideFile;

use super::document::{Document, VERSION};
use crate::error::{Error, Result};

/// The one key of the file's metadata.
const KEY: &str = "ulmfit_checkpoint";
const NOT_OURS: &str = "name the folder of checkpoints of this library";
const DAMAGED: &str =
    "the file is damaged or incomplete: delete it to go on from the one before it";

/// Collects tensors for a file.
#[derive(Default)]
pub(super) struct Writer {
    tensors: BTreeMap<String, (Vec<usize>, TensorData)>,
}

impl Writer {
    pub(super) fn add<const D: usize>(&mut self, name: String, tensor: Tensor<D>) {
        let shape = tensor.dims().to_vec();
        self.tensors.insert(name, (shape, tensor.into_data()));
    }

    /// A digest of the names, shapes and values of all tensors.
    pub(super) fn digest(&self) -> String {
        hex(self.hash(Sha256::new()))
    }

    /// Writes the file beside its name, brings it to the disk and gives it its name.
    pub(super) fn save(&self, mut document: Document, path: &Path) -> Result<()> {
        document.digest = String::new();
        let hash = Sha256::new().chain_update(document.to_json());
        document.digest = hex(self.hash(hash));
        let header = self.header(&document);
        let write = || -> io::Result<()> {
            let mut file = BufWriter::with_capacity(1 << 20, BesideFile::create(path)?);
            file.write_all(&(header.len() as u64).to_le_bytes())?;
            file.write_all(header.as_bytes())?;
            for (_, data) in self.tensors.values() {
                for_each_part(data, |bytes| file.write_all(bytes))?;
            }
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.commit()
        };
        write().map_err(|source| io_error(path, "write", source))
    }

    fn hash(&self, mut hash: Sha256) -> Sha256 {
        for (name, (shape, data)) in &self.tensors {
            start_tensor(&mut hash, name, shape);
            // A digest takes any bytes.
            let _ = for_each_part(data, |bytes| {
                hash.update(bytes);
                Ok(())
            });
        }
        hash
    }

    /// The JSON that says which tensor lies where, padded so that the tensors are aligned.
    fn header(&self, document: &Document) -> String {
        let mut fields = Map::new();
        let about = json!({ KEY: document.to_json() });
        fields.insert("__metadata__".to_owned(), about);
        let mut at = 0;
        for (name, (shape, _)) in &self.tensors {
            let end = at + 4 * shape.iter().product::<usize>();
            let tensor = json!({ "dtype": "F32", "shape": shape, "data_offsets": [at, end] });
            fields.insert(name.clone(), tensor);
            at = end;
        }
        let mut header = Value::Object(fields).to_string();
        while !header.len().is_multiple_of(8) {
            header.push(' ');
        }
        header
    }
}

/// The tensors of a file that have not been taken yet.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    bytes: Vec<u8>,
    tensors: BTreeMap<String, (Vec<usize>, Range<usize>)>,
}

impl Reader {
    /// Reads a file and checks its layout, its version and its digest.
    pub(super) fn open(path: &Path) -> Result<(Document, Self)> {
        let bytes = std::fs::read(path).map_err(|source| io_error(path, "read", source))?;
        let wrong = |part: &str, expected: &str, found: String, remedy| {
            problem(path, part, expected.to_owned(), found, remedy)
        };
        let (length, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|e| wrong("header", "a safetensors file", e.to_string(), DAMAGED))?;
        let key = format!("a key `{KEY}`");
        let json = header.metadata().as_ref().and_then(|about| about.get(KEY));
        let json = json.ok_or_else(|| wrong("metadata", &key, "none".to_owned(), NOT_OURS))?;
        let document = parse(json, path)?;
        let mut tensors = BTreeMap::new();
        for (name, info) in header.tensors() {
            if info.dtype != Dtype::F32 {
                let part = format!("tensor `{name}`");
                return Err(wrong(&part, "f32", format!("{:?}", info.dtype), NOT_OURS));
            }
            let (from, to) = info.data_offsets;
            let place = 8 + length + from..8 + length + to;
            tensors.insert(name, (info.shape.clone(), place));
        }
        // As it was written, not as it was understood: two spellings of a number are two files.
        let blank = json.replacen(&document.digest, "", 1);
        let mut hash = Sha256::new().chain_update(blank);
        for (name, (shape, place)) in &tensors {
            start_tensor(&mut hash, name, shape);
            hash.update(&bytes[place.clone()]);
        }
        let found = hex(hash);
        if found != document.digest {
            return Err(wrong("digest", &document.digest, found, DAMAGED));
        }
        let path = path.to_owned();
        let reader = Self {
            path,
            bytes,
            tensors,
        };
        Ok((document, reader))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Takes a tensor of exactly this shape.
    pub(super) fn take<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
        device: &Device,
    ) -> Result<Tensor<D>> {
        let part = format!("tensor `{name}`");
        let expected = format!("f32 {shape:?}");
        let wrong = |found| problem(&self.path, &part, expected, found, DAMAGED);
        let Some((found, place)) = self.tensors.remove(name) else {
            return Err(wrong("no such tensor".to_owned()));
        };
        if found != shape {
            return Err(wrong(format!("f32 {found:?}")));
        }
        let (words, _) = self.bytes[place].as_chunks::<4>();
        let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        let data = TensorData::new(values, Shape::from(shape));
        Ok(Tensor::from_data(data, device))
    }

    /// An error in a field of the document.
    pub(super) fn wrong(&self, field: &str, expected: String, found: String) -> Error {
        let part = format!("metadata field `{field}`");
        problem(&self.path, &part, expected, found, DAMAGED)
    }

    /// Refuses a file with tensors that nobody has taken.
    pub(super) fn finish(self) -> Result<()> {
        match self.tensors.keys().next() {
            None => Ok(()),
            Some(name) => {
                let part = format!("tensor `{name}`");
                let expected = "only the tensors that the metadata describes".to_owned();
                let found = "a further tensor".to_owned();
                Err(problem(&self.path, &part, expected, found, DAMAGED))
            }
        }
    }
}

/// Reads the document: first its version, so that a newer file is named as such.
fn parse(json: &str, path: &Path) -> Result<Document> {
    let bad_json = |e: serde_json::Error| {
        let expected = "a valid document".to_owned();
        problem(path, "metadata", expected, e.to_string(), DAMAGED)
    };
    #[derive(serde::Deserialize)]
    struct Version {
        version: u32,
    }
    let Version { version } = serde_json::from_str(json).map_err(bad_json)?;
    if version != VERSION {
        let part = "metadata field `version`";
        let remedy = "resume with the version of this library that wrote it";
        let (expected, found) = (VERSION.to_string(), version.to_string());
        return Err(problem(path, part, expected, found, remedy));
    }
    serde_json::from_str(json).map_err(bad_json)
}

/// Calls `work` with the values as little-endian bytes, some kilobytes at a time.
fn for_each_part(
    data: &TensorData,
    mut work: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    const VALUES: usize = 1 << 14;
    let mut bytes = Vec::with_capacity(4 * VALUES);
    let mut values = data.iter::<f32>();
    loop {
        bytes.clear();
        let part = values.by_ref().take(VALUES);
        bytes.extend(part.flat_map(f32::to_le_bytes));
        if bytes.is_empty() {
            return Ok(());
        }
        work(&bytes)?;
    }
}

/// Names and shapes stand before the values, so that no two lists of tensors have the same digest.
fn start_tensor(hash: &mut Sha256, name: &str, shape: &[usize]) {
    hash.update(format!("{name}:{shape:?}:"));
}

fn hex(hash: Sha256) -> String {
    let digits = |byte: &u8| format!("{byte:02x}");
    hash.finalize().iter().map(digits).collect()
}

fn problem(
    path: &Path,
    part: &str,
    expected: String,
    found: String,
    remedy: &'static str,
) -> Error {
    Error::Checkpoint {
        path: path.to_owned(),
        part: part.to_owned(),
        expected,
        found,
        remedy,
    }
}

pub(super) fn io_error(path: &Path, verb: &'static str, source: io::Error) -> Error {
    Error::CheckpointIo {
        path: path.to_owned(),
        verb,
        source,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;
