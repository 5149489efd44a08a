//! Runs to learn from: tiny language models over characters, each with hyper-parameters drawn at random.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::json;
use ulmfit::data::LmLoader;
use ulmfit::model::Random;
use ulmfit::prelude::*;
use ulmfit::train::observe::JsonLog;
use ulmfit::train::schedule::GroupRates;
use ulmfit::train::{LmLearner, fit};

/// Characters of the bundled reviews that a run reads.
const TRAIN: usize = 24_000;
/// Characters that are held out.
const VALID: usize = 6_000;

/// Makes `n` runs and writes the files `run-000.json`, `run-000.jsonl` and so on into `folder`.
///
/// # Errors
/// If the folder has files already or cannot be written.
pub(crate) fn make(folder: &Path, n: usize, seed: u64) -> anyhow::Result<()> {
    let at = || format!("--keep {}", folder.display());
    fs::create_dir_all(folder).with_context(at)?;
    let used = fs::read_dir(folder).with_context(at)?.next().is_some();
    ensure!(
        !used,
        "--keep {}: expected an empty folder, found files in it; choose another",
        folder.display()
    );
    let (train, valid, n_ids) = characters()?;
    let mut random = Random::new(seed);
    for run in 0..n {
        let mut unit = || f64::from(random.unit());
        // Rate and decay over decades; the run's seed is there to show what chance looks like.
        let rate = 10_f64.powf(-3.5 + 2.5 * unit());
        let decay = 10_f64.powf(-4.0 + 3.0 * unit());
        let dropout = unit();
        let hidden = [16, 32, 64][(3.0 * unit()) as usize % 3];
        let run_seed = (1000.0 * unit()) as u64;
        let settings = json!({
            "rate": rate, "decay": decay, "dropout": dropout, "hidden": hidden, "seed": run_seed,
        });
        fs::write(
            folder.join(format!("run-{run:03}.json")),
            format!("{settings:#}\n"),
        )
        .with_context(at)?;

        let sizes = AwdLstmConfig::new(n_ids).with_sizes(16, hidden, 1);
        let config = LanguageModelConfig::new(sizes)
            .with_dropouts(Dropouts::language_model().scaled(dropout));
        let model = config.init(run_seed, &Device::default().autodiff())?;
        let mut log = JsonLog::create(folder.join(format!("run-{run:03}.jsonl")))?;
        let adam = AdamConfig {
            decay,
            ..AdamConfig::default()
        };
        let mut run = Run::new(&mut log).with_seed(run_seed);
        let stages = [Stage::one_cycle(
            "run",
            2,
            Trained::All,
            GroupRates::Same(rate),
        )];
        let training = Training::new(stages).with_optimizer(adam);
        let learner = LmLearner::new(&train).with_valid(&valid);
        fit(&learner, model, &training, &mut run)?;
    }
    Ok(())
}

/// Loaders over the characters of the bundled reviews, and the number of ids.
fn characters() -> anyhow::Result<(LmLoader, LmLoader, usize)> {
    let set = ReviewSet::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data"))?;
    let text: Vec<char> = set
        .train
        .texts()
        .join("\n")
        .chars()
        .take(TRAIN + VALID)
        .collect();
    let mut alphabet = text.clone();
    alphabet.sort_unstable();
    alphabet.dedup();
    // Ids from 2 on: 1 is padding.
    let ids: Vec<u32> = text
        .iter()
        .filter_map(|c| alphabet.binary_search(c).ok())
        .map(|place| place as u32 + 2)
        .collect();
    let (train, valid) = ids.split_at(TRAIN.min(ids.len()));
    let loader = |part: &[u32]| {
        LmLoaderConfig::new()
            .with_batch_size(16)
            .with_seq_len(32)
            .build(vec![part.to_vec()])
    };
    Ok((loader(train)?, loader(valid)?, alphabet.len() + 2))
}
