//! Any bytes as a model file: a model that can be saved again, or an error, never a panic.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use burn::tensor::Device;
use libfuzzer_sys::fuzz_target;
use ulmfit_model::{ModelInfo, TextClassifier, TextLanguageModel};

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    std::env::temp_dir().join(format!("ulmfit-fuzz-{}.safetensors", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    // The header's length is put in front, so that a changed header is read at all.
    let header = bytes
        .iter()
        .position(|&b| b == b'\n')
        .unwrap_or(bytes.len());
    let (header, data) = bytes.split_at(header);
    let file = [&(header.len() as u64).to_le_bytes()[..], header, data].concat();
    std::fs::write(&*FILE, &file).expect("a file in the temporary folder");
    let _ = ModelInfo::read(&*FILE);
    let device = Device::default();
    if let Ok(model) = TextLanguageModel::load(&*FILE, &device) {
        model
            .save(&*FILE)
            .expect("a model that was read can be saved");
    }
    let _ = TextClassifier::load(&*FILE, &device);
});
