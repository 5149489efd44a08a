//! The program of the README.

use ulmfit::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::default();
    let source = Source::new("reviews.csv")
        .with_text("body")
        .with_label("stars");
    let english = Ulmfit::builder().pretrained(Pretrained::english());
    let classifier = english.fit(&source.corpus()?, &device)?.classifier;
    classifier.save("model.safetensors")?;
    let predictor = Predictor::load("model.safetensors", &device)?;
    println!("{:?}", predictor.predict("I loved the ending."));
    Ok(())
}
