//! Texts of a file or of the standard input, line by line, some megabytes at a time.

use std::io::{self, BufRead};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

/// Text that is held at one time.
const CHUNK_BYTES: usize = 4 << 20;

/// Calls `work` with the texts of a file or, for `-`, of the standard input, in order and some megabytes at a time: one
/// a line, or with `field` that field of a JSON object a line.
pub(crate) fn for_each_chunk(
    path: &Path,
    field: Option<&str>,
    mut work: impl FnMut(&[String]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = std::fs::File::open(path).map_err(|error| {
            anyhow!(
                "cannot open {}: {error}; check that the path is right and that you may read it",
                path.display()
            )
        })?;
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
    let value: serde_json::Value = serde_json::from_str(line).map_err(|error| {
        anyhow!("expected a JSON object with the field `{field}`, found no JSON ({error}); mend or remove the line")
    })?;
    let found = match &value {
        serde_json::Value::Object(object) => match object.get(field) {
            Some(serde_json::Value::String(text)) => return Ok(text.clone()),
            Some(_) => "something else in it".to_owned(),
            None if object.is_empty() => "no field".to_owned(),
            None => {
                let names: Vec<String> = object.keys().map(|name| format!("`{name}`")).collect();
                format!("the fields {}", names.join(", "))
            }
        },
        _ => "no object".to_owned(),
    };
    bail!(
        "expected a string in the field `{field}`, found {found}; name the text's field as --text-field"
    )
}
