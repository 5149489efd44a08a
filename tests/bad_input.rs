//! What a user can do wrong: one message that names the place, what was expected and what was found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use ulmfit::prelude::*;

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The message holds every part.
fn says(error: &dyn std::error::Error, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[test]
fn data_sets_and_csv_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let missing = ReviewSet::open(at.join("nowhere")).unwrap_err();
    says(&missing, &["nowhere"]);
    let empty_folder = ReviewSet::open(at).unwrap_err();
    says(&empty_folder, &["expected", "found", "train.csv"]);

    let read = |path: &Path| {
        Source::new(path)
            .with_text("review")
            .with_label("label")
            .corpus()
    };
    let path = write(at, "columns.csv", b"label,text\n0,good\n");
    says(
        &read(&path).unwrap_err(),
        &["columns.csv", "review", "text"],
    );
    let path = write(at, "empty.csv", b"");
    says(&read(&path).unwrap_err(), &["empty.csv"]);
    let path = write(at, "latin1.csv", b"label,review\n0,caf\xe9\n");
    says(&read(&path).unwrap_err(), &["latin1.csv", "2"]);
    let path = write(at, "ragged.csv", b"label,review\n0,good\n1\n");
    says(&read(&path).unwrap_err(), &["ragged.csv", "3"]);
}

#[test]
fn a_single_class_is_refused_before_anything_is_trained() {
    let document = |i: u32| Document::labeled(format!("text {i}"), 0);
    let classes = vec!["only".into(), "other".into()];
    let corpus = Corpus::new((0..30).map(document).collect(), classes).unwrap();
    let error = Ulmfit::builder()
        .fit(&corpus, &Device::default())
        .unwrap_err();
    says(&error, &["2", "only"]);
}

#[test]
fn model_files_that_are_not_ours_or_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let device = Device::default();
    let load = |path: &Path| TextLanguageModel::load(path, &device).unwrap_err();

    says(
        &load(&at.join("nowhere.safetensors")),
        &["nowhere.safetensors", "read"],
    );
    says(
        &load(&write(at, "text.safetensors", b"not a model")),
        &["text", "safetensors"],
    );

    let vocab = VocabConfig::new().build(&[vec!["a".to_owned(); 3]]);
    let text = TextEncoding::new(TokenizerConfig::new(), vocab);
    let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(4, 8, 1);
    let model = LanguageModelConfig::new(sizes).init(1, &device).unwrap();
    let whole = at.join("whole.safetensors");
    TextLanguageModel::new(text.clone(), model)
        .unwrap()
        .save(&whole)
        .unwrap();
    let bytes = std::fs::read(&whole).unwrap();
    for cut in [1, 7, 100, bytes.len() / 2, bytes.len() - 1] {
        says(
            &load(&write(at, "cut.safetensors", &bytes[..cut])),
            &["cut.safetensors", "expected"],
        );
    }

    // A classifier's file is asked for; a language model's is given.
    let error = TextClassifier::load(&whole, &device).unwrap_err();
    says(&error, &["kind", "classifier", "language_model"]);

    // The header lies: same length, other words.
    let lie = |from: &str, to: &str| {
        let place = bytes
            .windows(from.len())
            .position(|w| w == from.as_bytes())
            .unwrap();
        let mut bytes = bytes.clone();
        bytes[place..place + from.len()].copy_from_slice(to.as_bytes());
        load(&write(at, "lie.safetensors", &bytes))
    };
    says(
        &lie("\\\"format\\\":1", "\\\"format\\\":9"),
        &["format", "found 9", "newer version"],
    );
    says(
        &lie("\\\"embed\\\":4", "\\\"embed\\\":5"),
        &["encoder.embedding", "[10, 5]", "[10, 4]"],
    );
    says(&lie("standard", "stondard"), &["metadata", "stondard"]);

    // A model of another vocabulary.
    let sizes = AwdLstmConfig::new(12).with_sizes(4, 8, 1);
    let model = LanguageModelConfig::new(sizes).init(1, &device).unwrap();
    says(
        &TextLanguageModel::new(text, model).unwrap_err(),
        &["vocabulary", "12", "10"],
    );
}
