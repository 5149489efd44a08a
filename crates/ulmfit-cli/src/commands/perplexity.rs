//! `ulmfit perplexity`: how well a language model knows a text.

use std::io::Write as _;

use serde_json::json;
use ulmfit::data::DocumentOrder;
use ulmfit::prelude::*;
use ulmfit::text::Special;
use ulmfit::train::evaluate_language_model;

use super::Execute;
use crate::options::common::Common;
use crate::options::number::{MANY, whole};
use crate::options::text_files::Given;

/// Print how well a language model predicts text: loss, perplexity, unknown words
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The language model's file, or english: the one that is built in.
    #[arg(value_parser = str::parse::<Pretrained>)]
    model: Pretrained,
    #[command(flatten)]
    texts: Given,
    /// Rows of a batch; the hidden state is carried along each.
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    batch_size: usize,
    /// Tokens of a row.
    #[arg(long, default_value_t = 70, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    seq_len: usize,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let Some(TextLanguageModel { text, model }) = self.model.load(&common.device()?)? else {
            anyhow::bail!("expected a language model, found `none`; name its file");
        };
        let documents = self.texts.ids(&text)?;
        let unknown = Special::Unk.id();
        let all = documents.iter().map(Vec::len).sum::<usize>();
        let unknown = documents.iter().flatten().filter(|&&id| id == unknown);
        let unknown = unknown.count() as f64 / all.max(1) as f64;
        let loader = LmLoaderConfig::new()
            .with_batch_size(self.batch_size)
            .with_seq_len(self.seq_len)
            .with_order(DocumentOrder::Kept)
            .build(documents)?;
        let scores = evaluate_language_model(&model, &loader);
        if !common.talk.is_json() {
            return Ok(writeln!(
                std::io::stdout(),
                "perplexity {:.2}, loss {:.4}, accuracy {:.2} %, {} tokens, {:.2} % unknown",
                scores.perplexity(),
                scores.loss,
                100.0 * scores.accuracy,
                scores.tokens,
                100.0 * unknown,
            )?);
        }
        common.talk.result(json!({
            "perplexity": scores.perplexity(),
            "loss": scores.loss,
            "accuracy": scores.accuracy,
            "tokens": scores.tokens,
            "unknown": unknown,
        }))
    }
}
