//! `ulmfit info`: what a model file holds.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};
use ulmfit::model::ModelInfo;

use super::Execute;
use crate::options::common::Common;
use crate::talk::visible;

/// Print what a model file holds: kind, task, classes, sizes, rules, storage
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A model file.
    model: PathBuf,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let info = ModelInfo::read(&self.model)?;
        let mut facts = vec![
            ("kind", json!(info.kind.to_string())),
            ("version", json!(info.format)),
        ];
        if let Some(sizes) = &info.encoder {
            facts.extend([
                ("cell", value(&sizes.cell)?),
                ("directions", value(&sizes.directions)?),
                ("embed", json!(sizes.embed)),
                ("hidden", json!(sizes.hidden)),
                ("layers", json!(sizes.layers)),
                ("vocabulary", json!(sizes.vocabulary)),
            ]);
        }
        facts.extend([
            ("rules", json!(info.tokenizer.rules.to_string())),
            ("words", json!(info.tokenizer.words.to_string())),
            ("fields", value(&info.tokenizer.fields)?),
            ("end", value(&info.tokenizer.end)?),
            ("direction", value(&info.tokenizer.direction)?),
        ]);
        if let Some(classifier) = &info.classifier {
            facts.extend([
                ("task", value(&classifier.task)?),
                ("head", json!(classifier.head.hidden)),
                ("pooling", value(&classifier.pooling)?),
                ("window", value(&classifier.window)?),
                ("cut", value(&classifier.cut)?),
            ]);
        }
        facts.extend([
            ("classes", json!(info.classes)),
            ("parameters", json!(info.parameters)),
            ("storage", json!(info.storage.to_string())),
            ("bytes", json!(info.bytes)),
        ]);
        let mut out = std::io::stdout().lock();
        if common.talk.is_json() {
            let object: serde_json::Map<_, _> = facts
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            return Ok(writeln!(out, "{}", Value::Object(object))?);
        }
        let sizes = info.encoder.as_ref().map(|sizes| {
            let (embed, hidden, layers) = (sizes.embed, sizes.hidden, sizes.layers);
            format!("embed {embed}, hidden {hidden}, layers {layers}")
        });
        for (name, value) in facts {
            let (name, text) = match name {
                "embed" => ("sizes", sizes.clone().unwrap_or_default()),
                "hidden" | "layers" => continue,
                name => (name, told(name, &value)),
            };
            if !text.is_empty() {
                writeln!(out, "{name:<11} {text}")?;
            }
        }
        Ok(())
    }
}

fn value(part: &impl Serialize) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(part)?)
}

/// A value for people.
fn told(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(|value| told("", value)).collect();
            match (name, list.len()) {
                ("classes", n) if n > 0 => format!("{n}: {}", list.join(", ")),
                _ => list.join(", "),
            }
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| match told("", value) {
                text if text == "null" => name.clone(),
                text => format!("{name} {text}"),
            });
            fields.collect::<Vec<_>>().join(", ")
        }
        other => match name {
            "vocabulary" => format!("{other} tokens"),
            _ => other.to_string(),
        },
    }
}
