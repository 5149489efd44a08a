//! Any bytes as a file of every format: a corpus or an error, never a panic.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ulmfit_data::{Corpus, CsvColumns, TextUnit};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("ulmfit-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    folder
});

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let ends = ["", ".gz", ".zst"];
    let path = FOLDER.join(format!("input{}", ends[usize::from(kind) / 8 % ends.len()]));
    std::fs::write(&path, bytes).expect("a file in it");
    let corpus = match kind % 8 {
        0 => Corpus::from_csv(&path, &CsvColumns::new("text").with_label("label")),
        1 => Corpus::from_csv(&path, &CsvColumns::new(1).with_label(0).without_header()),
        2 => Corpus::from_csv(&path, &CsvColumns::new(0).with_delimiter(b'\t')),
        3 => Corpus::from_jsonl(&path, "text", Some("label")),
        4 => Corpus::from_text(&path, TextUnit::Line),
        5 => Corpus::from_text(&path, TextUnit::Article),
        6 => Corpus::from_text(&path, TextUnit::File),
        _ => Corpus::from_parquet(&path, "text", Some("label")),
    };
    if let Ok(corpus) = corpus {
        assert!(corpus.texts().iter().all(|text| !text.contains('\0')));
        // A corpus checks its labels when it is made.
        Corpus::new(corpus.documents().to_vec(), corpus.classes().to_vec()).expect("labels that fit");
    }
});
