//! Step 1: a language model from scratch on text without labels. It stands here for the model of general English that
//! step 2 begins with, is tiny, and is trained for seconds. `cargo run --release --example 02_language_model`
//!
//! It writes `target/tour/general.safetensors`, or into the folder that is given as an argument.

use std::path::PathBuf;

use ulmfit::prelude::*;
use ulmfit::train::observe::Console;
use ulmfit::train::{Run, steps};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(root).join("target/tour"));
    std::fs::create_dir_all(&folder)?;

    let set = ReviewSet::open(format!("{root}/examples/data"))?;
    let corpus = set.unlabeled.ok_or("examples/data/unsup.csv is missing")?;

    // Every number is in the recipe. These fit a small text: small batches make more steps.
    let mut recipe = Recipe::default().with_sizes(Sizes::TINY);
    recipe.language_model.batch_size = 16;
    recipe.language_model.pretrain[0].epochs = 24;

    // One seed decides every random number; the observer shows each epoch. Every 20th document is held out.
    let mut console = Console::new();
    let mut run = Run::new(&mut console);
    let device = Device::default();
    let model = steps::pretrain(&recipe, &corpus.texts(), &device, &mut run)?;

    println!(
        "\n{} words in the vocabulary; what it writes",
        model.text.vocab().len()
    );
    let generator = Generator::new(&model);
    for (seed, prompt) in ["The film", "I", "My sister"].into_iter().enumerate() {
        let text = generator.generate(prompt, 20, &Sampling::default(), seed as u64);
        println!("  {text}");
    }

    let path = folder.join("general.safetensors");
    model.save(&path)?;
    println!("\nsaved {}; next: 03_fine_tune", path.display());
    Ok(())
}
