//! `ulmfit tokenize`: text to tokens, one JSON object for each input, in order.

use std::io::Write;
use std::path::PathBuf;

use ulmfit::prelude::*;
use ulmfit::text::{SubwordModel, WordSplit};

use super::Execute;
use crate::options::common::Common;
use crate::options::source::Columns;
use crate::options::stream::{Stream, Strict};

/// Print the tokens of texts, one JSON object each
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
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    strict: Strict,
}

/// A splitter by name, or a subword model by its file.
fn splitter(name: &str) -> Result<WordSplit, ulmfit::text::Error> {
    if name.ends_with(".json") {
        SubwordModel::from_file(name).map(WordSplit::Subword)
    } else {
        name.parse()
    }
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        common.set_threads()?;
        let config = TokenizerConfig::new()
            .with_rules(self.rules)
            .with_words(self.tokenizer.clone());
        let tokenizer = config.init();
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let source = self.columns.source(&self.file)?;
        let mut stream = Stream::open(source, self.strict);
        while let Some(documents) = stream.next()? {
            let texts: Vec<String> = documents.into_iter().map(|(text, _)| text).collect();
            for tokens in tokenizer.tokenize_all(&texts) {
                writeln!(out, "{}", serde_json::json!({ "tokens": tokens }))?;
            }
            out.flush()?;
        }
        Ok(())
    }
}
