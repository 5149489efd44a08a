//! `ulmfit perplexity`: how well a language model knows a text.

use std::io::Write as _;

use serde_json::json;
use ulmfit::data::DocumentOrder;
use ulmfit::prelude::*;
use ulmfit::text::Special;
use ulmfit::train::evaluate_language_model;

use crate::options::compute::Compute;
use crate::options::number::{MANY, whole};
use crate::options::text_files::Given;
use crate::talk::Talk;

/// Print how well a language model predicts files of text: loss, perplexity and the share of unknown words.
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
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    talk: Talk,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let Some(TextLanguageModel { text, model }) = args.model.load(&args.compute.device()?)? else {
        anyhow::bail!("expected a language model, found `none`; name its file");
    };
    let documents = args.texts.ids(&text)?;
    let unknown = Special::Unk.id();
    let all = documents.iter().map(Vec::len).sum::<usize>();
    let unknown = documents.iter().flatten().filter(|&&id| id == unknown);
    let unknown = unknown.count() as f64 / all.max(1) as f64;
    let loader = LmLoaderConfig::new()
        .with_batch_size(args.batch_size)
        .with_seq_len(args.seq_len)
        .with_order(DocumentOrder::Kept)
        .build(documents)?;
    let scores = evaluate_language_model(&model, &loader);
    if !args.talk.is_json() {
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
    args.talk.result(json!({
        "perplexity": scores.perplexity(),
        "loss": scores.loss,
        "accuracy": scores.accuracy,
        "tokens": scores.tokens,
        "unknown": unknown,
    }))
}
