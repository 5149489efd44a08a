//! The main job: the three steps of ULMFiT on film reviews.
//!
//! ```text
//! cargo run --release --example imdb                          the bundled sample, about a minute
//! cargo run --release --example imdb -- --data aclImdb        the official reviews (folder or .tar.gz)
//! cargo run --release --example imdb -- --help                every option
//! ```

mod device;
mod options;
mod report;
mod rows;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use ulmfit::prelude::*;
use ulmfit::train::observe::{Console, History};
use ulmfit::train::{evaluate_classifier, steps, steps::Run};

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
    let device = device::find(&options.device)?;
    let rows = Rows::read(options)?;
    println!("{rows}");
    let recipe = options.recipe();
    let texts = rows.language_model_texts();

    let mut history = History::default();
    let mut watch = (Console::new(), &mut history);
    let mut run = Run {
        seed: options.seed,
        checkpoints: None,
        observer: &mut watch,
    };

    let language_model = match &options.pretrained {
        Some(path) => {
            println!(
                "\nStep 1  pretrained language model from {}",
                path.display()
            );
            let pretrained = TextLanguageModel::load(path, &device)?;
            println!("\nStep 2  fine-tuning it on {} texts", texts.len());
            steps::adapt(&recipe, &pretrained, &texts, &device, &mut run)?
        }
        None => {
            println!(
                "\nStep 1  language model from scratch on {} texts",
                texts.len()
            );
            let model = steps::pretrain(&recipe, &texts, &device, &mut run)?;
            println!(
                "        {} words in the vocabulary",
                model.text.vocab().len()
            );
            let target = rows.train.texts();
            println!(
                "\nStep 2  fine-tuning it on the {} labelled texts",
                target.len()
            );
            steps::finetune(&recipe, model, &target, &device, &mut run)?
        }
    };

    println!(
        "\nStep 3  classifier on {} labelled reviews",
        rows.train.len()
    );
    let classifier = steps::classify(
        &recipe,
        &language_model,
        &rows.train,
        Some(&rows.valid),
        &device,
        &mut run,
    )?;

    let loader = steps::class_loader(&recipe, &classifier.text, &rows.valid, options.seed)?;
    let scores = evaluate_classifier(&classifier.model, &loader);
    report::scores(&scores, &rows.valid);
    report::predictions(&classifier, &rows.valid)?;
    report::sentences(&language_model, options.seed);
    report::saved_and_loaded(
        &classifier,
        &language_model,
        &rows.valid,
        &options.out,
        &device,
    )
    .with_context(|| format!("saving to {}", options.out.display()))
}
