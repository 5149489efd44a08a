//! Text to ids: rules, words and vocabulary over a file with a document on every line.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use ulmfit::prelude::*;
use ulmfit::text::VocabConfig;

use crate::median;
use crate::memory::status_mb;

/// Tokenize and number the lines of a file (the peer's `bench_tok.py` writes one).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A file with a document on every line.
    file: PathBuf,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Repetitions; the median is printed.
    #[arg(long, default_value_t = 5)]
    reps: usize,
    /// Text rules.
    #[arg(long, default_value = "fastai_v2")]
    rules: RulePreset,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<serde_json::Value> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads)
        .build()?;
    let text = std::fs::read_to_string(&args.file).context("the file of documents")?;
    let docs: Vec<&str> = text.lines().collect();
    let encoding = pool.install(|| {
        let config = TokenizerConfig::new().with_rules(args.rules);
        let counts = ulmfit::data::count_tokens(&docs, &config.init())?;
        let vocab = VocabConfig::new().build_from_counts(&counts);
        anyhow::Ok(ulmfit::model::TextEncoding::new(config, vocab))
    })?;
    let (mut seconds, mut tokens) = (Vec::new(), 0);
    for _ in 0..args.reps {
        let start = Instant::now();
        let ids = pool.install(|| encoding.encode_all(&docs));
        seconds.push(start.elapsed().as_secs_f64());
        tokens = ids.iter().map(Vec::len).sum();
    }
    let start = Instant::now();
    std::hint::black_box(std::fs::read(&args.file)?);
    let read = start.elapsed().as_secs_f64();
    let seconds = median(seconds);
    Ok(serde_json::json!({
        "work": "tok", "rules": args.rules.to_string(), "threads": args.threads,
        "docs": docs.len(), "MB": text.len() as f64 / 1e6, "vocab": encoding.vocab().len(),
        "s": seconds, "docs_s": docs.len() as f64 / seconds, "tok_s": tokens as f64 / seconds,
        "MB_s": text.len() as f64 / 1e6 / seconds, "read_s": read, "peak_rss_MB": status_mb("VmHWM"),
    }))
}
