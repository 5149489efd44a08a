//! Models of every kind through a file and back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::Device;
use ulmfit_model::{
    AwdLstmConfig, Cell, ClassifierConfig, Directions, LanguageModelConfig, Mode, Random,
    TextClassifier, TextEncoding, TextLanguageModel,
};
use ulmfit_text::{TokenGrid, TokenizerConfig, VocabConfig};

fn encoding() -> TextEncoding {
    let vocab = VocabConfig::new().build(&[vec!["word".to_owned(); 3]]);
    TextEncoding::new(TokenizerConfig::new(), vocab)
}

fn sizes() -> AwdLstmConfig {
    AwdLstmConfig::new(encoding().vocab().len()).with_sizes(6, 8, 2)
}

fn classifier(sizes: &AwdLstmConfig) -> TextClassifier {
    let device = Device::default();
    let encoder = sizes.init(&mut Random::new(1), &device).unwrap();
    let model = ClassifierConfig::new(2).init(encoder, 2, &device).unwrap();
    TextClassifier::new(encoding(), model, vec!["no".into(), "yes".into()]).unwrap()
}

#[test]
fn a_classifier_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let tokens = TokenGrid::new(2, 3, vec![2, 9, 8, 2, 9, 1]);
    let kinds = [Cell::Lstm, Cell::Qrnn]
        .into_iter()
        .flat_map(|cell| [Directions::Forward, Directions::Both].map(|ways| (cell, ways)));
    for (cell, directions) in kinds {
        let saved = classifier(&sizes().with_cell(cell).with_directions(directions));
        saved.save(&path).unwrap();
        let loaded = TextClassifier::load(&path, &Device::default()).unwrap();
        assert_eq!(loaded.model.encoder.config(), saved.model.encoder.config());
        let logits = |c: &TextClassifier| c.model.logits(&tokens, &[3, 2], &mut Mode::Eval);
        assert_eq!(logits(&loaded).into_data(), logits(&saved).into_data());
        let bytes = std::fs::read(&path).unwrap();
        loaded.save(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}

/// The header of a file, in which the metadata stands.
fn header(path: &std::path::Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    String::from_utf8(bytes[8..8 + length as usize].to_vec()).unwrap()
}

#[test]
fn defaults_are_left_out_of_files_so_that_older_and_newer_ones_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    classifier(&sizes()).save(&path).unwrap();
    let plain = header(&path);
    assert!(!plain.contains("directions") && !plain.contains("cell"));
    let other = sizes()
        .with_cell(Cell::Qrnn)
        .with_directions(Directions::Both);
    classifier(&other).save(&path).unwrap();
    let other = header(&path);
    assert!(other.contains(r#"\"cell\":\"qrnn\""#));
    assert!(other.contains(r#"\"directions\":\"both\""#));
}

#[test]
fn a_language_model_of_qrnn_layers_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let device = Device::default();
    let config = LanguageModelConfig::new(sizes().with_cell(Cell::Qrnn));
    let saved = TextLanguageModel::new(encoding(), config.init(1, &device).unwrap()).unwrap();
    saved.save(&path).unwrap();
    let loaded = TextLanguageModel::load(&path, &device).unwrap();
    let tokens = TokenGrid::new(2, 3, vec![2, 9, 8, 2, 9, 1]);
    let logits = |lm: &TextLanguageModel| {
        let state = lm.model.initial_state(2);
        let (logits, _) = lm.model.logits(&tokens, &state, &mut Mode::Eval);
        logits.into_data()
    };
    assert_eq!(logits(&loaded), logits(&saved));

    // A file whose metadata speaks of the other cell is refused by the name of what is missing.
    let bytes = std::fs::read(&path).unwrap();
    let (from, to) = (r#"\"cell\":\"qrnn\""#, r#"\"cell\":\"lstm\""#);
    let place = bytes
        .windows(from.len())
        .position(|w| w == from.as_bytes())
        .unwrap();
    let mut lie = bytes.clone();
    lie[place..place + from.len()].copy_from_slice(to.as_bytes());
    std::fs::write(&path, lie).unwrap();
    let message = TextLanguageModel::load(&path, &device)
        .unwrap_err()
        .to_string();
    assert!(message.contains("encoder.layers.0.weight_ih"), "{message}");
}

#[test]
fn a_language_model_reads_forward_only() {
    let device = Device::default();
    let both = sizes().with_directions(Directions::Both);
    let encoder = both.init(&mut Random::new(1), &device).unwrap();
    let mut model = LanguageModelConfig::new(sizes()).init(1, &device).unwrap();
    model.encoder = encoder;
    let errors = [
        LanguageModelConfig::new(both).init(1, &device).err(),
        TextLanguageModel::new(encoding(), model).err(),
    ];
    for error in errors {
        let message = error.unwrap().to_string();
        assert!(message.contains("`directions`"), "{message}");
        assert!(message.contains("`both`"), "{message}");
    }
}

#[test]
fn two_directions_need_even_widths() {
    for (embed, hidden, field) in [(6, 7, "`hidden`"), (5, 8, "`embed`")] {
        let odd = sizes().with_sizes(embed, hidden, 2);
        assert!(odd.validate().is_ok());
        let error = odd.with_directions(Directions::Both).validate();
        let message = error.unwrap_err().to_string();
        assert!(message.contains(field), "{message}");
    }
}

#[test]
fn files_of_another_format_are_called_by_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let files: [(&[u8], &str); 5] = [
        (b"text,label\nfine,1\n", "found text; name a file that"),
        (b"PK\x03\x04 and more", "found a zip archive, as PyTorch"),
        (b"\x80\x02}q\x00X\x01\x00\x00\x00", "found a pickle"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "found another format"),
        (
            b"PK\x03\x04",
            "found a file of 4 bytes; the file is damaged",
        ),
    ];
    for (bytes, message) in files {
        std::fs::write(&path, bytes).unwrap();
        let error = TextClassifier::load(&path, &Device::default()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}
