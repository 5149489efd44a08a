//! Labels of other kinds than one class, from the table to predictions: several classes, and numbers.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod shared;

use std::fs;
use std::path::Path;

use shared::{command, fresh, ulmfit};

/// A table `body,tags,price` of 80 rows: a word for each tag, and a price that a word tells.
fn write_things(folder: &Path) {
    let mut text = "body,tags,price\n".to_owned();
    for i in 0..80 {
        let (tags, what) = [
            ("film", "A film"),
            ("song", "A song"),
            ("film; song", "A film with a song"),
            ("", "Nothing"),
        ][i % 4];
        let (price, word) = [(1.5, "cheap"), (9.25, "dear")][i / 4 % 2];
        text.push_str(&format!(
            "{what} that is {word} for number {},{tags},{price}\n",
            i % 7
        ));
    }
    fs::write(folder.join("things.csv"), text).unwrap();
}

fn predicted(folder: &Path, model: &str) -> serde_json::Value {
    let output = command(folder, "predict")
        .args([model, "--text", "A film that is dear."])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn several_classes_in_a_field_are_learned_and_told_one_by_one() {
    let folder = fresh();
    let folder = folder.path();
    write_things(folder);
    let tags = "things.csv --text-column body --label-column tags --label-delimiter ;";
    let ran = ulmfit(
        folder,
        &format!("train {tags} --config tiny.toml --pretrained none --out tags"),
    )
    .done();
    let all = format!("{}{}", ran.stderr, ran.stdout);
    for said in [
        "2 classes, any number of them each",
        "f1_multi",
        "all classes right for",
    ] {
        assert!(all.contains(said), "`{said}`: {all}");
    }
    let page = fs::read_to_string(folder.join("tags.report.html")).unwrap();
    for part in [
        "F1 of all decisions",
        "Scores by class",
        "prediction.labels",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("Confusion matrix") && !page.contains("NaN"));
    let line = predicted(folder, "tags");
    assert!(line["labels"].is_array() && line["probabilities"]["song"].is_number());
    let scored = ulmfit(folder, &format!("evaluate tags {tags} --json")).done();
    let result = scored.result();
    assert_eq!(result["documents"], 80);
    assert_eq!(result["classes"][0]["support"], 40);
    assert!(result["exact"].as_f64().unwrap() <= result["accuracy_multi"].as_f64().unwrap());
    let plain = "evaluate tags things.csv --text-column body --label-column tags";
    ulmfit(folder, plain).fails(&["tags: expected --task multi-label", "several classes"]);
    ulmfit(folder, &format!("{plain} --task regression")).fails(&["expected --task multi-label"]);
}

#[test]
fn numbers_are_learned_within_their_range() {
    let folder = fresh();
    let folder = folder.path();
    write_things(folder);
    let range = format!("{}classifier.range = [1, 10]\n", shared::TINY);
    fs::write(folder.join("tiny.toml"), range).unwrap();
    let price = "things.csv --text-column body --label-column price --task regression";
    let ran = ulmfit(
        folder,
        &format!("train {price} --config tiny.toml --pretrained none --out price"),
    )
    .done();
    let all = format!("{}{}", ran.stderr, ran.stdout);
    for said in ["8 to score on, a number each", "price: R2 "] {
        assert!(all.contains(said), "`{said}`: {all}");
    }
    let page = fs::read_to_string(folder.join("price.report.html")).unwrap();
    for part in [
        "Mean absolute error",
        "price of the label",
        "furthest off",
        "Regressor::load",
        "squared error",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let value = predicted(folder, "price")["values"]["price"]
        .as_f64()
        .unwrap();
    assert!((1.0..=10.0).contains(&value), "{value}");
    let scored = ulmfit(
        folder,
        &format!("evaluate price {price} --json --report e.html"),
    )
    .done();
    assert!(scored.result()["mae"].as_f64().unwrap() > 0.0);
    assert!(folder.join("e.html").exists());
    ulmfit(
        folder,
        "evaluate price things.csv --text-column body --label-column tags",
    )
    .fails(&["price: expected --task regression"]);
    ulmfit(
        folder,
        &format!("train {price} --config tiny.toml --pretrained none --out no --direction both"),
    )
    .fails(&["both_directions", "numbers"]);
    ulmfit(
        folder,
        "train things.csv --text-column body --label-column tags --task regression --out no",
    )
    .fails(&["things.csv, line 2", "a finite number", "`film`"]);
    assert!(!folder.join("no").exists());
}

#[test]
fn labels_that_hardly_come_twice_are_pointed_out() {
    let folder = fresh();
    let folder = folder.path();
    let mut text = "body,price\n".to_owned();
    for i in 0..60 {
        text.push_str(&format!("Thing number {i},{}.5\n", i / 2));
    }
    fs::write(folder.join("prices.csv"), text).unwrap();
    let line = "train prices.csv --text-column body --label-column price --config tiny.toml --pretrained none";
    let ran = ulmfit(folder, line).done();
    assert!(
        ran.stderr.contains("pass --task regression"),
        "{}",
        ran.stderr
    );
    // A matrix of thirty columns is no help in a terminal.
    assert!(ran.stdout.contains("confused most") && !ran.stdout.contains("true \\ predicted"));
}
