//! What files people have: read as they were meant, or an error that says what to do. Nothing is lost without a word.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod shared;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use shared::{Ran, command, trained, ulmfit};

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// What `train` reads of a file and says of it; nothing is trained.
fn read(folder: &Path, args: &str) -> Ran {
    ulmfit(
        folder,
        &format!("train {args} --pretrained none --print-config"),
    )
}

fn says(ran: &Ran, parts: &[&str]) {
    for part in parts {
        assert!(
            ran.stderr.contains(part),
            "`{part}` is missing in: {}",
            ran.stderr
        );
    }
}

fn reads(folder: &Path, args: &str, parts: &[&str]) {
    says(&read(folder, args).done(), parts);
}

/// A table `text,label` of `n` rows of two classes.
fn table(n: usize) -> String {
    let row = |i: usize| format!("word {i},{}\n", ["ham", "spam"][i % 2]);
    "text,label\n".to_owned() + &(0..n).map(row).collect::<String>()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_stray_quote_takes_no_rows() {
    let rows = table(40)
        .replace("word 7,", "\"word 7,")
        .replace("word 20,", "\"word 20,");
    let tabs = rows.replace(',', "\t");
    let folder = folder(&[("a.csv", rows.as_bytes()), ("a.tsv", tabs.as_bytes())]);
    let folder = folder.path();
    for file in ["a.csv", "a.tsv"] {
        read(folder, file).fails(&[
            &format!("{file}, line 9"),
            "text behind the next quote, on line 22",
            "--quotes none",
        ]);
        let ran = read(folder, &format!("{file} --quotes none")).done();
        says(
            &ran,
            &[
                "40 documents of 40 rows in 1 file\n",
                "36 documents to train on, 4 to score on",
            ],
        );
    }
}

#[test]
fn quotes_behind_backslashes_are_named_and_read() {
    let rows = table(40).replace("word 3,", "\"the \\\"word\\\" 3\",");
    let folder = folder(&[("a.csv", rows.as_bytes())]);
    let folder = folder.path();
    read(folder, "a.csv").fails(&[
        "a.csv, line 5",
        "one behind a backslash",
        "--quotes backslash",
    ]);
    reads(
        folder,
        "a.csv --quotes backslash",
        &["40 documents of 40 rows"],
    );
    let ran = ulmfit(folder, "tokenize a.csv --quotes backslash").done();
    let line = ran.stdout.lines().nth(3).unwrap();
    assert!(line.contains(r#""the","\"","word","\"","3""#), "{line}");
}

#[test]
fn folders_of_classes() {
    let mut files: Vec<(String, &[u8])> = Vec::new();
    for i in 0..10 {
        for class in ["ham", "spam"] {
            files.push((format!("split/train/{class}/{i}.txt"), b"a text"));
            files.push((format!("split/test/{class}/{i}.txt"), b"a text"));
            files.push((format!("nested/{class}/{}/{i}.txt", i % 2), b"a text"));
        }
    }
    files.push(("split/train/notes.txt".to_owned(), b"no document"));
    files.push(("nested/README".to_owned(), b"no document"));
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .collect();
    let folder = folder(&files);
    reads(
        folder.path(),
        "split",
        &[
            "40 documents",
            "left out: split/train/notes.txt",
            "20 documents to train on, 20 to score on, 2 classes",
        ],
    );
    reads(
        folder.path(),
        "nested",
        &[
            "20 documents of 20 rows in 20 files; left out: nested/README",
            "2 classes (ham 9, spam 9)",
        ],
    );
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        for name in [&b"nested/caf\xe9"[..], b"nested/caf\xe8"] {
            let class = folder.path().join(std::ffi::OsStr::from_bytes(name));
            fs::create_dir(&class).unwrap();
            fs::write(class.join("1.txt"), "a text").unwrap();
        }
        read(folder.path(), "nested").fails(&[
            "a folder whose name is utf-8",
            r#""caf\xE8""#,
            "rename",
        ]);
    }
}

#[test]
fn a_class_with_a_single_document_is_trained_and_named() {
    let mut rows = table(40);
    rows.push_str("so rare,rare\n");
    let each = "text,label\na,1\nb,2\nc,3\n";
    let folder = folder(&[("rare.csv", rows.as_bytes()), ("each.csv", each.as_bytes())]);
    reads(
        folder.path(),
        "rare.csv",
        &[
            "37 documents to train on, 4 to score on, 3 classes (ham 18, rare 1, spam 18)",
            "1 class cannot be scored",
            "rare\n",
        ],
    );
    read(folder.path(), "each.csv").fails(&["each.csv", "each class has one document", "--valid"]);
}

#[test]
fn what_stands_for_no_label_is_none() {
    let rows = table(40) + "one,nan\ntwo,NULL\nthree,NULL\nfour,\n";
    let lists = table(40)
        .replace(",ham", ",\"['ham', 'food']\"")
        .replace(",spam", ",['spam']");
    let blank = "text,label\n,ham\n ,spam\n";
    let files = [
        ("a.csv", rows.as_bytes()),
        ("lists.csv", lists.as_bytes()),
        ("blank.csv", blank.as_bytes()),
    ];
    let folder = folder(&files);
    let folder = folder.path();
    reads(
        folder,
        "a.csv",
        &[
            "44 documents of 44 rows in 1 file; 4 without a label (2 `NULL`, 1 `nan`)",
            "2 classes",
            "4 documents without a label: for the language model only",
        ],
    );
    reads(
        folder,
        "a.csv --missing-label ?",
        &["1 without a label", "4 classes (NULL "],
    );
    read(folder, "lists.csv").fails(&[
        "lists.csv, line 2",
        "expected one class, found a list",
        "--label-delimiter",
    ]);
    reads(
        folder,
        "lists.csv --label-delimiter ,",
        &["3 classes, any number of them each (food 18, ham 18, spam 18)"],
    );
    read(folder, "blank.csv")
        .fails(&["blank.csv: expected text in at least one row, found none in 2 rows"]);
    // One rule for a field that is null and one that is not there.
    let line = |i: usize| match i {
        4 => "{\"text\":\"x\"}\n".to_owned(),
        5 => "{\"text\":\"x\",\"label\":null}\n".to_owned(),
        i => format!("{{\"text\":\"x\",\"label\":{}}}\n", i % 2),
    };
    fs::write(
        folder.join("a.jsonl"),
        (0..40).map(line).collect::<String>(),
    )
    .unwrap();
    reads(
        folder,
        "a.jsonl",
        &["40 documents of 40 rows in 1 file; 2 without a label\n"],
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let mark = "\u{feff}";
    let files = [
        ("a.csv", format!("{mark}{}", table(20))),
        ("a.jsonl", format!("{mark}{{\"text\":\"hello\"}}\n")),
        ("a.txt", format!("{mark}hello\n")),
    ];
    let files = files
        .each_ref()
        .map(|(name, text)| (*name, text.as_bytes()));
    let folder = folder(&files);
    reads(folder.path(), "a.csv", &["20 documents"]);
    let hello = "{\"tokens\":[\"xxbos\",\"hello\"]}\n";
    assert_eq!(ulmfit(folder.path(), "tokenize a.txt").done().stdout, hello);
    assert_eq!(
        ulmfit(folder.path(), "tokenize a.jsonl").done().stdout,
        hello
    );
    let model = trained().join("model");
    let predict = format!("predict {} a.jsonl", model.display());
    assert_eq!(
        ulmfit(folder.path(), &predict)
            .done()
            .stdout
            .lines()
            .count(),
        1
    );
}

#[test]
fn every_format_and_compression_gives_the_same_bytes() {
    let text = |i: usize| format!("A \"text\", number {i}\n; with 👍 and\ta tab");
    let documents: Vec<String> = (0..500).map(text).collect();
    let quoted = |delimiter: char| {
        let row = |text: &String| format!("x{delimiter}\"{}\"\n", text.replace('"', "\"\""));
        format!(
            "label{delimiter}text\n{}",
            documents.iter().map(row).collect::<String>()
        )
    };
    let line = |text: &String| format!("{}\n", serde_json::json!({ "text": text }));
    let jsonl: String = documents.iter().map(line).collect();
    let values: Vec<ByteArray> = documents.iter().map(|text| text.as_str().into()).collect();
    let parquet = write_parquet(
        "required binary text (UTF8);",
        Compression::SNAPPY,
        &|group| {
            column(group, &values);
        },
    );
    let folder = folder(&[]);
    let folder = folder.path();
    let tokens = |file: &str| ulmfit(folder, &format!("tokenize {file}")).done().stdout;
    fs::write(folder.join("plain.jsonl"), &jsonl).unwrap();
    let expected = tokens("plain.jsonl");
    assert_eq!(expected.lines().count(), 500);
    let mark = |text: &str| format!("\u{feff}{text}").into_bytes();
    let all: [(&str, Vec<u8>); 7] = [
        ("csv", quoted(',').into()),
        ("tsv", quoted('\t').into()),
        ("jsonl", jsonl.clone().into()),
        ("csv", mark(&quoted(','))),
        ("tsv", mark(&quoted('\t'))),
        ("jsonl", mark(&jsonl)),
        ("parquet", parquet),
    ];
    for (format, bytes) in &all {
        for bytes in [
            bytes.clone(),
            gzip(bytes),
            zstd::encode_all(&bytes[..], 1).unwrap(),
        ] {
            let file = format!("a.{format}");
            fs::write(folder.join(&file), &bytes).unwrap();
            assert_eq!(tokens(&file), expected, "{format}");
            let mut child = command(folder, &format!("tokenize - --format {format}"));
            let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let writer = std::thread::spawn(move || stdin.write_all(&bytes));
            let output = child.wait_with_output().unwrap();
            writer.join().unwrap().unwrap();
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                expected,
                "{format} in a pipe"
            );
        }
    }
    for (i, text) in documents.iter().enumerate() {
        fs::create_dir_all(folder.join("classes/x")).unwrap();
        fs::write(folder.join(format!("classes/x/{i:03}")), text).unwrap();
    }
    assert_eq!(tokens("classes --format folder"), expected);
}

#[test]
fn a_pipe_is_answered_line_by_line() {
    let folder = folder(&[]);
    let model = trained().join("model");
    for line in [
        "tokenize - --format jsonl".to_owned(),
        format!("predict {} - --format jsonl", model.display()),
        format!("predict {} --format jsonl", model.display()),
    ] {
        let mut child = command(folder.path(), &line)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
        for text in ["one", "two"] {
            // The answer comes before the next line and before the end.
            writeln!(stdin, "{{\"text\":\"{text}\"}}\n").unwrap();
            assert!(answers.next().unwrap().unwrap().starts_with('{'), "{line}");
        }
        drop(stdin);
        assert!(answers.next().is_none());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_bad_line_loses_no_good_one() {
    let mut lines: Vec<String> = (0..61)
        .map(|i| format!("{{\"text\":\"film {i}\"}}"))
        .collect();
    lines[31] = "{\"text\": \"film".to_owned();
    lines.insert(10, String::new());
    let text = lines.join("\n");
    let folder = folder(&[
        ("a.jsonl", text.as_bytes()),
        ("a.jsonl.gz", &gzip(text.as_bytes())),
    ]);
    let model = trained().join("model");
    for file in ["a.jsonl", "a.jsonl.gz"] {
        for verb in [
            format!("predict {} {file}", model.display()),
            format!("tokenize {file}"),
        ] {
            let ran = ulmfit(folder.path(), &verb);
            assert_eq!(
                (ran.code, ran.stdout.lines().count()),
                (Some(0), 60),
                "{verb}: {}",
                ran.stderr
            );
            // The blank line counts, as in an editor.
            says(
                &ran,
                &[
                    "line 33: expected one json object",
                    "1 of 61 documents could not be read",
                ],
            );
            let strict = ulmfit(folder.path(), &format!("{verb} --strict"));
            assert_eq!(
                (strict.code, strict.stdout.lines().count()),
                (Some(1), 31),
                "{verb}"
            );
        }
    }
}

#[test]
fn a_wrong_label_in_other_files_is_named_by_its_line() {
    let valid = "text,label\na,ham\n\"two\nlines\",spam\nc,span\n";
    let partly = "text,label\na,ham\nb,\nc,spam\n";
    let files = [
        ("a.csv", table(40)),
        ("valid.csv", valid.to_owned()),
        ("partly.csv", partly.to_owned()),
        ("none.csv", "text,label\na,\n".to_owned()),
    ];
    let files = files
        .each_ref()
        .map(|(name, text)| (*name, text.as_bytes()));
    let folder = folder(&files);
    let folder = folder.path();
    read(folder, "a.csv --valid valid.csv").fails(&[
        "valid.csv, line 5",
        "`span`",
        "`ham`, `spam`",
    ]);
    let ran = read(folder, "a.csv --valid partly.csv").done();
    says(
        &ran,
        &[
            "40 documents to train on, 2 to score on",
            "1 documents to score on are left out",
            "partly.csv, line 3",
        ],
    );
    assert!(
        !ran.stderr.contains("language model only"),
        "nothing is trained on them: {}",
        ran.stderr
    );
    read(folder, "a.csv --valid none.csv").fails(&["none.csv", "a label in `label`, found none"]);
    let model = trained().join("model");
    fs::write(folder.join("stars.csv"), "text,label\na,good\n\nb,fair\n").unwrap();
    ulmfit(folder, &format!("evaluate {} stars.csv", model.display()))
        .fails(&["stars.csv, line 4", "`fair`"]);
}

#[test]
fn other_delimiters_compressions_and_line_ends() {
    let rows = table(40);
    let cut = gzip(rows.as_bytes());
    let files: [(&str, Vec<u8>); 8] = [
        ("semi.csv", rows.replace(',', ";").into()),
        ("packed", gzip(rows.as_bytes())),
        ("cut.csv.gz", cut[..cut.len() / 2].to_vec()),
        ("cr.csv", rows.replace('\n', "\r").into()),
        (
            "crbad.csv",
            rows.replace("word 20", "a,b").replace('\n', "\r").into(),
        ),
        ("cr.txt", "one\rtwo\rthree\r".into()),
        (
            "utf16.csv",
            rows.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        (
            "twice.csv",
            rows.replacen("text,label", "label,label", 1).into(),
        ),
    ];
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (*name, &bytes[..]))
        .collect();
    let folder = folder(&files);
    let folder = folder.path();
    read(folder, "semi.csv").fails(&["separated by `;`", "--delimiter ';'"]);
    reads(folder, "semi.csv --delimiter ;", &["40 documents"]);
    reads(folder, "packed --format csv", &["40 documents"]);
    read(folder, "packed").fails(&["packed", "--format"]);
    let half = cut.len() / 2;
    read(folder, "cut.csv.gz").fails(&[
        &format!("cut off after {half} bytes"),
        "copy or download it again",
    ]);
    reads(folder, "cr.csv", &["40 documents of 40 rows"]);
    read(folder, "crbad.csv").fails(&["crbad.csv, line 22: expected 2 fields, found 3 fields"]);
    assert_eq!(
        ulmfit(folder, "tokenize cr.txt")
            .done()
            .stdout
            .lines()
            .count(),
        3
    );
    read(folder, "utf16.csv").fails(&["utf16.csv", "UTF-16", "convert"]);
    read(folder, "twice.csv --text-column label").fails(&["number 0 and 1 of that name", "rename"]);
}

fn write_parquet(
    columns: &str,
    compression: Compression,
    fill: &dyn Fn(&mut SerializedRowGroupWriter<'_, Vec<u8>>),
) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message m {{ {columns} }}")).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    fill(&mut group);
    group.close().unwrap();
    writer.into_inner().unwrap()
}

fn column(group: &mut SerializedRowGroupWriter<'_, Vec<u8>>, values: &[ByteArray]) {
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<ByteArrayType>()
        .write_batch(values, None, None)
        .unwrap();
    column.close().unwrap();
}

#[test]
fn parquet_files_as_others_write_them() {
    let texts: Vec<ByteArray> = (0..40)
        .map(|i| format!("word {i}").as_str().into())
        .collect();
    let of_floats = |labels: &[f64]| {
        write_parquet(
            "required binary text (UTF8); required double label;",
            Compression::SNAPPY,
            &|group| {
                column(group, &texts);
                let mut column = group.next_column().unwrap().unwrap();
                column
                    .typed::<DoubleType>()
                    .write_batch(labels, None, None)
                    .unwrap();
                column.close().unwrap();
            },
        )
    };
    let mut labels: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
    let floats = of_floats(&labels);
    labels[7] = f64::NAN;
    let nan = of_floats(&labels);
    let twice = write_parquet(
        "required binary text; required binary text;",
        Compression::SNAPPY,
        &|group| {
            column(group, &texts);
            column(group, &texts);
        },
    );
    let bytes: Vec<ByteArray> = (0..40)
        .map(|_| ByteArray::from(vec![0xff, 0xfe, 1]))
        .collect();
    let binary = write_parquet(
        "required binary text;",
        Compression::UNCOMPRESSED,
        &|group| column(group, &bytes),
    );
    let mut other = floats.clone();
    // The codec of the column's chunk as its metadata has it: snappy, 1, becomes brotli, 4, or lz4, 5.
    let end = other.len() - 4;
    let metadata =
        other.len() - 8 - u32::from_le_bytes(other[end - 4..end].try_into().unwrap()) as usize;
    let files = [
        ("floats.parquet", floats.clone()),
        ("floats.parquet.gz", gzip(&floats)),
        ("nan.parquet", nan),
        ("twice.parquet", twice),
        ("binary.parquet", binary),
    ];
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (*name, &bytes[..]))
        .collect();
    let folder = folder(&files);
    let folder = folder.path();
    for file in ["floats.parquet", "floats.parquet.gz"] {
        reads(
            folder,
            file,
            &["40 documents of 40 rows", "2 classes (0 18, 1 18)"],
        );
    }
    reads(
        folder,
        "nan.parquet",
        &["1 without a label", "2 classes (0 18, 1 17)"],
    );
    reads(
        folder,
        "nan.parquet --task regression",
        &["1 without a label", "a number each"],
    );
    read(folder, "twice.parquet").fails(&["number 0 and 1 of that name", "rename"]);
    let ran = ulmfit(folder, "tokenize binary.parquet --strict");
    assert!(
        ran.stderr.len() < 300,
        "the data is not told: {}",
        ran.stderr
    );
    ran.fails(&[
        "binary.parquet, line 1: expected a string in `text`, found bytes that are no utf-8",
    ]);
    let mut named = 0;
    for at in metadata..end {
        if other[at] != 2 {
            continue; // Snappy is 1, which Thrift writes as 2.
        }
        for (code, name) in [(8, "brotli"), (14, "lz4")] {
            other[at] = code;
            fs::write(folder.join("other.parquet"), &other).unwrap();
            let ran = ulmfit(folder, "tokenize other.parquet");
            named += usize::from(ran.stderr.contains(&format!("one compressed by {name}")));
        }
        other[at] = 2;
    }
    assert_eq!(named, 2, "the codec of the text is in one place");
}

#[test]
fn several_columns_are_marked_once() {
    let folder = folder(&[("a.csv", b"title,body\na b,c d\n")]);
    let tokens = |rules: &str| {
        let line = format!("tokenize a.csv --text-column title --text-column body --rules {rules}");
        let out = ulmfit(folder.path(), &line).done().stdout;
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        let tokens: Vec<String> = serde_json::from_value(value["tokens"].clone()).unwrap();
        tokens.join(" ")
    };
    assert_eq!(tokens("fastai_v2"), "xxbos xxfld 1 a b xxfld 2 c d");
    assert_eq!(tokens("paper"), "\n xbos xfld 1 a b xfld 2 c d");
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let folder = folder(&[]);
    let mut bytes = fs::read(trained().join("model")).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(folder.path().join("nan"), bytes).unwrap();
    for line in [
        "predict nan --text text",
        "serve nan --addr 127.0.0.1:0",
        "export nan --format fastai --out out",
    ] {
        ulmfit(folder.path(), line).fails(&[
            "nan",
            "tensor `",
            "expected finite numbers, found NaN",
        ]);
    }
}

#[test]
fn a_tokenizer_over_which_the_library_panics_is_an_error() {
    let merge = r#"{"model":{"type":"BPE","vocab":{"x":0,"y":3},"merges":["x y"]}}"#;
    let config = format!("tokenizer.words = {{ subword = {merge} }}").replace(':', "=");
    let reviews = table(20);
    let folder = folder(&[
        ("t.json", merge.as_bytes()),
        ("c.toml", config.as_bytes()),
        ("a.csv", reviews.as_bytes()),
    ]);
    let folder = folder.path();
    let ran = ulmfit(folder, "tokenize a.csv --tokenizer t.json");
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    says(&ran, &["t.json", "`model.merges`"]);
    let ran = read(folder, "a.csv --config c.toml");
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran.fails(&["c.toml", "`model.merges`"]);
}

#[test]
fn info_says_all_that_decides_what_a_model_does() {
    let ran = ulmfit(trained(), "info model --json").done();
    let info: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    for (name, value) in [
        ("task", "single_label"),
        ("cell", "lstm"),
        ("directions", "forward"),
        ("direction", "forward"),
        ("fields", "when_several"),
        ("end", "omit"),
    ] {
        assert_eq!(info[name], value, "{name}");
    }
    assert!(
        info["head"].is_array() && info["window"].is_object(),
        "{info}"
    );
    let ran = ulmfit(trained(), "info model").done();
    assert!(
        ran.stdout.contains("task        single_label\n"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("classes     2: bad, good\n"),
        "{}",
        ran.stdout
    );
}
