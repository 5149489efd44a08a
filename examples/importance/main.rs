//! Which hyper-parameter mattered? A random forest over the logs of runs answers by permutation.
//!
//! ```text
//! cargo run --release --example importance                      trains some tiny language models first
//! cargo run --release --example importance -- --data runs       a folder with, for each run, NAME.json and NAME.jsonl
//! ```
//!
//! `NAME.json` is an object of hyper-parameters, `NAME.jsonl` the log that `ulmfit::train::observe::JsonLog` writes.

#[path = "../shared/exit.rs"]
mod exit;
mod forest;
mod logs;
mod runs;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Parser;
use ulmfit::model::Random;

use forest::Forest;
use logs::Runs;

/// Ranks hyper-parameters by what a random forest loses without them.
#[derive(Debug, Parser)]
struct Options {
    /// A folder with NAME.json (hyper-parameters) and NAME.jsonl (log) for each run; default: runs are made.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Runs to make.
    #[arg(long, default_value_t = 48, conflicts_with = "data")]
    runs: usize,
    /// Keep the files of the runs that are made in this folder, which must be empty or absent.
    #[arg(long, value_name = "FOLDER", conflicts_with = "data")]
    keep: Option<PathBuf>,
    /// Trees of the forest.
    #[arg(long, default_value_t = 300)]
    trees: usize,
    /// The seed of every random number.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    exit::with(run(&Options::parse()))
}

fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(
        options.trees > 0,
        "--trees: expected at least 1, found 0; leave it out for 300"
    );
    ensure!(
        options.runs >= logs::LEAST,
        "--runs: expected at least {}, found {}; leave it out for 48",
        logs::LEAST,
        options.runs
    );
    let made = tempfile::tempdir().context("a folder for the runs")?;
    let folder = match (&options.data, &options.keep) {
        (Some(folder), _) => folder.as_path(),
        (None, kept) => {
            let folder = kept.as_deref().unwrap_or(made.path());
            runs::make(folder, options.runs, options.seed)?;
            folder
        }
    };
    let runs = Runs::read(folder)?;
    println!("{runs}\n");

    let forest = Forest::grow(
        &runs.settings,
        &runs.losses,
        options.trees,
        &mut Random::new(options.seed),
    );
    println!(
        "The forest explains {:.0} % of the variance of the losses that it has not seen (R2).\n",
        100.0 * forest.r2
    );
    println!("What it loses where a hyper-parameter is shuffled, as a share of the variance");
    let mut order: Vec<usize> = (0..runs.names.len()).collect();
    order.sort_by(|&a, &b| forest.importance[b].total_cmp(&forest.importance[a]));
    for place in order {
        let share = forest.importance[place];
        let bar = "#".repeat((share.clamp(0.0, 2.0) * 30.0).round() as usize);
        println!("  {:<14} {share:>7.3}  {bar}", runs.names[place]);
    }
    let best = runs
        .losses
        .iter()
        .copied()
        .enumerate()
        .min_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((best, loss)) = best {
        let pairs = runs.names.iter().zip(&runs.settings[best]);
        let shown: Vec<String> = pairs
            .map(|(name, value)| format!("{name} {}", logs::short(*value)))
            .collect();
        println!(
            "\nThe best run has the loss {loss:.4}: {}",
            shown.join(", ")
        );
    }
    Ok(())
}
