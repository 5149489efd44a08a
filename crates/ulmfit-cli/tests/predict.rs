//! `ulmfit predict` and `ulmfit embed` on files: rows keep their format and get columns.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::parser::parse_message_type;
use serde_json::Value;
use shared::{command, trained, ulmfit};

/// The line of a verb with the trained model, in a folder of its own.
fn line(verb: &str, rest: &str) -> String {
    format!("{verb} {} {rest}", trained().join("model").display())
}

/// What the model says of a text.
fn said(text: &str) -> Value {
    let output = command(trained(), "predict model --text")
        .arg(text)
        .output();
    serde_json::from_slice(&output.unwrap().stdout).unwrap()
}

#[test]
fn a_table_keeps_its_columns_and_gets_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let table = "id;body;note\n1;A lovely film.;\"a;b\"\n2;\"Dreadful, \"\"twice\"\".\";\n";
    fs::write(path("a.csv"), table).unwrap();
    let options = "--text-column body --delimiter ;";
    let ran = ulmfit(folder.path(), &line("predict", &format!("a.csv {options}"))).done();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "id;body;note;prediction;probability_bad;probability_good"
    );
    let lovely = said("A lovely film.");
    let good = lovely["probabilities"]["good"].as_f64().unwrap() as f32;
    let label = lovely["label"].as_str().unwrap();
    assert!(
        lines[1].starts_with(&format!("1;A lovely film.;\"a;b\";{label};")),
        "{}",
        lines[1]
    );
    assert!(lines[1].ends_with(&good.to_string()), "{} {good}", lines[1]);
    assert!(
        lines[2].starts_with("2;\"Dreadful, \"\"twice\"\".\";;"),
        "{}",
        lines[2]
    );

    // Into a file, compressed, read again by the same verb with other names.
    let out = format!("a.csv {options} --out b.csv.gz");
    let ran = ulmfit(folder.path(), &line("predict", &out)).done();
    assert!(
        ran.stdout.is_empty() && ran.stderr.contains("saved b.csv.gz"),
        "{}",
        ran.stderr
    );
    ulmfit(folder.path(), &line("predict", &out)).fails(&["--force"]);
    let again = format!("b.csv.gz {options}");
    ulmfit(folder.path(), &line("predict", &again)).fails(&["`prediction`", "--prefix"]);
    let ran = ulmfit(
        folder.path(),
        &line("predict", &format!("{again} --prefix new_")),
    )
    .done();
    assert!(
        ran.stdout
            .lines()
            .next()
            .unwrap()
            .ends_with(";new_probability_bad;new_probability_good")
    );
    let other = format!("a.csv {options} --out b.jsonl");
    ulmfit(folder.path(), &line("predict", &other)).fails(&["--out b.jsonl", "csv"]);
}

#[test]
fn several_files_and_pipes_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.tsv", "text\tn\none\t1\n"),
        ("b.tsv", "text\tn\ntwo\t2\n"),
        ("c.tsv", "n\ttext\n3\tthree\n"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let both = ulmfit(folder.path(), &line("predict", "a.tsv b.tsv"))
        .done()
        .stdout;
    assert_eq!(both.lines().count(), 3);
    assert!(both.lines().nth(2).unwrap().starts_with("two\t2\t"));
    let ran = ulmfit(folder.path(), &line("predict", "a.tsv c.tsv"));
    assert!(
        ran.code == Some(1) && ran.stderr.contains("columns of the file before"),
        "{}",
        ran.stderr
    );

    let mut child = command(folder.path(), &line("predict", "--format csv --words"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"text\nA lovely film.\n")
        .unwrap();
    let piped = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(
        piped.starts_with("text,prediction,probability_bad,probability_good,words\n"),
        "{piped}"
    );
    assert!(piped.contains("\"\"word\"\":\"\"lovely\"\""), "{piped}");
}

#[test]
fn objects_keep_their_fields_and_plain_text_has_the_servers_answers() {
    let folder = tempfile::tempdir().unwrap();
    let objects = "{\"text\": \"A lovely film.\", \"label\": \"kept\", \"n\": 1.50}\n";
    fs::write(folder.path().join("a.jsonl"), objects).unwrap();
    fs::write(folder.path().join("a.txt"), "A lovely film.\nDreadful.\n").unwrap();
    let ran = ulmfit(folder.path(), &line("predict", "a.jsonl")).done();
    assert!(
        ran.stdout
            .starts_with(objects.trim_end().strip_suffix('}').unwrap()),
        "{}",
        ran.stdout
    );
    let (object, lovely): (Value, _) = (
        serde_json::from_str(&ran.stdout).unwrap(),
        said("A lovely film."),
    );
    assert_eq!(object["prediction"], lovely["label"]);
    assert_eq!(object["probabilities"], lovely["probabilities"]);
    let ran = ulmfit(folder.path(), &line("predict", "a.txt")).done();
    let lines = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    assert_eq!(lines.collect::<Vec<Value>>(), [lovely, said("Dreadful.")]);
}

fn write_parquet(path: &Path) {
    let schema = "message m { required int64 id; optional binary text (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer =
        SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    for (ids, texts) in [
        (vec![1, 2], vec!["A lovely film.", "Dreadful."]),
        (vec![3], vec!["One more."]),
    ] {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column
            .typed::<Int64Type>()
            .write_batch(&ids, None, None)
            .unwrap();
        column.close().unwrap();
        let texts: Vec<ByteArray> = texts.into_iter().map(ByteArray::from).collect();
        let mut column = group.next_column().unwrap().unwrap();
        let levels = vec![1; texts.len()];
        column
            .typed::<ByteArrayType>()
            .write_batch(&texts, Some(&levels), None)
            .unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// The rows of a Parquet file, as names and values.
fn rows(path: &Path) -> Vec<Vec<(String, Field)>> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().into_columns()).collect()
}

#[test]
fn a_parquet_file_keeps_its_columns_and_gets_others() {
    let folder = tempfile::tempdir().unwrap();
    write_parquet(&folder.path().join("a.parquet"));
    ulmfit(folder.path(), &line("predict", "a.parquet")).fails(&["--out"]);
    ulmfit(folder.path(), &line("predict", "a.parquet --out b.parquet")).done();
    let rows = rows(&folder.path().join("b.parquet"));
    let names: Vec<&str> = rows[0].iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "id",
            "text",
            "prediction",
            "probability_bad",
            "probability_good"
        ]
    );
    assert_eq!(rows.len(), 3);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row[0].1, Field::Long(at as i64 + 1));
        let Field::Str(text) = &row[1].1 else {
            panic!("{row:?}")
        };
        let wanted = said(text);
        assert_eq!(
            row[2].1,
            Field::Str(wanted["label"].as_str().unwrap().to_owned())
        );
        let bad = wanted["probabilities"]["bad"].as_f64().unwrap() as f32;
        let Field::Float(found) = row[3].1 else {
            panic!("{row:?}")
        };
        assert!((found - bad).abs() < 1e-5);
    }
}

#[test]
fn vectors_are_the_same_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.txt"), "A lovely film.\nDreadful.\n\nOne more.\n").unwrap();
    let ran = ulmfit(folder.path(), &line("embed", "a.txt")).done();
    let vectors: Vec<Vec<f32>> = ran
        .stdout
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let numbers = line["vector"].as_array().unwrap().iter();
            numbers.map(|n| n.as_f64().unwrap() as f32).collect()
        })
        .collect();
    assert_eq!(vectors.iter().map(Vec::len).collect::<Vec<_>>(), [24; 3]);
    ulmfit(folder.path(), &line("embed", "a.txt --out v.npy")).done();
    let bytes = fs::read(path("v.npy")).unwrap();
    let text = String::from_utf8_lossy(&bytes[..128]);
    assert!(text.contains("'shape': (3, 24)"), "{text}");
    let numbers = bytes[128..].as_chunks::<4>().0.iter();
    let numbers: Vec<f32> = numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect();
    assert_eq!(numbers, vectors.concat());
    ulmfit(folder.path(), &line("embed", "a.txt --out v.parquet")).done();
    for (row, wanted) in rows(&path("v.parquet")).iter().zip(&vectors) {
        let Field::ListInternal(list) = &row[0].1 else {
            panic!("{row:?}")
        };
        let found = list.elements().iter().map(|field| match field {
            Field::Float(number) => *number,
            other => panic!("{other:?}"),
        });
        assert_eq!(&found.collect::<Vec<f32>>(), wanted);
    }
    ulmfit(folder.path(), &line("embed", "a.txt --out v.xyz")).fails(&["v.xyz", ".npy"]);
    fs::write(path("bad.jsonl"), "{\"text\": \"a\"}\n{}\n").unwrap();
    ulmfit(folder.path(), &line("embed", "bad.jsonl --out w.npy")).fails(&["line 2"]);
    assert!(!path("w.npy").exists());
}
