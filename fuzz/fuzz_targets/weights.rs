//! Any bytes as a weight file of each kind: tensors or an error, never a panic, and no more numbers than the file can
//! hold.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ulmfit_model::import::FastaiWeights;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("ulmfit-fuzz-{}.pth", std::process::id())));

/// The three pickles in front of a file from before PyTorch 1.6.
const LEGACY: &[u8] = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}X\r\0\0\0little_endian\x88s.";

fuzz_target!(|input: (bool, &[u8])| {
    let (legacy, bytes) = input;
    let file = [if legacy { LEGACY } else { b"" }, bytes].concat();
    std::fs::write(&*FILE, &file).expect("a file in the temporary folder");
    if let Ok(weights) = FastaiWeights::open(&*FILE) {
        let values = weights.names().filter_map(|name| weights.values(name));
        let numbers: usize = values.map(|values| values.len()).sum();
        assert!(numbers <= 2 * file.len());
    }
});
