//! One file for each command.

pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod info;
pub(crate) mod predict;
pub(crate) mod tokenize;

use std::io::{self, BufRead};
use std::path::Path;

use anyhow::{Context as _, bail};

/// The texts of a file or, for `-`, of the standard input: one a line, or with `field` that field of a JSON object a line.
fn texts(path: &Path, field: Option<&str>) -> anyhow::Result<Vec<String>> {
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
        Box::new(io::BufReader::new(file))
    };
    let mut texts = Vec::new();
    for (index, line) in reader.lines().enumerate() {
        let place = || format!("{}, line {}", path.display(), index + 1);
        let line = line.with_context(place)?;
        let Some(field) = field else {
            texts.push(line);
            continue;
        };
        let object: serde_json::Value = serde_json::from_str(&line).with_context(place)?;
        match object.get(field).and_then(serde_json::Value::as_str) {
            Some(text) => texts.push(text.to_owned()),
            None => bail!(
                "{}: expected a string in the field `{field}`, found {object}",
                place()
            ),
        }
    }
    Ok(texts)
}
