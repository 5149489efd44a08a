//! `ulmfit train` as a user runs it: what it writes and says; ended by Ctrl-C and resumed.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod shared;

use std::fs;

use shared::{command, fresh, ulmfit};

const TRAIN: &str = "train reviews.csv --text-column body --label-column stars --config tiny.toml --pretrained none";

#[test]
fn a_table_becomes_a_model_and_a_page() {
    let folder = fresh();
    let folder = folder.path();
    let ran = ulmfit(folder, TRAIN).done();
    assert!(ran.stdout.starts_with("accuracy "), "{}", ran.stdout);
    assert!(ran.stdout.contains("true \\ predicted") && ran.stdout.contains("linear model"));
    for said in [
        "72 documents to train on, 8 to score on, 2 classes",
        "no pretrained language model",
        "perplexity",
        "accuracy",
        "saved model.safetensors",
        "report model.report.html",
    ] {
        assert!(
            ran.stderr.contains(said),
            "`{said}` is missing in: {}",
            ran.stderr
        );
    }
    assert!(
        !ran.stderr.contains('\r') && !ran.stderr.contains('\x1b'),
        "no bar in a pipe"
    );
    let page = fs::read_to_string(folder.join("model.report.html")).unwrap();
    for part in [
        "<h1>stars of reviews.csv</h1>",
        "classify: all",
        "Confusion matrix",
        "Predictor::load",
        "embed = 8",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let predict = ["predict", "model.safetensors", "--text", "A lovely film."];
    let output = command(folder, "").args(predict).output().unwrap();
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(line["probabilities"]["good"].is_number(), "{line}");
    // Nothing that was made is replaced unasked.
    ulmfit(folder, TRAIN).fails(&["expected no file at model.safetensors", "--force"]);
    // The run's own checkpoints are gone: it can be run again, and is kept if that is asked for.
    assert!(!folder.join("model.safetensors.checkpoints").exists());
    let ran = ulmfit(folder, &format!("{TRAIN} --force --keep-checkpoints")).done();
    let kept = "saved model.safetensors; the run is in model.safetensors.checkpoints";
    assert!(ran.stderr.contains(kept), "{}", ran.stderr);
    ulmfit(folder, &format!("{TRAIN} --force")).fails(&["--resume", "remove that folder"]);
    ulmfit(folder, &format!("{TRAIN} --out b --report b"))
        .fails(&["b: expected a file for each result"]);
}

#[test]
fn a_run_that_is_scored_at_the_end_makes_the_same_file() {
    let folder = fresh();
    let folder = folder.path();
    let file = |name: &str, validate: &str| {
        let line = format!("{TRAIN} --out {name} --json --quiet --validate {validate}");
        let ran = ulmfit(folder, &line).done();
        let values = ran.stdout.lines().map(serde_json::from_str);
        let values: Vec<serde_json::Value> = values.map(Result::unwrap).collect();
        let epochs = values.iter().filter(|value| value["event"] == "epoch");
        let scored: Vec<bool> = epochs
            .map(|value| value["valid_loss"].is_number())
            .collect();
        (
            fs::read(folder.join(name)).unwrap(),
            scored,
            ran.result()["accuracy"].clone(),
        )
    };
    let (model, scored, accuracy) = file("a", "each-epoch");
    let (same, rarely, also) = file("b", "at-end");
    assert_eq!((&model, &accuracy), (&same, &also));
    assert_eq!(scored.len(), rarely.len());
    let count = |scored: &[bool]| scored.iter().filter(|scored| **scored).count();
    assert!(count(&rarely) < count(&scored) && rarely.last() == Some(&true));
    assert!(
        fs::read_to_string(folder.join("b.report.html"))
            .unwrap()
            .contains("Confusion matrix")
    );
}

#[test]
fn programs_read_json_and_quiet_says_nothing() {
    let folder = fresh();
    let folder = folder.path();
    let line =
        format!("{TRAIN} --json --quiet --no-report --language-model-out lm --seed 3 --threads 1");
    let ran = ulmfit(folder, &line).done();
    assert_eq!(ran.stderr, "");
    let result = ran.result();
    assert_eq!(result["documents"], 8);
    assert_eq!(result["models"][0], "model.safetensors");
    assert_eq!(result["classes"][1]["class"], "good");
    let first: serde_json::Value =
        serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["event"], &first["stage"]),
        (&"epoch".into(), &"pretrain".into())
    );
    assert!(folder.join("lm").exists() && !folder.join("model.report.html").exists());
    let before = fs::read(folder.join("model.safetensors")).unwrap();
    // The number of threads does not change the model.
    let line = line.replace(
        "--threads 1",
        "--threads 2 --out again --checkpoints other --force",
    );
    ulmfit(folder, &line).done();
    assert!(fs::read(folder.join("again")).unwrap() == before);
}

#[test]
fn both_directions_are_two_models_with_the_scores_of_both_as_one() {
    let folder = fresh();
    let ran = ulmfit(folder.path(), &format!("{TRAIN} --direction both --json")).done();
    let models = &ran.result()["models"];
    assert_eq!(models[1], "model.backward.safetensors");
    let page = fs::read_to_string(folder.path().join("model.report.html")).unwrap();
    assert!(page.contains("both directions as one") && page.contains("backward: classify: all"));
}

#[test]
fn every_number_is_printed_and_read_back() {
    let folder = fresh();
    let folder = folder.path();
    let line = "train reviews.csv --text-column body --label-column stars --pretrained none --print-config";
    let fitted = ulmfit(folder, line).done().stdout;
    assert!(
        fitted.contains("embed = 64") && fitted.contains("changed; default: 400"),
        "{fitted}"
    );
    fs::write(folder.join("all.toml"), &fitted).unwrap();
    let again = ulmfit(folder, &format!("{line} --config all.toml"))
        .done()
        .stdout;
    assert_eq!(again, fitted);
    let named = ulmfit(
        folder,
        &format!("{line} --recipe dl2 --epochs 3 --batch-size 5"),
    )
    .done()
    .stdout;
    assert!(
        named.contains("name = \"dl2\"") && named.contains("batch_size = 5 "),
        "{named}"
    );
    fs::write(folder.join("bad.toml"), "classifier.bs = 3").unwrap();
    ulmfit(folder, &format!("{line} --config bad.toml"))
        .fails(&["bad.toml", "unknown field `classifier.bs`"]);
    ulmfit(folder, &format!("{line} --config nowhere.toml")).fails(&["--config nowhere.toml"]);
}

#[test]
fn a_run_begins_with_the_english_model_unless_a_new_one_is_asked_for() {
    let folder = fresh();
    let line =
        "train reviews.csv --text-column body --label-column stars --finetune-epochs 1 --epochs 1";
    let ran = ulmfit(folder.path(), line).done();
    assert!(ran.stderr.contains("begins as: english"), "{}", ran.stderr);
    let info = ulmfit(folder.path(), "info model.safetensors").done();
    assert!(
        info.stdout.contains("embed 200, hidden 512, layers 3"),
        "{}",
        info.stdout
    );
    let page = fs::read_to_string(folder.path().join("model.report.html")).unwrap();
    assert!(page.contains("The language model began as: english."));
    // Sizes and directions are those of a new model.
    for (out, new) in [("sized", "--size tiny"), ("turned", "--direction backward")] {
        let line = format!("{line} {new} --out {out} --no-report --pretrain-epochs 1");
        let ran = ulmfit(folder.path(), &line).done();
        assert!(
            ran.stderr.contains("no pretrained language model"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn other_formats_and_parts_are_read() {
    let folder = fresh();
    let folder = folder.path();
    let reviews = fs::read_to_string(folder.join("reviews.csv")).unwrap();
    // JSON lines, with unlabeled ones for the language model; a folder for each class; a column of the held-out rows.
    let (mut lines, mut table) = (String::new(), "stars,body,held\n".to_owned());
    for (index, row) in reviews.lines().skip(1).enumerate() {
        let (label, text) = row.split_once(',').unwrap();
        let text = text.trim_matches('"');
        let object = match index % 9 {
            8 => serde_json::json!({ "body": text, "stars": null }),
            _ => serde_json::json!({ "body": text, "stars": label }),
        };
        lines.push_str(&format!("{object}\n"));
        table.push_str(&format!(
            "{row},{}\n",
            if index % 8 < 2 { "yes" } else { "no" }
        ));
        let class = folder.join("folder").join(label);
        fs::create_dir_all(&class).unwrap();
        fs::write(class.join(format!("{index}.txt")), text).unwrap();
    }
    fs::write(folder.join("reviews.jsonl"), lines).unwrap();
    fs::write(folder.join("held.csv"), table).unwrap();
    fs::write(folder.join("more.txt"), "A film of the sea.\n".repeat(30)).unwrap();
    let more = "--config tiny.toml --pretrained none --no-report --json --unlabeled more.txt --text-column body --label-column stars";
    for (data, documents) in [
        ("reviews.jsonl --valid reviews.csv", 80),
        ("folder --valid-share 0.25", 20),
        ("held.csv --valid-column held", 20),
    ] {
        let out = data.split_whitespace().next().unwrap();
        let ran = ulmfit(folder, &format!("train {data} --out {out}.model {more}")).done();
        assert_eq!(ran.result()["documents"], documents, "{data}");
        if data.starts_with("reviews.jsonl") {
            assert!(
                ran.stderr.contains("8 documents without a label"),
                "{}",
                ran.stderr
            );
        }
    }
}

#[cfg(unix)]
mod ctrl_c {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::path::Path;
    use std::process::{Child, Command};

    use super::*;

    fn press(child: &Child) {
        let status = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// Starts a run and returns it, with its messages, when it trains.
    fn training(folder: &Path, line: &str) -> (Child, BufReader<std::process::ChildStderr>) {
        let mut child = command(folder, line).spawn().unwrap();
        let mut messages = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("train loss") {
            assert!(
                messages.read_line(&mut said).unwrap() > 0,
                "ended before: {said}"
            );
        }
        (child, messages)
    }

    #[test]
    fn stores_the_run_and_the_line_that_it_says_goes_on_to_the_same_bytes() {
        let folder = fresh();
        let folder = folder.path();
        let line = format!("{TRAIN} --pretrain-epochs 150 --every 100000 --keep-checkpoints");
        ulmfit(folder, &format!("{line} --out whole --no-report")).done();
        let (mut child, mut messages) = training(folder, &line);
        press(&child);
        let mut said = String::new();
        messages.read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
        assert!(said.contains("storing the run at its next step"), "{said}");
        assert!(
            said.contains("the run is stored in model.safetensors.checkpoints"),
            "{said}"
        );
        assert!(!folder.join("model.safetensors").exists());
        let resume = said
            .lines()
            .find_map(|line| line.strip_prefix("go on with: "))
            .unwrap();
        let output = Command::new("sh")
            .args(["-c", resume])
            .current_dir(folder)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && said.contains("resuming from"),
            "{said}"
        );
        let bytes = |name: &str| fs::read(folder.join(name)).unwrap();
        assert!(bytes("model.safetensors") == bytes("whole"));
        // Without --resume the stored run is not lost by accident.
        fs::remove_file(folder.join("model.safetensors")).unwrap();
        ulmfit(folder, &format!("{line} --force"))
            .fails(&["expected no checkpoints of another run"]);
    }

    #[test]
    fn pressed_twice_ends_at_once() {
        let folder = fresh();
        let folder = folder.path();
        // A step that takes the whole epoch.
        let slow = format!(
            "{}language_model.accumulate = 10000000\n",
            shared::TINY.replace("seq_len = 12", "seq_len = 2")
        );
        fs::write(folder.join("tiny.toml"), slow).unwrap();
        fs::write(
            folder.join("more.txt"),
            "A film of the sea, and of the wind.\n".repeat(20_000),
        )
        .unwrap();
        let (mut child, mut messages) = training(folder, &format!("{TRAIN} --unlabeled more.txt"));
        press(&child);
        let mut said = String::new();
        messages.read_line(&mut said).unwrap();
        assert!(said.contains("once more to end at once"), "{said}");
        press(&child);
        messages.read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
        assert!(
            said.contains("ended; what was stored before is whole"),
            "{said}"
        );
    }
}
