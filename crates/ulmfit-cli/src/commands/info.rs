//! `ulmfit info`: what a model file holds.

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;
use ulmfit::model::ModelInfo;

/// Print what a model file holds: kind, version, sizes, vocabulary, rules, classes, parameters, storage.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A model file.
    file: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let info = ModelInfo::read(&args.file)?;
    let sizes = info.encoder.as_ref();
    if args.json {
        let object = json!({
            "kind": info.kind.to_string(),
            "version": info.format,
            "embed": sizes.map(|sizes| sizes.embed),
            "hidden": sizes.map(|sizes| sizes.hidden),
            "layers": sizes.map(|sizes| sizes.layers),
            "vocabulary": sizes.map(|sizes| sizes.vocabulary),
            "rules": info.tokenizer.rules.to_string(),
            "words": info.tokenizer.words.to_string(),
            "classes": info.classes,
            "parameters": info.parameters,
            "storage": info.storage.to_string(),
            "bytes": info.bytes,
        });
        return Ok(writeln!(std::io::stdout(), "{object}")?);
    }
    let mut lines = vec![
        ("kind", info.kind.to_string()),
        ("version", info.format.to_string()),
    ];
    if let Some(sizes) = sizes {
        let (embed, hidden, layers) = (sizes.embed, sizes.hidden, sizes.layers);
        lines.push((
            "sizes",
            format!("embed {embed}, hidden {hidden}, layers {layers}"),
        ));
        lines.push(("vocabulary", format!("{} tokens", sizes.vocabulary)));
    }
    lines.push(("rules", info.tokenizer.rules.to_string()));
    lines.push(("words", info.tokenizer.words.to_string()));
    if !info.classes.is_empty() {
        let names = info.classes.join(", ");
        lines.push(("classes", format!("{}: {names}", info.classes.len())));
    }
    lines.push(("parameters", info.parameters.to_string()));
    lines.push(("storage", info.storage.to_string()));
    lines.push(("bytes", info.bytes.to_string()));
    let mut out = std::io::stdout().lock();
    for (name, value) in lines {
        writeln!(out, "{name:<11} {value}")?;
    }
    Ok(())
}
