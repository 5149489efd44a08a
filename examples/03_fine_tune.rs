//! Step 2: the English model learns the text that is to be classified, its words and its tone.
//! `cargo run --release --example 03_fine_tune`
//!
//! It writes `target/tour/reviews.lm.safetensors`, or into the folder that is given as an argument.

use std::path::PathBuf;

use ulmfit::prelude::*;
use ulmfit::train::evaluate_language_model;
use ulmfit::train::observe::Console;
use ulmfit::train::{Run, steps};

/// `exp` of the mean loss on texts that no step has read: among how many words the model is undecided.
fn perplexity(model: &TextLanguageModel, texts: &[&str]) -> Result<f64, ulmfit::train::Error> {
    let stream = LmLoaderConfig::new()
        .with_batch_size(16)
        .build(model.text.encode_all(texts))?;
    Ok(evaluate_language_model(&model.model, &stream).perplexity())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(root).join("target/tour"));
    std::fs::create_dir_all(&folder)?;

    let device = Device::default();
    let general = Pretrained::english().load(&device)?;
    let general = general.ok_or("the English model is not built in")?;
    let set = ReviewSet::open(format!("{root}/examples/data"))?;
    let held_out = set.test.ok_or("examples/data/test.csv is missing")?;

    // Every number is in the recipe, and one seed decides every random number. The observer shows each epoch.
    let recipe = Recipe::of(&Pretrained::english()).with_at_most_epochs(1);
    let mut console = Console::new();
    let mut run = Run::new(&mut console);
    let texts = set.train.texts();
    let model = steps::adapt(&recipe, &general, &texts, &device, &mut run)?;

    // The two vocabularies differ, so the general model is asked with its new words, but before it has learned them.
    let (old, new) = (general.text.vocab(), model.text.vocab());
    let known = new.tokens().iter().filter(|word| old.contains(word));
    println!(
        "\n{} words, of which the general model knew {}",
        new.len(),
        known.count()
    );
    let before = perplexity(&general.adapt(new), &held_out.texts())?;
    let after = perplexity(&model, &held_out.texts())?;
    println!("perplexity of {} held-out sentences", held_out.len());
    println!("  before fine-tuning {before:8.1}\n  after              {after:8.1}");

    let path = folder.join("reviews.lm.safetensors");
    model.save(&path)?;
    println!("\nsaved {}; next: 04_classifier", path.display());
    Ok(())
}
