//! Any bytes as a token store or a vocabulary: one that reads to its end, or an error.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ulmfit_data::TokenStore;
use ulmfit_text::Vocab;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    std::env::temp_dir().join(format!("ulmfit-fuzz-{}.tokens", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    let _ = serde_json::from_slice::<Vocab>(bytes);
    // The footer is what can lie; the marks at both ends are put there so that it is read at all.
    let mut file = b"ULMFTOK\n".to_vec();
    file.extend_from_slice(bytes);
    let start = bytes.iter().position(|&b| b == b'{').unwrap_or(bytes.len());
    file.extend_from_slice(&((bytes.len() - start) as u64).to_le_bytes());
    file.extend_from_slice(b"ULMFTOK\n");
    std::fs::write(&*FILE, &file).expect("a file in the temporary folder");
    if let Ok(store) = TokenStore::open(&*FILE) {
        let docs = store.docs();
        let tokens: usize = (0..docs.len()).map(|doc| docs.doc(doc).len()).sum();
        assert_eq!(tokens, docs.n_tokens());
    }
});
