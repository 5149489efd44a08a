//! Step 3: a classifier on the encoder of 03, unfrozen group by group, each group at a rate of its own.
//! `cargo run --release --example 04_classifier`, after `03_fine_tune`

use std::path::PathBuf;

use ulmfit::prelude::*;
use ulmfit::train::observe::Console;
use ulmfit::train::{Run, Validate, steps};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(root).join("target/tour"));

    let device = Device::default();
    let language_model = TextLanguageModel::load(folder.join("reviews.lm.safetensors"), &device)
        .map_err(|error| format!("{error}; run the example 03_fine_tune first"))?;
    let set = ReviewSet::open(format!("{root}/examples/data"))?;
    let (train, valid) = (
        set.train,
        set.test.ok_or("examples/data/test.csv is missing")?,
    );

    // Gradual unfreezing is a list of stages. The last one trains all groups, here for four epochs.
    let mut recipe = Recipe::of(&Pretrained::english());
    Stage::set_last_epochs(&mut recipe.classifier.stages, Some(4));
    println!("Stage, trained groups, peak rate of each group, bottom first");
    let groups = 2 + language_model.model.encoder.config().layers;
    for stage in &recipe.classifier.stages {
        let rates = stage.rates.rates(groups)?;
        let rates: Vec<String> = rates.iter().map(|rate| format!("{rate:.5}")).collect();
        let trained = |group: &usize| stage.trained.includes(*group, groups);
        let last = (0..groups).filter(trained).count();
        println!("  {:<18} last {last}   {}", stage.name, rates.join(" "));
    }
    println!();

    let mut console = Console::new();
    let mut run = Run::new(&mut console).with_validate(Validate::AtEnd);
    let scored = steps::classify(
        &recipe,
        &language_model,
        &train,
        Some(&valid),
        &device,
        &mut run,
    )?;

    let classifier = scored.model;
    let scores = scored.scores.ok_or("no held-out sentences")?;
    let confusion = scores.confusion.with_names(&classifier.classes);
    let accuracy = 100.0 * confusion.accuracy();
    println!(
        "\naccuracy {accuracy:.1} % of {} held-out sentences\n\n{confusion}",
        valid.len()
    );

    let path = folder.join("reviews.safetensors");
    classifier.save(&path)?;
    println!("saved {}; next: 05_predict", path.display());
    Ok(())
}
