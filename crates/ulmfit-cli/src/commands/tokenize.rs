//! `ulmfit tokenize`: text to tokens, one JSON object for each input, in order.

use std::io::Write;
use std::path::PathBuf;

use ulmfit::prelude::*;
use ulmfit::text::WordSplit;

/// Print the tokens of texts: one JSON object for each input, in order.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A file with a text on every line, or - for the standard input.
    file: PathBuf,
    /// Text rules: standard, fastai_v2, fastai_v1 or paper.
    #[arg(long, default_value_t)]
    rules: RulePreset,
    /// Word splitter: english, whitespace, punctuation or characters.
    #[arg(long, default_value_t)]
    tokenizer: WordSplit,
    /// The input is one JSON object a line.
    #[arg(long)]
    jsonl: bool,
    /// The field of the text in a JSON object.
    #[arg(long, default_value = "text")]
    text_field: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let field = args.jsonl.then_some(args.text_field.as_str());
    let config = TokenizerConfig::new()
        .with_rules(args.rules)
        .with_words(args.tokenizer);
    let tokenizer = config.init();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    super::for_each_chunk(&args.file, field, |texts| {
        for tokens in tokenizer.tokenize_all(texts) {
            writeln!(out, "{}", serde_json::json!({ "tokens": tokens }))?;
        }
        Ok(())
    })?;
    Ok(out.flush()?)
}
