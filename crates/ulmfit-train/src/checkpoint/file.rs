//! The file of one checkpoint: a safetensors file of `f32` tensors with one JSON document in its metadata.
//!
//! The document holds a digest of itself and of every tensor, so that a file with a single wrong bit is refused instead
//! of being trained on.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use ulmfit_text::BesideFile;

use crate::error::{Error, Result};
use crate::state::TrainState;
use crate::tensors::{Stored, Tensors, hex};

/// The version that this library writes, and the only one it reads: a run is finished by the library that began it.
const VERSION: u32 = 2;

/// The one key of the file's metadata.
const KEY: &str = "ulmfit_checkpoint";
const NOT_OURS: &str = "name the folder of checkpoints of this library";
pub(crate) const DAMAGED: &str =
    "the file is damaged or incomplete: delete it to go on from the one before it";

/// Everything in a checkpoint but the tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    version: u32,
    /// SHA-256 of this document with an empty digest, and of all tensors.
    digest: String,
    /// What the run's every number follows from.
    pub(super) run: Vec<(String, String)>,
    pub(super) state: TrainState,
}

impl Document {
    fn to_json(&self) -> String {
        // Strings, numbers and lists of them: nothing that JSON could not hold.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Writes the file beside its name, brings it to the disk and gives it its name.
pub(super) fn write(path: &Path, run: &[(String, String)], mut state: TrainState) -> Result<()> {
    let mut tensors = Tensors::default();
    tensors.add_within("model", std::mem::take(&mut state.model));
    if let Some(within) = &mut state.within {
        tensors.add_within("optimizer", std::mem::take(&mut within.optimizer.tensors));
        for (name, part) in [("kept", within.kept.take()), ("carry", within.carry.take())] {
            tensors.add_within(name, part.unwrap_or_default());
        }
    }
    let mut document = Document {
        version: VERSION,
        digest: String::new(),
        run: run.to_vec(),
        state,
    };
    let mut hash = Sha256::new().chain_update(document.to_json());
    tensors.hash(&mut hash);
    document.digest = hex(hash);
    write_tensors(path, json!({ KEY: document.to_json() }), &tensors)
}

/// Writes weights alone.
pub(super) fn write_plain(path: &Path, weights: &Tensors) -> Result<()> {
    write_tensors(path, json!({}), weights)
}

fn write_tensors(path: &Path, metadata: Value, tensors: &Tensors) -> Result<()> {
    let header = header(metadata, tensors);
    let write = || -> io::Result<()> {
        let mut file = BufWriter::with_capacity(1 << 20, BesideFile::create(path)?);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        for (_, stored) in tensors.iter() {
            stored.for_each_part(|bytes| file.write_all(bytes))?;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.commit()
    };
    write().map_err(|source| io_error(path, "write", source))
}

/// The JSON that says which tensor lies where, padded so that the tensors are aligned.
fn header(metadata: Value, tensors: &Tensors) -> String {
    let mut fields = Map::new();
    fields.insert("__metadata__".to_owned(), metadata);
    let mut at = 0;
    for (name, stored) in tensors.iter() {
        let end = at + 4 * stored.values.len();
        let tensor = json!({ "dtype": "F32", "shape": stored.shape, "data_offsets": [at, end] });
        fields.insert(name.clone(), tensor);
        at = end;
    }
    let mut header = Value::Object(fields).to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    header
}

/// The metadata's document, where it has one, and the tensors of a file.
fn read_tensors(path: &Path) -> Result<(Option<String>, Tensors)> {
    let bytes = std::fs::read(path).map_err(|source| io_error(path, "read", source))?;
    let (length, header) = SafeTensors::read_metadata(&bytes).map_err(|error| {
        let found = error.to_string();
        problem(path, "header", "a safetensors file", found, DAMAGED)
    })?;
    let mut tensors = Tensors::default();
    for (name, info) in header.tensors() {
        if info.dtype != Dtype::F32 {
            let (part, found) = (format!("tensor `{name}`"), format!("{:?}", info.dtype));
            return Err(problem(path, &part, "f32", found, NOT_OURS));
        }
        let (from, to) = info.data_offsets;
        let (words, _) = bytes[8 + length + from..8 + length + to].as_chunks::<4>();
        let stored = Stored {
            shape: info.shape.clone(),
            values: words.iter().map(|word| f32::from_le_bytes(*word)).collect(),
        };
        tensors.insert_stored(name, stored);
    }
    let about = header.metadata().as_ref();
    Ok((about.and_then(|about| about.get(KEY)).cloned(), tensors))
}

/// The weights of a checkpoint, or of a file of weights alone.
pub(super) fn read_weights(path: &Path) -> Result<Tensors> {
    match read_tensors(path)? {
        (None, tensors) => Ok(tensors),
        (Some(_), _) => Ok(read(path)?.state.model),
    }
}

/// Reads a checkpoint and checks its layout, its version and its digest.
pub(super) fn read(path: &Path) -> Result<Document> {
    let wrong =
        |part: &str, expected: &str, found, remedy| problem(path, part, expected, found, remedy);
    let (json, mut tensors) = read_tensors(path)?;
    let json = json.ok_or_else(|| {
        let key = format!("a key `{KEY}`");
        wrong("metadata", &key, "none".to_owned(), NOT_OURS)
    })?;
    // First the version, so that a file of another one is named as such.
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let bad_json =
        |e: serde_json::Error| wrong("metadata", "a valid document", e.to_string(), DAMAGED);
    let Version { version } = serde_json::from_str(&json).map_err(bad_json)?;
    if version != VERSION {
        let (part, expected) = ("metadata field `version`", VERSION.to_string());
        let remedy = "resume with the version of this library that wrote it";
        return Err(wrong(part, &expected, version.to_string(), remedy));
    }
    let mut document: Document = serde_json::from_str(&json).map_err(bad_json)?;
    // As it was written, not as it was understood: two spellings of a number are two files.
    let mut hash = Sha256::new().chain_update(json.replacen(&document.digest, "", 1));
    tensors.hash(&mut hash);
    let found = hex(hash);
    if found != document.digest {
        return Err(wrong("digest", &document.digest, found, DAMAGED));
    }
    let state = &mut document.state;
    state.model = tensors.split_within("model");
    if let Some(within) = &mut state.within {
        within.optimizer.tensors = tensors.split_within("optimizer");
        let some = |part: Tensors| (!part.is_empty()).then_some(part);
        within.kept = some(tensors.split_within("kept"));
        within.carry = some(tensors.split_within("carry"));
    }
    match tensors.names().next() {
        None => Ok(document),
        Some(name) => {
            let (part, found) = (format!("tensor `{name}`"), "a further tensor".to_owned());
            let expected = "only the tensors that the metadata describes";
            Err(wrong(&part, expected, found, DAMAGED))
        }
    }
}

fn problem(path: &Path, part: &str, expected: &str, found: String, remedy: &'static str) -> Error {
    Error::Checkpoint {
        path: path.to_owned(),
        part: part.to_owned(),
        expected: expected.to_owned(),
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
