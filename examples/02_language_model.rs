//! Step 1: the language model of general English that comes with the library. It has read an encyclopedia; what it expects of
//! film reviews, and what it writes. `cargo run --release --example 02_language_model`

use ulmfit::prelude::*;
use ulmfit::train::evaluate_language_model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let english = Pretrained::english().load(&Device::default())?;
    let english = english.ok_or("the English model is not built in")?;
    let sizes = english.model.encoder.config();
    println!(
        "embedding {}, hidden {}, {} layers, {} words\n",
        sizes.embed,
        sizes.hidden,
        sizes.layers,
        english.text.vocab().len()
    );

    // What it writes depends on the prompt, the sampling and the seed alone.
    let generator = Generator::new(&english);
    for (seed, prompt) in ["The film", "In 1990"].into_iter().enumerate() {
        let text = generator.generate(prompt, 30, &Sampling::default(), seed as u64);
        println!("  {text}");
    }

    // `exp` of the mean loss: among how many words it is undecided.
    let set = ReviewSet::open(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data"))?;
    let reviews = set.test.ok_or("examples/data/test.csv is missing")?;
    let ids = english.text.encode_all(&reviews.texts());
    let stream = LmLoaderConfig::new().with_batch_size(16).build(ids)?;
    let score = evaluate_language_model(&english.model, &stream);
    println!(
        "\nperplexity of {} sentences of film reviews: {:.1}",
        reviews.len(),
        score.perplexity()
    );
    Ok(())
}
