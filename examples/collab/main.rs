//! Users, items and stars: vectors and biases, fast.ai's collaborative filtering on the parts of this library, and what
//! it says of a user whom nobody knows.
//!
//! ```text
//! cargo run --release --example collab                          generated ratings
//! cargo run --release --example collab -- --data ratings.csv    a CSV file with a header: user, item, stars
//! ```

#[path = "../shared/embedding.rs"]
mod embedding;
#[path = "../shared/exit.rs"]
mod exit;
mod generated;
mod lesson;
mod model;
mod ratings;
mod report;
#[path = "../shared/table.rs"]
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Parser;
use ulmfit::prelude::*;
use ulmfit::train::observe::History;
use ulmfit::train::schedule::GroupRates;
use ulmfit::train::{Learner as _, Scores, fit};

use lesson::Stars;
use model::Sizes;
use ratings::Ratings;
use table::Table;

/// The fewest steps of a stage, unless the epochs are given.
const LEAST_STEPS: usize = 1000;

/// Predicts the stars that a user would give an item.
#[derive(Debug, Parser)]
struct Options {
    /// A CSV file with a header whose first three columns are user, item and stars; default: generated ratings.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The width of the vectors of users and items.
    #[arg(long, default_value_t = 8)]
    factors: usize,
    /// Passes over the ratings in each of the two stages; default: 8, more where the ratings are few.
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
    ensure!(
        (1..=1024).contains(&options.factors),
        "--factors: expected 1 to 1024, found {}; leave it out for 8",
        options.factors
    );
    ensure!(
        options.epochs != Some(0),
        "--epochs: expected at least 1, found 0; leave it out"
    );
    let seed = options.seed;
    let (table, noise) = match &options.data {
        Some(path) => (Table::read(path)?, None),
        None => (
            generated::table(300, 120, 12_000, seed),
            Some(generated::NOISE),
        ),
    };
    let ratings = Ratings::of(&table, seed).with_context(|| table.name.clone())?;
    println!("{ratings}\n");

    let sizes = Sizes {
        users: ratings.users.len() + 1,
        items: ratings.items.len() + 1,
        factors: options.factors,
    };
    let model = sizes.init(ratings.mean(), seed, &Device::default().autodiff());
    // fast.ai's decay for this lesson: without it a user of three ratings gets a vector that means nothing.
    let adam = AdamConfig {
        decay: 0.1,
        ..AdamConfig::default()
    };
    let mut history = History::default();
    let lesson = Stars::new(&ratings, seed);
    // Biases that have not arrived would be too easy to beat.
    let epochs = options
        .epochs
        .unwrap_or(8.max(LEAST_STEPS.div_ceil(lesson.n_batches(0))));

    // The last group alone is the biases: what item and user say without each other.
    let biases = Stage::one_cycle("biases", epochs, Trained::Last(1), GroupRates::Same(2e-2));
    let mut train = |model, stage| {
        let training = Training::new([stage]).with_optimizer(adam);
        fit(&lesson, model, &training, &mut Run::new(&mut history))
    };
    let biases = train(model, biases)?;
    let all = Stage::one_cycle(
        "biases and vectors",
        epochs,
        Trained::All,
        GroupRates::Same(2e-2),
    );
    let both = train(biases.model, all)?;
    let rmse = |scores: Option<Scores>| scores.map_or(f64::NAN, |scores| scores.metrics[0].value);
    let (of_biases, of_all) = (rmse(biases.scores), rmse(both.scores));
    println!("{history}");

    println!("Held-out ratings of known users: root of the mean squared error in stars");
    println!(
        "  the mean rating      {:.4}",
        ratings.spread(&ratings.valid)
    );
    println!("  biases alone         {of_biases:.4}");
    println!("  biases and vectors   {of_all:.4}");
    if let Some(noise) = noise {
        println!("  noise in the stars   {noise:.4} and their rounding: nobody can do better");
    }
    report::cold_start(&both.model.with_average_unknown(), &ratings);
    Ok(())
}
