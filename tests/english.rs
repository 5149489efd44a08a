//! The pre-trained English model is what its card says, and it knows English.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use sha2::{Digest as _, Sha256};
use ulmfit::burn::module::Module as _;
use ulmfit::prelude::*;
use ulmfit::train::evaluate_language_model;

fn english() -> TextLanguageModel {
    let model = Pretrained::english().load(&Device::default()).unwrap();
    model.unwrap()
}

#[test]
fn the_card_is_that_of_the_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = "crates/ulmfit-english/assets/english-base.safetensors";
    let bytes = std::fs::read(root.join(file)).unwrap();
    let card = std::fs::read_to_string(root.join("docs/english.md")).unwrap();
    let digest = Sha256::digest(&bytes);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let grouped = |n: usize| {
        let digits = n.to_string();
        let groups = digits.as_bytes().rchunks(3).rev();
        let groups: Vec<_> = groups.map(|g| std::str::from_utf8(g).unwrap()).collect();
        groups.join(",")
    };
    let model = english();
    for fact in [
        digest,
        format!("{} bytes", grouped(bytes.len())),
        format!("{} parameters", grouped(model.model.num_params())),
        format!(
            "{} tokens of the default rules",
            grouped(model.text.vocab().len())
        ),
        format!(
            "{} tokens, read once",
            grouped(ulmfit_english::TOKENS as usize)
        ),
    ] {
        assert!(card.contains(&fact), "the card does not say: {fact}");
    }
}

#[test]
fn it_expects_english_more_than_the_same_words_in_another_order() {
    let TextLanguageModel { text, model } = english();
    let perplexity = |words: &[&str]| {
        let ids = text.encode(&words.join(" "));
        let loader = LmLoaderConfig::new().with_batch_size(1).build(vec![ids]);
        evaluate_language_model(&model, &loader.unwrap()).perplexity()
    };
    let sentence = "The river runs from the north of the county to the sea , where it was used by \
                    the people of the town for most of the 19th century .";
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let mut sorted = words.clone();
    sorted.sort_unstable();
    let (read, jumbled) = (perplexity(&words), perplexity(&sorted));
    assert!(read < 150.0, "{read}");
    assert!(jumbled > 5.0 * read, "{read} {jumbled}");
}
