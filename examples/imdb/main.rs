//! The main job: the three steps of ULMFiT on film reviews, beside a linear model and ULMFiT from scratch.
//!
//! ```text
//! cargo run --release --example imdb                          the bundled sample, under three minutes
//! cargo run --release --example imdb -- --data aclImdb        the official reviews (folder or .tar.gz)
//! cargo run --release --example imdb -- --recipe dl2 --print-recipe   every number of a recipe, with its source
//! cargo run --release --example imdb -- --help                every option
//! ```

mod options;
mod report;
mod rows;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::Parser as _;
use ulmfit::device;
use ulmfit::prelude::*;
use ulmfit::train::observe::{Console, History};
use ulmfit::train::{BothDirections, ClassifierScores, Run, steps};

use options::Options;
use rows::Rows;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    let pretrained = options.pretrained()?;
    let rows = Rows::read(options)?;
    let amount = Amount::of(rows.language_model_texts(), rows.train.texts());
    let recipe = options.recipe(amount, &pretrained)?;
    if options.print_recipe {
        print!("{}", recipe.to_toml()?);
        return Ok(());
    }
    let device = device::by_name(&options.device).map_err(|error| anyhow!("--device: {error}"))?;
    let precision = options.precision.set_on(&device);
    let precision = precision.map_err(|error| anyhow!("--precision: {error}"))?;
    println!("{rows}");
    println!("Matrix products in {precision} (--precision)");
    if let Some(note) = device::slow_start(&device) {
        println!("{note}");
    }

    let mut history = History::default();
    let mut watch = (Console::new(), &mut history);
    let mut run = Run::new(&mut watch)
        .with_seed(options.seed)
        .with_validate(options.validate);
    let (language_model, classifier, scores) =
        train(&pretrained, &recipe, &rows, &options.out, &device, &mut run)?;
    report::beside(&recipe, &rows, scores.as_ref())?;
    if options.data.is_none() && pretrained.is_some() {
        report::from_scratch(&rows, options.seed, &device)?;
    }
    if options.both_directions {
        println!("\nThe same, read backward");
        let mut recipe = recipe;
        recipe.tokenizer.direction = Direction::Backward;
        let path = BothDirections::backward_path(&options.out);
        let (_, second, _) = train(&pretrained, &recipe, &rows, &path, &device, &mut run)?;
        report::ensemble(&classifier, &second, &rows.valid)?;
        report::saved_and_loaded(&second, &rows.valid, &path, &device)?;
    }
    report::predictions(&classifier, &rows.valid)?;
    report::sentences(&language_model, options.seed);
    report::saved_and_loaded(&classifier, &rows.valid, &options.out, &device)
}

/// The three steps, and what they score. The language model, which takes longest, is saved beside `out` as soon as it is
/// there.
fn train(
    start: &Pretrained,
    recipe: &Recipe,
    rows: &Rows,
    out: &Path,
    device: &Device,
    run: &mut Run<'_>,
) -> anyhow::Result<(TextLanguageModel, TextClassifier, Option<ClassifierScores>)> {
    let texts = rows.language_model_texts();
    let language_model = match start.load(device)? {
        Some(pretrained) => {
            println!("\nStep 1  pretrained language model: {start}");
            println!("\nStep 2  fine-tuning it on {} texts", texts.len());
            steps::adapt(recipe, &pretrained, &texts, device, run)?
        }
        None => {
            println!(
                "\nStep 1  language model from scratch on {} texts",
                texts.len()
            );
            let model = steps::pretrain(recipe, &texts, device, run)?;
            println!(
                "        {} words in the vocabulary",
                model.text.vocab().len()
            );
            let target = rows.train.texts();
            println!(
                "\nStep 2  fine-tuning it on the {} labeled texts",
                target.len()
            );
            steps::finetune(recipe, model, &target, device, run)?
        }
    };
    let path = out.with_extension("lm.safetensors");
    language_model
        .save(&path)
        .with_context(|| format!("saving to {}", path.display()))?;
    println!("        saved as {}", path.display());
    println!(
        "\nStep 3  classifier on {} labeled reviews",
        rows.train.len()
    );
    let (train, valid) = (&rows.train, Some(&rows.valid));
    let classified = steps::classify(recipe, &language_model, train, valid, device, run)?;
    if let Some(scores) = &classified.scores {
        report::scores(scores);
    }
    Ok((language_model, classified.model, classified.scores))
}
