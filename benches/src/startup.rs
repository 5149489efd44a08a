//! From the start of a process to the first prediction of a full-size model.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::{Value, json};
use ulmfit::model::{Random, Storage};
use ulmfit::prelude::*;

use crate::median;
use crate::memory::status_mb;
use crate::quiet::Reps;

/// Time from the start of a process to its first prediction, with a model of 60,000 words, 400/1152/3.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Processes that are started.
    #[arg(long, default_value_t = 5)]
    reps: usize,
    /// How the file has its matrices: f32, f16 or int8.
    #[arg(long, default_value_t)]
    storage: Storage,
    /// Load this model and predict, in this process: what the started processes do.
    #[arg(long, hide = true)]
    model: Option<PathBuf>,
    /// Then predict ten times more, in this process.
    #[arg(long, hide = true)]
    warm: bool,
}

const TEXT: &str = "This was a surprisingly good film, and I don't say that often. ";

pub(crate) fn run(args: &Args) -> anyhow::Result<Value> {
    if let Some(path) = &args.model {
        return predict(path, args.warm);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.safetensors");
    make(&path, args.storage)?;
    let started = |more: &[&str]| -> anyhow::Result<Value> {
        let mut command = Command::new(std::env::current_exe()?);
        let out = command
            .arg("startup")
            .args(more)
            .arg("--model")
            .arg(&path)
            .output()?;
        serde_json::from_slice(&out.stdout).context("the started process's line")
    };
    let (mut reps, mut cold) = (Reps::new(), Value::Null);
    for _ in 0..args.reps {
        cold = reps.time(|| started(&[]))?;
    }
    let warm = started(&["--warm"])?;
    let size = std::fs::metadata(&path)?.len() as f64 / 1e6;
    Ok(json!({
        "bench": "startup", "storage": args.storage.to_string(), "process_s": reps.median(), "clean": reps.clean(), "all": reps.seconds(), "file_MB": size, "cold": cold, "warm": warm,
    }))
}

fn predict(path: &Path, warm: bool) -> anyhow::Result<Value> {
    let start = Instant::now();
    let predictor = Predictor::load(path, &Device::default())?;
    let loaded = start.elapsed().as_secs_f64();
    let text = TEXT.repeat(5);
    predictor.predict(&text);
    let first = start.elapsed().as_secs_f64();
    let again = |_| {
        let start = Instant::now();
        predictor.predict(&text);
        1e3 * start.elapsed().as_secs_f64()
    };
    let times: Vec<f64> = (0..if warm { 10 } else { 0 }).map(again).collect();
    Ok(json!({
        "load_s": loaded, "first_predict_s": first - loaded, "rss_MB": status_mb("VmHWM"),
        "warm_predict_ms": (!times.is_empty()).then(|| median(times)),
    }))
}

fn make(path: &Path, storage: Storage) -> anyhow::Result<()> {
    let config = TokenizerConfig::new();
    let words: Vec<String> = (0..59_991).map(|i| format!("w{i}")).collect();
    let texts = [TEXT.to_owned(), words.join(" ")];
    let vocab = VocabConfig::new()
        .with_min_freq(1)
        .build(&config.init().tokenize_all(&texts));
    let text = TextEncoding::new(config, vocab);
    let device = Device::default();
    let sizes = AwdLstmConfig::new(text.vocab().len());
    let encoder = sizes.init(&mut Random::new(0), &device)?;
    let model = ClassifierConfig::new(2).init(encoder, 1, &device)?;
    let model = TextClassifier::new(text, model, vec!["neg".into(), "pos".into()])?;
    Ok(model.save_as(path, storage)?)
}
