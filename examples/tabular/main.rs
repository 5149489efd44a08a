//! A table to classes: embeddings of categories, medians in place of missing numbers, two layers, fast.ai's tabular
//! learner on the parts of this library.
//!
//! ```text
//! cargo run --release --example tabular                              a generated table with a known rule
//! cargo run --release --example tabular -- --data adult.csv.zst      a CSV file with a header, or a folder with one
//! ```

mod columns;
#[path = "../shared/embedding.rs"]
mod embedding;
#[path = "../shared/exit.rs"]
mod exit;
mod generated;
mod kind;
mod lesson;
#[path = "../shared/linear.rs"]
mod linear;
mod model;
#[path = "../shared/table.rs"]
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use ulmfit::prelude::*;
use ulmfit::train::fit;
use ulmfit::train::observe::History;
use ulmfit::train::schedule::{GroupRates, OneCycle};

use columns::Encoder;
use lesson::Classes;
use model::TabularConfig;
use table::Table;

/// A classifier of a table's rows.
#[derive(Debug, Parser)]
struct Options {
    /// A CSV file with a header, plain, .gz or .zst, or a folder with one such file; default: a generated table.
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// The column to predict; default: the last.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Passes over the training rows; default: 3, and 10 over the generated ones.
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// The seed of every random number.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    exit::with(run(&Options::parse()))
}

fn run(options: &Options) -> anyhow::Result<()> {
    let epochs = options
        .epochs
        .unwrap_or(if options.data.is_some() { 3 } else { 10 });
    ensure!(
        epochs > 0,
        "--epochs: expected at least 1, found 0; leave it out for 3"
    );
    let (table, truth) = match &options.data {
        Some(path) => (Table::read(&the_file(path)?)?, None),
        None => {
            let (table, truth) = generated::table(8000, options.seed);
            (table, Some(truth))
        }
    };
    let target = match &options.target {
        Some(name) => table
            .names
            .iter()
            .position(|known| known == name)
            .with_context(|| {
                let there = table.names.join(", ");
                format!(
                    "--target: expected a column of {}, found `{name}`; name one of {there}",
                    table.name
                )
            })?,
        None => table.names.len() - 1,
    };

    // The last fifth in file order is held out: rows that come later, as in use. Nothing is learned from them.
    let n = table.rows.len();
    let first = n - n / 5;
    let at = || table.name.clone();
    let encoder = Encoder::learn(&table, first, target).with_context(at)?;
    let train = encoder.rows(&table, 0..first).with_context(at)?;
    let valid = encoder.rows(&table, first..n).with_context(at)?;
    println!("{n} rows, the last {} held out; {encoder}\n", n - first);

    let config = TabularConfig {
        layers: vec![200, 100],
        ..TabularConfig::of(&encoder)
    };
    let model = config.init(options.seed, &Device::default().autodiff());
    let lesson = Classes::new(&train, &valid, options.seed)?;
    let mut history = History::default();
    // fast.ai's momentum outside of text.
    let schedule = OneCycle {
        momentum: [0.95, 0.85, 0.95],
        ..OneCycle::default()
    };
    let rates = GroupRates::Same(5e-3);
    let stages = [Stage::one_cycle("table", epochs, Trained::All, rates).with_schedule(schedule)];
    let mut run = Run::new(&mut history).with_seed(options.seed);
    let fitted = fit(&lesson, model, &Training::new(stages), &mut run)?;
    println!("{history}");

    let accuracy = fitted.scores.map(|scores| scores.metrics[0].value);
    println!(
        "accuracy                   {:.2} % of {} held-out rows",
        100.0 * accuracy.unwrap_or(f64::NAN),
        valid.len()
    );
    let (class, share) = valid.most_frequent();
    println!(
        "{:<26} {:.2} %",
        format!("always `{}`", encoder.classes()[class as usize]),
        100.0 * share
    );
    // The rule is that of the last column.
    if let Some(truth) = truth.filter(|_| options.target.is_none()) {
        let hits = truth[first..]
            .iter()
            .zip(&table.rows[first..])
            .filter(|(truth, row)| **truth == row[target]);
        println!(
            "best possible              {:.2} %",
            100.0 * hits.count() as f64 / (n - first) as f64
        );
    }
    Ok(())
}

/// The file itself, or the only CSV file of a folder.
fn the_file(path: &Path) -> anyhow::Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let entries =
        std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
    let is_csv = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        [".csv", ".csv.gz", ".csv.zst"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_csv)
        .collect();
    match files.as_slice() {
        [file] => Ok(file.clone()),
        _ => bail!(
            "{}: expected one CSV file, found {}; name the file",
            path.display(),
            files.len()
        ),
    }
}
