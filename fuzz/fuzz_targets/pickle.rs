//! Any bytes as a pickled vocabulary: a vocabulary or an error, never a panic, and no more text than the file can hold.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ulmfit_model::import::FastaiVocabulary;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("ulmfit-fuzz-{}.pkl", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("a file in the temporary folder");
    if let Ok(file) = FastaiVocabulary::open(&*FILE) {
        let text: usize = file.vocab.tokens().iter().map(String::len).sum();
        assert!(text <= 8 * bytes.len());
    }
});
