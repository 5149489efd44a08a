//! Files that an earlier version wrote still load, and say the same: `tests/earlier` holds those of 81b9475, of the command
//! on a text of 60 lines.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use ulmfit::data::TokenStore;
use ulmfit::prelude::*;
use ulmfit::train::checkpoint::load_weights;
use ulmfit::train::evaluate_language_model;

fn path(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/earlier").join(name)
}

fn language_model() -> TextLanguageModel {
    TextLanguageModel::load(path("language-model.safetensors"), &Device::default()).unwrap()
}

#[test]
fn a_language_model_and_a_token_store_load_and_score_the_same() {
    let model = language_model();
    let text = std::fs::read_to_string(path("text.txt")).unwrap();
    let ids = model.text.encode_all(&text.lines().collect::<Vec<_>>());
    let store = TokenStore::open(path("text.tokens")).unwrap();
    assert_eq!(store.docs().len(), 60);
    let stored: Vec<Vec<u32>> = (0..60).map(|doc| store.docs().doc(doc)).collect();
    assert_eq!(stored, ids);
    // `ulmfit perplexity` of 81b9475 on the text.
    let stream = LmLoaderConfig::new()
        .with_batch_size(64)
        .with_seq_len(70)
        .with_order(ulmfit::data::DocumentOrder::Kept)
        .build(store.docs().clone())
        .unwrap();
    let scores = evaluate_language_model(&model.model, &stream);
    assert_eq!(scores.tokens, 1259);
    assert!((scores.loss - 3.343_413_4).abs() < 1e-4, "{scores:?}");
}

#[test]
fn a_classifier_loads_and_predicts_the_same() {
    let predictor = Predictor::load(path("classifier.safetensors"), &Device::default()).unwrap();
    for (text, neg) in [
        ("A lovely film", 0.867_535_53),
        ("A dreadful film with dreadful songs", 0.978_851_2),
    ] {
        let found = predictor.predict(text);
        assert_eq!(found.label, "neg");
        assert!(
            (found.probabilities[0] - neg).abs() < 1e-5,
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_checkpoint_of_another_version_is_refused_with_what_to_do() {
    let error = load_weights(path("step-000000030.safetensors"), &language_model().model);
    let message = error.unwrap_err().to_string();
    assert!(
        message.ends_with("resume with the version of this library that wrote it"),
        "{message}"
    );
}
