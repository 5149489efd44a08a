//! From a CSV file with the columns `text` and `label` to a classifier.

use ulmfit::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::default();
    let corpus = Source::new("reviews.csv").with_label("label").corpus()?;
    let ulmfit = Ulmfit::builder().pretrained(Pretrained::english());
    let learned = ulmfit.fit(&corpus, &device)?;
    println!("{}", learned.report());
    learned.classifier.save("reviews.safetensors")?;
    let predictor = Predictor::load("reviews.safetensors", &device)?;
    println!(
        "{:?}",
        predictor.predict("A slow start, but I loved the ending.")
    );
    Ok(())
}
