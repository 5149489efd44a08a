//! What users and machines get wrong: the message names it and says what to do, and nothing is lost.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod shared;

use std::fs;

use shared::{Mounted, fresh, trained, ulmfit};

const TRAIN: &str = "train reviews.csv --text-column body --label-column stars --config tiny.toml --pretrained none";

#[test]
fn a_wrong_column_is_answered_with_those_that_are_there() {
    let folder = fresh();
    let folder = folder.path();
    ulmfit(folder, "train reviews.csv").fails(&[
        "--text-column and --label-column: reviews.csv",
        "`text`",
        "`stars`, `body`",
    ]);
    ulmfit(
        folder,
        "train reviews.csv --text-column body --label-column rating",
    )
    .fails(&["`rating`", "`stars`, `body`"]);
    ulmfit(folder, "train reviews.csv --no-header --text-column body").fails(&[
        "--text-column",
        "the number of a column",
        "`body`",
    ]);
    ulmfit(folder, "lr-find reviews.csv").fails(&["`text`", "`stars`, `body`"]);
    ulmfit(trained(), "evaluate model reviews.csv").fails(&["`text`", "`stars`, `body`"]);
}

#[test]
fn files_without_anything_to_learn_are_refused() {
    let folder = fresh();
    let folder = folder.path();
    let train = |file: &str| {
        ulmfit(
            folder,
            &format!("train {file} --text-column body --label-column stars"),
        )
    };
    fs::write(folder.join("empty.csv"), "").unwrap();
    train("empty.csv").fails(&["empty.csv"]);
    fs::write(folder.join("header.csv"), "stars,body\n").unwrap();
    train("header.csv").fails(&["header.csv", "only a header"]);
    fs::write(folder.join("one.csv"), "stars,body\ngood,a\ngood,b\n").unwrap();
    train("one.csv")
        .fails(&["one.csv, label `stars`: expected at least 2 classes, found one (`good`)"]);
    fs::write(folder.join("two.csv"), "stars,body\ngood,a\nbad,b\n").unwrap();
    train("two.csv").fails(&[
        "two.csv, label `stars`",
        "each class has one document",
        "add documents of each class",
    ]);
    train("absent.csv").fails(&["absent.csv: expected a file, found nothing"]);
    fs::write(folder.join("notes.txt"), "some text\n").unwrap();
    train("notes.txt").fails(&["notes.txt", "a file with labels"]);
    train("reviews.csv --valid-share 1.5").fails(&["--valid-share", "above 0 and below 1"]);
    assert_eq!(
        fs::read_dir(folder).unwrap().count(),
        7,
        "nothing was written"
    );
}

#[test]
fn a_model_of_the_wrong_kind_is_named() {
    let (folder, given) = (fresh(), trained());
    let folder = folder.path();
    let (model, lm) = (given.join("model"), given.join("lm"));
    let (model, lm) = (model.display(), lm.display());
    for (line, parts) in [
        (format!("predict {lm} --text text"), ["lm", "classifier"]),
        (format!("evaluate {lm} reviews.csv"), ["lm", "classifier"]),
        (
            format!("generate {model} text"),
            ["model", "language_model"],
        ),
        (
            format!("classify {model} reviews.csv --text-column body --label-column stars"),
            ["model", "language_model"],
        ),
        (
            TRAIN.replace("--pretrained none", &format!("--pretrained {model}")),
            ["model", "language_model"],
        ),
        (
            format!(
                "predict {folder}/tiny.toml --text text",
                folder = folder.display()
            ),
            ["tiny.toml", "expected"],
        ),
        ("info nowhere".to_owned(), ["nowhere", "No such file"]),
        (
            format!("predict {model} --text text --device abacus"),
            ["--device", "`abacus`"],
        ),
    ] {
        let ran = ulmfit(folder, &line);
        assert_eq!(ran.code, Some(1), "{line}: {}", ran.stderr);
        ran.fails(&parts);
    }
}

#[test]
fn labels_that_the_model_does_not_know_are_named() {
    let folder = fresh();
    fs::write(
        folder.path().join("other.csv"),
        "stars,body\nfair,A fair film.\n",
    )
    .unwrap();
    let other = folder.path().join("other.csv");
    let line = format!(
        "evaluate model {} --text-column body --label-column stars",
        other.display()
    );
    ulmfit(trained(), &line).fails(&["other.csv, label `stars`", "`fair`", "`bad`, `good`"]);
}

#[test]
fn a_reason_is_told_once() {
    let folder = fresh();
    let folder = folder.path();
    for line in [
        "info nowhere",
        "predict nowhere --text text",
        "serve nowhere --addr 127.0.0.1:0",
    ] {
        let ran = ulmfit(folder, line);
        assert_eq!(
            ran.stderr.matches("No such file").count(),
            1,
            "{}",
            ran.stderr
        );
        ran.fails(&["nowhere", "check"]);
    }
}

#[test]
fn a_line_of_json_that_cannot_be_read_is_named() {
    let folder = fresh();
    let model = trained().join("model");
    let lines = folder.path().join("lines.jsonl");
    let line = format!("predict {} {}", model.display(), lines.display());
    let long = format!(
        "{{\"text\":\"a\"}}\n{{\"body\":\"{}\"}}\n",
        "b".repeat(5000)
    );
    fs::write(&lines, long).unwrap();
    let ran = ulmfit(folder.path(), &line);
    assert!(ran.stderr.len() < 500, "the line itself is not told");
    // The line that can be read is answered.
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(0), 1));
    for part in [
        "lines.jsonl, line 2",
        "found the fields `body`",
        "--text-column",
    ] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    for (text, found) in [
        ("nothing", "expected ident at column 2"),
        ("[1]", "expected a JSON object"),
        ("{\"text\":1}", "found `1`"),
        ("{\"text\":\"a\", \"text\":\"b\"}", "two of that name"),
    ] {
        fs::write(&lines, text).unwrap();
        ulmfit(folder.path(), &line).fails(&["lines.jsonl, line 1", found]);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_training() {
    let folder = fresh();
    let folder = folder.path();
    ulmfit(folder, &format!("{TRAIN} --out absent/model")).fails(&["cannot write absent/model"]);
    let Some(mounted) = Mounted::new(folder.join("locked"), "1m") else {
        return;
    };
    mounted.make_read_only();
    let ran = ulmfit(folder, &format!("{TRAIN} --out locked/model"));
    assert!(!ran.stderr.contains("train loss"), "{}", ran.stderr);
    ran.fails(&["cannot write locked/model", "Read-only"]);
    ulmfit(folder, &format!("{TRAIN} --checkpoints locked/run")).fails(&["locked/run"]);
}

#[test]
fn a_full_disk_loses_nothing() {
    let folder = fresh();
    let folder = folder.path();
    let Some(mounted) = Mounted::new(folder.join("full"), "8k") else {
        return;
    };
    fs::write(mounted.0.join("model"), b"old").unwrap();
    let line = format!("{TRAIN} --out full/model --no-report --force --checkpoints run");
    ulmfit(folder, &line).fails(&["full/model", "No space left"]);
    assert_eq!(fs::read(mounted.0.join("model")).unwrap(), b"old");
    assert_eq!(
        fs::read_dir(&mounted.0).unwrap().count(),
        1,
        "no half file is left"
    );
    // The trained weights are in the checkpoints: the run goes on where there is room, without training again.
    let line = format!("{TRAIN} --out model --report full/page.html --checkpoints run --resume");
    ulmfit(folder, &line).fails(&["cannot write full/page.html", "the report", "No space left"]);
    assert!(
        !folder.join("model").exists() && folder.join("run/classify").exists(),
        "all files or none, and the run is stored"
    );
    let line = format!("{TRAIN} --out model --report page.html --checkpoints run --resume");
    let ran = ulmfit(folder, &line).done();
    assert!(ran.stderr.contains("resuming from"), "{}", ran.stderr);
    assert!(folder.join("model").exists() && folder.join("page.html").exists());
    assert!(!folder.join("run").exists());
    // Checkpoints that do not fit end the run with their name.
    ulmfit(
        folder,
        &format!("{TRAIN} --out other --checkpoints full/run"),
    )
    .fails(&["full/run", "No space left"]);
}

#[test]
fn a_number_out_of_range_is_told_with_its_range() {
    let folder = fresh();
    let folder = folder.path();
    let lm = trained().join("lm");
    let generate = format!("generate {} A", lm.display());
    for (line, parts) in [
        (
            format!("{TRAIN} --vocab-size 0"),
            ["--vocab-size", "an integer from 1 to"],
        ),
        (
            format!("{TRAIN} --batch-size 0"),
            ["--batch-size", "an integer from 1 to"],
        ),
        (
            format!("{TRAIN} --lm-batch-size 99999999999999999999"),
            ["--lm-batch-size", "an integer from 1 to"],
        ),
        (
            format!("{TRAIN} --every 0"),
            ["--checkpoint-every", "an integer from 1 to"],
        ),
        (
            format!("{generate} --temperature -1"),
            ["--temperature", "a number above 0"],
        ),
        (
            format!("{generate} --temperature nan"),
            ["--temperature", "a number above 0"],
        ),
        (
            format!("{generate} --top-p 5"),
            ["--top-p", "above 0 and at most 1"],
        ),
        (
            format!("{generate} --min-p 1.5"),
            ["--min-p", "from 0 to 1"],
        ),
        (
            format!("{generate} --beams 0"),
            ["--beams", "an integer from 1 to 1000"],
        ),
        (
            "lr-find reviews.csv --text-column body --start 0".to_owned(),
            ["--start", "above 0"],
        ),
    ] {
        let ran = ulmfit(folder, &line);
        assert_eq!(ran.code, Some(2), "{line}: {}", ran.stderr);
        for part in parts {
            assert!(ran.stderr.contains(part), "{line}: {}", ran.stderr);
        }
    }
    let sized = TRAIN.replace(
        "--pretrained none",
        &format!("--pretrained {}", lm.display()),
    );
    ulmfit(folder, &format!("{sized} --size tiny")).fails(&["--size", "leave --size out"]);
    for size in [
        "4000000000/4000000000/3",
        "1/1/18446744073709551615",
        "100000/100000/4",
    ] {
        ulmfit(folder, &format!("{TRAIN} --size {size}")).fails(&["sizes", "2e9 weights"]);
    }
    fs::write(folder.join("numbers.csv"), "text,label\na,1\nb,1e30\nc,2\n").unwrap();
    ulmfit(
        folder,
        "train numbers.csv --task regression --pretrained none",
    )
    .fails(&[
        "numbers.csv, line 3",
        "a number from -1e15 to 1e15",
        "`1e30`",
    ]);
}

#[test]
fn a_label_is_shown_and_does_not_steer_the_terminal() {
    let folder = fresh();
    let folder = folder.path();
    let mut table = "stars,body\n".to_owned();
    for n in 0..40 {
        let label = ["good", "\"\u{1b}[31mred\nline\u{202e}\""][n % 2];
        table.push_str(&format!("{label},A film of number {n}.\n"));
    }
    fs::write(folder.join("reviews.csv"), table).unwrap();
    let ran = ulmfit(folder, &format!("{TRAIN} --out m")).done();
    assert!(
        ran.stdout.contains("\\u{1b}[31mred\\nline\\u{202e}"),
        "{}",
        ran.stdout
    );
    let page = fs::read_to_string(folder.join("m.report.html")).unwrap();
    let info = ulmfit(folder, "info m").done().stdout;
    let table = ulmfit(
        folder,
        "evaluate m reviews.csv --text-column body --label-column stars",
    );
    let table = table.done().stdout;
    for shown in [&ran.stderr, &ran.stdout, &page, &info, &table] {
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
    }
    assert!(
        info.contains("classes     2: \\u{1b}[31mred\\nline\\u{202e}, good"),
        "{info}"
    );
}
