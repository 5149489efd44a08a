//! Every other verb as a user runs it: standard output, standard error stream, exit code.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod shared;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};

use shared::{command, fresh, trained, ulmfit, write_reviews};

#[test]
fn every_verb_explains_itself_and_a_wrong_line_is_refused_with_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let help = ulmfit(folder.path(), "--help").done().stdout;
    let (_, verbs) = help.split_once("Commands:\n").unwrap();
    let (verbs, _) = verbs.split_once("\n\n").unwrap();
    let verbs = verbs.lines().filter_map(|line| line.strip_prefix("  "));
    let verbs = verbs.filter(|line| !line.starts_with([' ', 'h']));
    let verbs: Vec<&str> = verbs.filter_map(|line| line.split(' ').next()).collect();
    assert!(verbs.len() > 15 && verbs.contains(&"embed"), "{verbs:?}");
    for verb in verbs {
        let own = ulmfit(folder.path(), &format!("{verb} --help")).done();
        assert!(
            own.stdout.contains("Usage: ulmfit") && own.stderr.is_empty(),
            "{verb}"
        );
        for option in [
            "--device",
            "--precision",
            "--threads",
            "-q, --quiet",
            "-v, --verbose",
            "--json",
        ] {
            assert!(own.stdout.contains(option), "{verb} has no {option}");
        }
        let wrong = ulmfit(folder.path(), &format!("{verb} --no-such-option"));
        assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(2), ""), "{verb}");
    }
    assert_eq!(ulmfit(folder.path(), "learn").code, Some(2));
}

#[test]
fn evaluate_prints_the_scores_that_train_has_found() {
    let folder = trained();
    let line = "evaluate model reviews.csv --text-column body --label-column stars";
    let ran = ulmfit(folder, line).done();
    assert!(ran.stdout.starts_with("accuracy "), "{}", ran.stdout);
    let read = "reviews.csv: 80 documents of 80 rows in 1 file\n";
    assert_eq!(ran.stderr, read);
    assert!(ran.stdout.contains("precision") && ran.stdout.contains("true \\ predicted"));
    let all = ulmfit(folder, &format!("{line} --json --device flex"))
        .done()
        .result();
    assert_eq!(all["documents"], 80);
    let rows = all["confusion"].as_array().unwrap().iter();
    let counts: Vec<u64> = rows
        .flat_map(|row| row.as_array().unwrap())
        .map(|n| n.as_u64().unwrap())
        .collect();
    assert_eq!((counts.len(), counts.iter().sum::<u64>()), (4, 80));
    let right = (counts[0] + counts[3]) as f64 / 80.0;
    assert!((all["accuracy"].as_f64().unwrap() - right).abs() < 1e-9);

    let page = tempfile::tempdir().unwrap();
    let page = page.path().join("page.html");
    let ran = ulmfit(folder, &format!("{line} --report {}", page.display())).done();
    assert!(ran.stderr.contains("report "), "{}", ran.stderr);
    assert!(
        fs::read_to_string(page)
            .unwrap()
            .contains("model on reviews.csv")
    );
}

#[test]
fn classify_trains_on_a_given_language_model() {
    let (folder, given) = (fresh(), trained());
    let lm = given.join("lm");
    let line = format!(
        "classify {} reviews.csv --text-column body --label-column stars --config tiny.toml --json",
        lm.display()
    );
    let ran = ulmfit(folder.path(), &line).done();
    assert_eq!(ran.result()["models"][0], "model.safetensors");
    assert!(
        !ran.stderr.contains("perplexity") && ran.stderr.contains("classify: head"),
        "{}",
        ran.stderr
    );
    let page = fs::read_to_string(folder.path().join("model.report.html")).unwrap();
    assert!(page.contains("Most confident mistakes") || page.contains("100.0 %"));
    let model = folder.path().join("model.safetensors");
    ulmfit(
        given,
        &format!(
            "evaluate {} reviews.csv --text-column body --label-column stars",
            model.display()
        ),
    )
    .done();
}

#[test]
fn lr_find_suggests_rates_and_draws_the_curve() {
    let (folder, given) = (fresh(), trained());
    let folder = folder.path();
    let base = "lr-find reviews.csv --text-column body --label-column stars --config tiny.toml";
    let ran = ulmfit(folder, base).done();
    for rule in ["valley ", "slide ", "minimum ", "steep "] {
        assert!(
            ran.stdout.lines().any(|line| line.starts_with(rule)),
            "{}",
            ran.stdout
        );
    }
    let curve = fs::read_to_string(folder.join("lr-find.svg")).unwrap();
    assert!(curve.starts_with("<svg") && curve.contains("learning rate"));
    ulmfit(folder, base).fails(&["expected no file at lr-find.svg"]);
    let lm = given.join("lm");
    for step in ["language-model", "classifier"] {
        let line = format!(
            "{base} --step {step} --model {} --out {step}.svg --json --steps 40",
            lm.display()
        );
        let result = ulmfit(folder, &line).done().result();
        let points = result["rates"].as_array().unwrap().len();
        assert!(points >= 6 && points == result["losses"].as_array().unwrap().len());
        assert!(
            result["suggestions"]["minimum"]
                .as_f64()
                .is_some_and(|rate| rate > 0.0),
            "{result}"
        );
        assert!(folder.join(format!("{step}.svg")).exists());
    }
    assert_eq!(
        ulmfit(folder, &format!("{base} --step classifier --out c.svg")).code,
        Some(2)
    );
}

#[test]
fn predict_keeps_the_order_of_its_texts() {
    let folder = trained();
    let own = tempfile::tempdir().unwrap();
    let texts = own.path().join("texts.jsonl");
    let lines = (0..50).map(|n| {
        format!(
            "{{\"body\": \"{}\"}}\n",
            ["A lovely film.", "Dreadful."][n % 2]
        )
    });
    fs::write(&texts, lines.collect::<String>()).unwrap();
    let ran = ulmfit(
        folder,
        &format!("predict model --text-column body {}", texts.display()),
    )
    .done();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 50);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(*line, lines[index % 2]);
    }
    assert!(ran.stderr.is_empty());
    ulmfit(folder, &format!("predict model {}", texts.display())).fails(&[
        "line 1",
        "`text`",
        "50 of 50 documents could not be read",
    ]);
}

#[test]
fn generate_info_and_completions_print_on_the_standard_output() {
    let folder = trained();
    let text = ulmfit(folder, "generate lm A --tokens 5 --seed 4").done();
    assert!(
        text.stdout.starts_with('a') && text.stderr.is_empty(),
        "{}",
        text.stdout
    );
    assert_eq!(
        text.stdout,
        ulmfit(folder, "generate lm A --tokens 5 --seed 4")
            .done()
            .stdout
    );
    let info = ulmfit(folder, "info model").done();
    assert!(
        info.stdout.contains("kind        classifier") && info.stdout.contains("2: bad, good"),
        "{}",
        info.stdout
    );
    let info = ulmfit(folder, "info lm --json").done();
    let info: serde_json::Value = serde_json::from_str(&info.stdout).unwrap();
    assert_eq!(
        (&info["kind"], &info["embed"]),
        (&"language_model".into(), &8.into())
    );
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = ulmfit(folder, &format!("completions {shell}")).done();
        assert!(
            script.stdout.contains("lr-find") && script.stderr.is_empty(),
            "{shell}"
        );
    }
}

#[test]
fn a_closed_pipe_ends_a_command_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let text = "many words on a line of text\n".repeat(100_000);
    fs::write(folder.path().join("text.txt"), text).unwrap();
    let mut child = command(folder.path(), "tokenize text.txt").spawn().unwrap();
    let mut line = String::new();
    // Reads a line, as `head -1` does, and goes away.
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("{\"tokens\":["), "{line}");
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn training_goes_on_when_nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_reviews(&folder.join("reviews.csv"), 80);
    fs::write(folder.join("tiny.toml"), shared::TINY).unwrap();
    let line = "train reviews.csv --text-column body --label-column stars --config tiny.toml --pretrained none --json";
    let mut child = command(folder, line).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(folder.join("model.safetensors").exists() && folder.join("model.report.html").exists());
}

#[test]
fn perplexity_is_that_of_the_text_and_a_rounded_model_is_near() {
    let folder = trained();
    let line = "perplexity lm reviews.csv --text-column body --batch-size 4 --json";
    let exact = ulmfit(folder, line).done().result();
    let perplexity = |result: &serde_json::Value| result["perplexity"].as_f64().unwrap();
    assert!(perplexity(&exact) > 1.0 && exact["tokens"].as_u64().unwrap() > 100);
    let people = ulmfit(folder, &line.replace(" --json", "")).done().stdout;
    let number = format!("perplexity {:.2}, loss", perplexity(&exact));
    assert!(people.starts_with(&number), "{people}");

    let other = tempfile::tempdir().unwrap();
    let out = other.path().join("small");
    let export = format!("export lm --storage int8 --out {} --format", out.display());
    ulmfit(folder, &format!("{export} fastai")).fails(&["--storage", "int8"]);
    ulmfit(folder, &format!("{export} ulmfit")).done();
    let info = ulmfit(folder, &format!("info {}", out.display())).done();
    assert!(info.stdout.contains("storage     int8"), "{}", info.stdout);
    let line = line.replace(" lm ", &format!(" {} ", out.display()));
    let rounded = ulmfit(folder, &line).done().result();
    assert!((perplexity(&rounded) / perplexity(&exact) - 1.0).abs() < 0.02);
    ulmfit(folder, "perplexity none reviews.csv --text-column body").fails(&["none"]);
}

#[test]
fn pretrain_takes_its_numbers_from_a_file_or_from_options() {
    let folder = tempfile::tempdir().unwrap();
    let text = "the sea and the ship and the shore\n".repeat(60);
    fs::write(folder.path().join("text.txt"), text).unwrap();
    let numbers = "\
sizes = { embed = 8, hidden = 16, layers = 1 }
vocabulary.min_freq = 2
language_model.pretrain_batch_size = 4
language_model.seq_len = 12
language_model.pretrain_drop_mult = 0.5
language_model.optimizer.adam.clip = 0.01
";
    fs::write(folder.path().join("numbers.toml"), numbers).unwrap();
    for (out, options) in [
        ("file", "--config numbers.toml"),
        (
            "options",
            "--size 8/16/1 --min-freq 2 --batch-size 4 --seq-len 12 --drop-mult 0.5 --clip 0.01",
        ),
        ("changed", "--config numbers.toml --clip 0.02"),
    ] {
        ulmfit(
            folder.path(),
            &format!("pretrain text.txt --out {out} {options}"),
        )
        .done();
    }
    let model = |out: &str| fs::read(folder.path().join(out)).unwrap();
    assert_eq!(model("file"), model("options"));
    assert_ne!(model("file"), model("changed"), "the option wins");

    let both = ulmfit(
        folder.path(),
        "pretrain text.txt --out no --recipe paper --config numbers.toml",
    );
    assert_eq!(both.code, Some(2));
    let absent = ulmfit(folder.path(), "pretrain text.txt --out no --config absent");
    absent.fails(&["cannot read --config absent"]);
}
