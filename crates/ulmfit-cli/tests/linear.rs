//! Linear models as a user meets them: beside the trained one, taught by it, and served in its place.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod shared;

use std::fs;
use std::process::Stdio;

use shared::{command, fresh, trained, ulmfit};
use ulmfit::prelude::Device;
use ulmfit_serve::{Answer, Model};

const COLUMNS: &str = "--text-column body --label-column stars";

#[test]
fn distill_makes_a_model_that_every_reader_reads() {
    let folder = trained();
    let other = tempfile::tempdir().unwrap();
    let fast = other.path().join("fast.safetensors");
    let out = fast.display();
    let line = format!("distill model --unlabeled reviews.csv {COLUMNS} --out {out}");
    let ran = ulmfit(folder, &line).done();
    assert!(
        ran.stderr.contains("80 texts to learn from"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("words and pairs") && ran.stdout.is_empty());
    ulmfit(folder, &line).fails(&["expected no file at", "--force"]);

    fs::write(
        other.path().join("score.csv"),
        "stars,body\ngood,a lovely one\nbad,a dreadful one\n",
    )
    .unwrap();
    let score = other.path().join("score.csv");
    let line = format!("{line} --force --json --score-on {}", score.display());
    let result = ulmfit(folder, &line).done().result();
    assert!(result["student"]["accuracy"].is_number() && result["teacher"]["accuracy"].is_number());
    assert!(result["bytes"].as_u64().unwrap() < 20_000_000);

    let predicted = ulmfit(folder, &format!("predict {out} --text lovely"))
        .done()
        .stdout;
    let predicted: serde_json::Value = serde_json::from_str(&predicted).unwrap();
    assert!(
        predicted["probabilities"]["good"].is_number(),
        "{predicted}"
    );
    let info = ulmfit(folder, &format!("info {out}")).done().stdout;
    assert!(info.contains("kind        linear_classifier"), "{info}");
    let found = ulmfit(folder, &format!("evaluate {out} reviews.csv {COLUMNS}"))
        .done()
        .stdout;
    assert!(
        found.contains("accuracy ") && found.contains("true \\ predicted"),
        "{found}"
    );
    let served = Model::load(&[&fast], &Device::default()).unwrap();
    let answers = served.answers(&["A lovely film."]);
    assert!(matches!(&answers[..], [Answer::Class { .. }]));
    assert_eq!((served.task(), served.names().len()), ("single_label", 2));

    ulmfit(folder, &format!("export {out} --format ulmfit --out x"))
        .fails(&["found a linear classifier"]);
    ulmfit(
        folder,
        &format!("distill {out} --unlabeled reviews.csv {COLUMNS} --out y"),
    )
    .fails(&["expected classifier, found linear_classifier"]);
    ulmfit(
        folder,
        "distill model --unlabeled reviews.csv --text-column nothing --out y",
    )
    .fails(&["--text-column", "nothing"]);
}

#[test]
fn train_says_whether_it_was_worth_its_time_and_teaches_a_student() {
    let folder = fresh();
    let folder = folder.path();
    let line = format!(
        "train reviews.csv {COLUMNS} --config tiny.toml --pretrained none --json --fast fast.safetensors"
    );
    let ran = ulmfit(folder, &line).done();
    for said in [
        "accuracy on the same 8 documents, and its 95 % interval",
        "  always `",
        "  linear model (TF-IDF with logistic regression, C ",
        "  this model  ",
        "fast.safetensors: a linear classifier",
        ", its teacher ",
    ] {
        assert!(
            ran.stderr.contains(said),
            "`{said}` is missing in: {}",
            ran.stderr
        );
    }
    let result = ran.result();
    let beside = &result["beside"];
    assert_eq!(beside["models"].as_array().unwrap().len(), 3);
    // A word tells the classes apart.
    assert_eq!(beside["models"][1]["accuracy"], 1.0);
    assert_eq!(beside["models"][2]["accuracy"], result["accuracy"]);
    assert_eq!(result["fast"]["file"], "fast.safetensors");
    let page = fs::read_to_string(folder.join("model.report.html")).unwrap();
    assert!(page.contains("Beside simpler models") && page.contains("always `"));
    assert!(folder.join("fast.safetensors").is_file());
}

#[test]
fn self_training_is_a_part_of_the_recipe() {
    let folder = fresh();
    let folder = folder.path();
    let texts = (0..60).map(|n| format!("a {} song, number {n}\n", ["dreadful", "lovely"][n % 2]));
    fs::write(folder.join("more.txt"), texts.collect::<String>()).unwrap();
    fs::write(folder.join("self.toml"), with_share(0.8)).unwrap();
    let train =
        format!("train reviews.csv {COLUMNS} --pretrained none --unlabeled more.txt --no-report");
    let run = |config: &str, out: &str| {
        let ran = ulmfit(folder, &format!("{train} --config {config} --out {out}")).done();
        (ran.stderr, fs::read(folder.join(out)).unwrap())
    };
    let (said, plain) = run("tiny.toml", "plain");
    assert!(!said.contains("self-training"));
    let (said, once) = run("self.toml", "once");
    assert!(said.contains("self-training: "), "{said}");
    assert!(once != plain && once == run("self.toml", "again").1);
    // Killed while the second classifier is trained, and resumed.
    let line = format!("{train} --config self.toml --out cut --every 1");
    let mut child = command(folder, &line)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stored = folder.join("cut.checkpoints/self-training/classify");
    let is_stored = || fs::read_dir(&stored).is_ok_and(|mut files| files.next().is_some());
    while child.try_wait().unwrap().is_none() && !is_stored() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_stored() && !folder.join("cut").exists());
    ulmfit(folder, &format!("{line} --resume")).done();
    assert!(fs::read(folder.join("cut")).unwrap() == once);
    // Nothing is relabeled where there is no text.
    let none = train.replace(" --unlabeled more.txt", "");
    let without = |config: &str, out: &str| {
        ulmfit(folder, &format!("{none} --config {config} --out {out}")).done();
        fs::read(folder.join(out)).unwrap()
    };
    assert_eq!(without("tiny.toml", "a"), without("self.toml", "b"));
    fs::write(folder.join("wrong.toml"), with_share(2.0)).unwrap();
    ulmfit(folder, &format!("{train} --config wrong.toml --out c"))
        .fails(&["self_training.share", "found 2"]);
}

fn with_share(share: f64) -> String {
    format!(
        "{}classifier.self_training = {{ share = {share:?} }}\n",
        shared::TINY
    )
}
