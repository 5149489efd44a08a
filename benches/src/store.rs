//! A corpus of any size to a vocabulary, a token store and a language model's batches, and what memory that takes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ulmfit::data::{Format, LmLoaderConfig, Source, TokenStore, count_tokens};
use ulmfit::prelude::*;
use ulmfit::text::VocabConfig;

use crate::memory::PeakAnon;

/// Write a large corpus, make vocabulary and token store of it, read an epoch of batches; with peaks of memory.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A text file; its lines are repeated until there are enough bytes.
    file: PathBuf,
    /// Megabytes of corpus.
    #[arg(long, default_value_t = 1000)]
    megabytes: u64,
    /// A new word after so many words, so that the text never stops having unseen ones.
    #[arg(long, default_value_t = 100)]
    rare_every: usize,
    /// Where corpus and store are written; a temporary folder by default, which is removed.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<serde_json::Value> {
    let temporary = tempfile::tempdir()?;
    let folder = args.out.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)?;
    let corpus = folder.join("corpus.txt");
    let bytes = write_corpus(
        &args.file,
        &corpus,
        args.megabytes * 1_000_000,
        args.rare_every,
    )?;

    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads)
        .build()?;
    let source = Source::new(&corpus).with_format(Format::Text);
    let tokenizer = TokenizerConfig::new().init();
    let (peak, start) = (PeakAnon::start(), Instant::now());
    let counts = pool.install(|| count_tokens(&source, &tokenizer))?;
    let (different, vocab) = (counts.len(), VocabConfig::new().build_from_counts(&counts));
    drop(counts);
    let counted = start.elapsed().as_secs_f64();
    let path = folder.join("corpus.tokens");
    let start = Instant::now();
    let store = pool.install(|| TokenStore::create(&path, &source, &tokenizer, &vocab))?;
    let (made, peak) = (start.elapsed().as_secs_f64(), peak.stop());

    let (stream_peak, start) = (PeakAnon::start(), Instant::now());
    let loader = LmLoaderConfig::new()
        .with_seq_len(70)
        .build(store.docs().clone())?;
    let batches = loader.epoch(0).count();
    let streamed = start.elapsed().as_secs_f64();
    let start = Instant::now();
    TokenStore::open(&path)?;
    let mb = bytes as f64 / 1e6;
    Ok(serde_json::json!({
        "work": "store", "threads": args.threads, "MB": mb, "docs": store.docs().len(),
        "tokens": store.docs().n_tokens(), "different_tokens": different, "vocab": vocab.len(),
        "count_s": counted, "count_MB_s": mb / counted, "store_s": made, "store_MB_s": mb / made,
        "peak_anon_MB": peak, "stream_peak_anon_MB": stream_peak.stop(), "batches": batches,
        "stream_tok_s": store.docs().n_tokens() as f64 / streamed,
        "open_s": start.elapsed().as_secs_f64(), "store_MB": std::fs::metadata(&path)?.len() as f64 / 1e6,
    }))
}

/// Lines of `from`, over and over, with a word that never occurred before after every `rare_every` words.
fn write_corpus(from: &Path, to: &Path, bytes: u64, rare_every: usize) -> anyhow::Result<u64> {
    let lines = Source::new(from).with_format(Format::Text).corpus()?;
    let mut out = BufWriter::new(File::create(to)?);
    let (mut written, mut words, mut rare) = (0, 0, 0_u64);
    for line in lines.texts().iter().cycle() {
        if written >= bytes {
            break;
        }
        words += line.split(' ').count();
        let mut end = String::from("\n");
        while words >= rare_every {
            words -= rare_every;
            rare += 1;
            // Letters alone: digits would be cut or marked.
            let letters = format!("{rare:07x}")
                .bytes()
                .map(|b| char::from(b'a' + b % 26))
                .collect::<String>();
            end.insert_str(
                0,
                &format!(" q{letters}{}", ["en", "ar", "os"][rare as usize % 3]),
            );
        }
        out.write_all(line.as_bytes())?;
        out.write_all(end.as_bytes())?;
        written += (line.len() + end.len()) as u64;
    }
    out.into_inner()?.sync_all()?;
    Ok(written)
}
