//! Prediction: classes, probabilities, which words decided, and what a prediction does not depend on.
//! `cargo run --release --example 05_predict`, after `04_classifier`

use std::path::PathBuf;

use ulmfit::prelude::*;

const TEXTS: [&str; 3] = [
    "A warm, funny and moving film with wonderful performances.",
    "Dull, predictable and far too long.",
    "It starts slowly, but the ending is wonderful.",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(root).join("target/tour"));

    // One file holds rules, vocabulary, weights and class names. The predictor has no state: threads share it.
    let path = folder.join("reviews.safetensors");
    let predictor = Predictor::load(path, &Device::default())
        .map_err(|error| format!("{error}; run the example 04_classifier first"))?;

    let together = predictor.predict_all(&TEXTS);
    for (text, prediction) in TEXTS.iter().zip(&together) {
        println!(
            "{} {:.3}  {text}",
            prediction.label,
            prediction.confidence()
        );
        let mut words = predictor.attribution(text, None);
        words.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let top: Vec<String> = words
            .iter()
            .take(4)
            .map(|word| format!("{} {:.2}", word.word, word.weight))
            .collect();
        println!("           {}", top.join(", "));
    }

    // Alone or in a batch, in whichever order: the same probabilities.
    let largest = TEXTS.iter().zip(&together).map(|(text, expected)| {
        let alone = predictor.predict(text);
        let pairs = alone.probabilities.iter().zip(&expected.probabilities);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    });
    let largest = largest.fold(0.0, f32::max);
    println!("\nlargest difference between a text alone and in the batch: {largest:.1e}");
    assert!(largest <= 1e-5, "a prediction depends on its batch");
    Ok(())
}
