//! One file for each command.

pub(crate) mod export;
pub(crate) mod finetune;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod info;
mod language_model;
pub(crate) mod predict;
pub(crate) mod pretrain;
pub(crate) mod serve;
mod text_files;
pub(crate) mod tokenize;

use std::io::{self, BufRead};
use std::path::Path;

use anyhow::{Context as _, bail};

/// Text that is held at one time.
const CHUNK_BYTES: usize = 4 << 20;

/// Calls `work` with the texts of a file or, for `-`, of the standard input, in order and some megabytes at a time: one
/// a line, or with `field` that field of a JSON object a line.
fn for_each_chunk(
    path: &Path,
    field: Option<&str>,
    mut work: impl FnMut(&[String]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
        Box::new(io::BufReader::new(file))
    };
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    for (index, line) in reader.lines().enumerate() {
        let place = || format!("{}, line {}", path.display(), index + 1);
        let line = line.with_context(place)?;
        let text = match field {
            None => line,
            Some(field) => text_of(&line, field).with_context(place)?,
        };
        bytes += text.len() + 1;
        chunk.push(text);
        if bytes >= CHUNK_BYTES {
            work(&chunk)?;
            (chunk, bytes) = (Vec::new(), 0);
        }
    }
    work(&chunk)
}

/// The text in a field of a JSON object.
fn text_of(line: &str, field: &str) -> anyhow::Result<String> {
    let object: serde_json::Value = serde_json::from_str(line)?;
    match object.get(field).and_then(serde_json::Value::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => bail!("expected a string in the field `{field}`, found {object}"),
    }
}
