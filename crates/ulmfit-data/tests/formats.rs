//! Every format gives back what was written into it, whoever wrote it and however it is compressed.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(
    clippy::print_stderr,
    reason = "a test that checks nothing must say so"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};
use proptest::sample::select;
use ulmfit_data::{Corpus, Quotes, Source};

type Documents = Vec<(String, String)>;

/// Texts with all that formats have to escape, and labels that stand for themselves.
fn documents() -> impl Strategy<Value = Documents> {
    let piece = select(vec![
        "\"",
        "\"\"",
        "'",
        ",",
        ";",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\\",
        "\\n",
        "\\\"",
        "\0",
        " ",
        "a",
        "Z",
        "0",
        "é",
        "שלום",
        "مرحبا",
        "\u{202e}",
        "\u{feff}",
        "👩\u{200d}🚀",
        "中",
        "{",
        "}",
        "[",
        "]",
        ":",
        "#",
        "|",
        "xxfld 1",
        "\u{1}",
        "\u{85}",
    ]);
    let text = vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let label = select(vec!["sport", "a \"b\", c", "0", "код", "x;y", "\\"]);
    vec((text, label.prop_map(str::to_owned)), 1..10).prop_map(|mut documents| {
        // At least one text is not blank.
        documents[0].0.push('x');
        documents
    })
}

/// Texts and the names of their labels.
fn of(corpus: &Corpus) -> Documents {
    let labels = corpus.labels().unwrap();
    let names = labels
        .iter()
        .map(|&label| corpus.classes()[label as usize].clone());
    corpus
        .texts()
        .into_iter()
        .map(str::to_owned)
        .zip(names)
        .collect()
}

fn read(source: Source) -> Documents {
    of(&source.with_label("label").corpus().unwrap())
}

fn write_csv(path: &Path, documents: &Documents, delimiter: u8, style: csv::QuoteStyle) {
    let mut writer = csv::WriterBuilder::new();
    let mut writer = writer
        .delimiter(delimiter)
        .quote_style(style)
        .from_path(path)
        .unwrap();
    writer.write_record(["label", "text"]).unwrap();
    for (text, label) in documents {
        writer.write_record([label, text]).unwrap();
    }
    writer.flush().unwrap();
}

fn jsonl(documents: &Documents) -> String {
    let line = |(text, label): &(String, String)| {
        format!("{}\n", serde_json::json!({ "label": label, "text": text }))
    };
    documents.iter().map(line).collect()
}

/// Writes with Python's csv module; false where there is no Python.
fn write_with_python(path: &Path, documents: &Documents, options: &str) -> bool {
    let program = format!(
        "import csv, json, sys\n\
         rows = json.load(sys.stdin)\n\
         out = open(sys.argv[1], 'w', newline='', encoding='utf-8')\n\
         csv.writer(out, {options}).writerows([('text', 'label')] + rows)\n"
    );
    let mut command = Command::new("python3");
    command
        .arg("-c")
        .arg(program)
        .arg(path)
        .stdin(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    let rows = serde_json::to_vec(documents).unwrap();
    child.stdin.take().unwrap().write_all(&rows).unwrap();
    assert!(child.wait().unwrap().success());
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_the_csv_crate_writes_is_read(
        documents in documents(),
        delimiter in select(vec![b',', b';', b'\t', b'|']),
        always in proptest::bool::ANY,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let style = match always {
            true => csv::QuoteStyle::Always,
            false => csv::QuoteStyle::Necessary,
        };
        write_csv(&path, &documents, delimiter, style);
        prop_assert_eq!(read(Source::new(&path).with_delimiter(delimiter)), documents);
    }

    #[test]
    fn what_serde_json_writes_is_read(documents in documents()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, jsonl(&documents)).unwrap();
        prop_assert_eq!(read(Source::new(&path)), documents);
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn what_the_parquet_crate_writes_is_read(documents in documents()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        std::fs::write(&path, parquet(&documents)).unwrap();
        prop_assert_eq!(read(Source::new(&path)), documents);
    }
}

proptest! {
    // A process for each.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_python_writes_is_read(documents in documents()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        for (options, quotes, delimiter) in [
            ("", Quotes::Double, b','),
            ("quoting=csv.QUOTE_ALL, lineterminator='\\n', delimiter=';'", Quotes::Double, b';'),
            ("doublequote=False, escapechar='\\\\', quoting=csv.QUOTE_ALL", Quotes::Backslash, b','),
            ("doublequote=False, escapechar='\\\\', delimiter='\\t'", Quotes::Backslash, b'\t'),
        ] {
            if !write_with_python(&path, &documents, options) {
                eprintln!("skipped: there is no python3 here");
                return Ok(());
            }
            let source = Source::new(&path).with_quotes(quotes).with_delimiter(delimiter);
            prop_assert_eq!(read(source), documents.clone(), "{}", options);
        }
    }
}

#[cfg(feature = "parquet")]
fn parquet(documents: &Documents) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    let schema = "message m { required binary text (UTF8); required binary label (UTF8); }";
    let schema = std::sync::Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::SNAPPY)
        .build();
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, std::sync::Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for part in [0, 1] {
        let value =
            |(text, label): &(String, String)| ByteArray::from([text, label][part].as_str());
        let values: Vec<ByteArray> = documents.iter().map(value).collect();
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<ByteArrayType>();
        typed.write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

/// 500 documents, in the order in which a folder of classes has them.
fn many() -> Documents {
    let text = |i: usize| match i % 5 {
        0 => format!("A plain text, number {i}."),
        1 => format!("\"Quoted\", number {i}\nand on a second line"),
        2 => format!("naïve; 👍 {i}\tשלום"),
        3 => format!("  spaces {i}  "),
        _ => format!("{{\"no\": \"json\", \"i\": {i}}}"),
    };
    (0..500)
        .map(|i| (text(i), ["neg", "pos"][i / 250].to_owned()))
        .collect()
}

#[test]
fn the_same_documents_are_equal_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let documents = many();
    let mut table = Vec::new();
    for (name, delimiter) in [("a.csv", b','), ("a.tsv", b'\t')] {
        let path = dir.path().join(name);
        write_csv(&path, &documents, delimiter, csv::QuoteStyle::Necessary);
        table.push((name, std::fs::read(&path).unwrap()));
    }
    table.push(("a.jsonl", jsonl(&documents).into_bytes()));
    let with_mark = |bytes: &[u8]| [b"\xef\xbb\xbf", bytes].concat();
    let marked: Vec<_> = table
        .iter()
        .map(|(name, bytes)| (*name, with_mark(bytes)))
        .collect();
    table.extend(marked);
    #[cfg(feature = "parquet")]
    table.push(("a.parquet", parquet(&documents)));
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    for (name, bytes) in &table {
        for (end, bytes) in [
            ("", bytes.clone()),
            (".gz", gzip(bytes)),
            ("", gzip(bytes)),
            (".zst", zstd::encode_all(&bytes[..], 1).unwrap()),
        ] {
            let path = dir.path().join(format!("{name}{end}"));
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(Source::new(&path)), documents, "{}", path.display());
        }
    }
    let folder = dir.path().join("classes");
    for (i, (text, label)) in documents.iter().enumerate() {
        let class = folder.join(label);
        std::fs::create_dir_all(&class).unwrap();
        std::fs::write(class.join(format!("{i:03}.txt")), text).unwrap();
    }
    assert_eq!(read(Source::new(&folder)), documents);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_as_a_file_is() {
    let dir = tempfile::tempdir().unwrap();
    let documents = many();
    let mut all = vec![("jsonl", jsonl(&documents).into_bytes())];
    #[cfg(feature = "parquet")]
    all.push(("parquet", parquet(&documents)));
    for (format, bytes) in all {
        let path = dir.path().join(format);
        let made = Command::new("mkfifo").arg(&path).status();
        if !made.is_ok_and(|status| status.success()) {
            eprintln!("skipped: there is no mkfifo here");
            return;
        }
        let writer = {
            let path = path.clone();
            std::thread::spawn(move || std::fs::write(path, bytes).unwrap())
        };
        assert_eq!(
            read(Source::new(&path).with_format(format.parse().unwrap())),
            documents
        );
        writer.join().unwrap();
    }
}
