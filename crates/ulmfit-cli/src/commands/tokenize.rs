//! `ulmfit tokenize`: text to tokens, one JSON object for each input, in order.

use std::io::Write;
use std::path::PathBuf;

use ulmfit::data::Format;
use ulmfit::prelude::*;
use ulmfit::text::{SubwordModel, WordSplit};

use crate::options::compute::Threads;
use crate::options::source::Columns;
use crate::options::stream::{Strict, for_each_chunk};

/// Print the tokens of texts: one JSON object for each input, in order.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A file with a text on every line or in any format that training reads, or - for the standard input.
    file: PathBuf,
    /// Text rules: standard, fastai_v2, fastai_v1 or paper.
    #[arg(long, default_value_t)]
    rules: RulePreset,
    /// Word splitter: english, whitespace, punctuation, characters, or a Hugging Face tokenizer.json.
    #[arg(long, default_value = "english", value_parser = splitter)]
    tokenizer: WordSplit,
    /// The input is one JSON object a line.
    #[arg(long)]
    jsonl: bool,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    strict: Strict,
    #[command(flatten)]
    threads: Threads,
}

/// A splitter by name, or a subword model by its file.
fn splitter(name: &str) -> Result<WordSplit, ulmfit::text::Error> {
    if name.ends_with(".json") {
        SubwordModel::from_file(name).map(WordSplit::Subword)
    } else {
        name.parse()
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    args.threads.set()?;
    let config = TokenizerConfig::new()
        .with_rules(args.rules)
        .with_words(args.tokenizer.clone());
    let tokenizer = config.init();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let source = args.columns.source(&args.file)?;
    let source = match args.jsonl {
        true => source.with_format(Format::Jsonl),
        false => source,
    };
    for_each_chunk(source, args.strict, |texts| {
        for tokens in tokenizer.tokenize_all(texts) {
            writeln!(out, "{}", serde_json::json!({ "tokens": tokens }))?;
        }
        Ok(out.flush()?)
    })
}
