//! `ulmfit predict`: label and probabilities, one JSON object for each input, in order.

use std::io::Write;
use std::path::PathBuf;

use ulmfit::prelude::*;

/// Print label and probabilities of texts: one JSON object for each input, in order.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The classifier's file.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// A text to classify.
    #[arg(required_unless_present = "jsonl", conflicts_with = "jsonl")]
    text: Option<String>,
    /// A file with one JSON object a line, or - for the standard input.
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    /// The field of the text in a JSON object.
    #[arg(long, default_value = "text")]
    text_field: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let texts = match (&args.text, &args.jsonl) {
        (Some(text), _) => vec![text.clone()],
        (None, Some(path)) => super::texts(path, Some(&args.text_field))?,
        (None, None) => Vec::new(),
    };
    let predictor = Predictor::load(&args.model, &Device::default())?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for prediction in predictor.predict_all(&texts) {
        let shares = predictor.classes().iter().zip(&prediction.probabilities);
        let shares: serde_json::Map<_, _> = shares.map(|(c, p)| (c.clone(), (*p).into())).collect();
        let line = serde_json::json!({ "label": prediction.label, "probabilities": shares });
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
