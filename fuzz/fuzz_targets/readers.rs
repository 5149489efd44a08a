//! Any bytes as a file of every format: a corpus or an error, never a panic.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ulmfit_data::{Corpus, Format, LabelKind, Quotes, Source, TextUnit};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("ulmfit-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    folder
});

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let path = FOLDER.join("input");
    std::fs::write(&path, bytes).expect("a file in it");
    let as_format = |format| Source::new(&path).with_format(format);
    let source = match kind % 10 {
        0 => as_format(Format::Csv).with_label("label"),
        1 => as_format(Format::Csv)
            .with_text(1)
            .with_label(0)
            .without_header(),
        2 => as_format(Format::Tsv)
            .with_text(0)
            .with_quotes(Quotes::Backslash),
        3 => as_format(Format::Csv)
            .with_texts([0, 1])
            .with_quotes(Quotes::None)
            .without_header(),
        4 => as_format(Format::Jsonl).with_label("label"),
        5 => as_format(Format::Jsonl)
            .with_label("label")
            .with_label_kind(LabelKind::multi_label(";")),
        6 => as_format(Format::Text),
        7 => as_format(Format::Text).with_unit(TextUnit::Article),
        8 => as_format(Format::Text).with_unit(TextUnit::File),
        _ => as_format(Format::Parquet).with_label("label"),
    };
    if let Ok((corpus, report)) = source.read() {
        assert_eq!((corpus.len(), report.documents), (report.rows, report.rows));
        // A corpus checks its labels when it is made.
        Corpus::new(corpus.documents().to_vec(), corpus.classes().to_vec())
            .expect("labels that fit");
    }
});
