//! The program in the README is `examples/quickstart.rs` below its first line, and it runs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::path::Path;
use std::process::Command;

use shared::example;

#[test]
fn the_readme_shows_the_quickstart_and_it_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let program = read("examples/quickstart.rs");
    let (_, program) = program.split_once("\n\n").unwrap();
    assert!(read("README.md").contains(&format!("```rust,no_run\n{program}```")));

    // `reviews.csv` with a header, from a part of the bundled sample.
    let set = ulmfit::data::ReviewSet::open(root.join("examples/data")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let few = set.train.balanced(40, 0).unwrap();
    few.write_csv(folder.path().join("rows.csv")).unwrap();
    let rows = std::fs::read_to_string(folder.path().join("rows.csv")).unwrap();
    std::fs::write(
        folder.path().join("reviews.csv"),
        format!("stars,body\n{rows}"),
    )
    .unwrap();
    let out = Command::new(example("quickstart"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let shown = String::from_utf8(out.stdout).unwrap();
    assert!(
        out.status.success() && shown.contains("Prediction"),
        "{shown}"
    );
    assert!(folder.path().join("model.safetensors").is_file());
}

/// The first command of the README, on a part of the sample.
#[test]
fn the_example_shows_its_accuracy_beside_baselines_and_three_predictions() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(example("imdb"));
    let less = ["--labels", "50", "--unlabeled", "50", "--epochs", "2"];
    let out = command.args(less).current_dir(folder.path()).output();
    let out = out.unwrap();
    let shown = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{shown}");
    for line in [
        "  linear model (",
        "  this model ",
        "The same from scratch, ",
        "  accuracy ",
    ] {
        assert!(
            shown.contains(&format!("\n{line}")),
            "no `{line}` in {shown}"
        );
    }
    let predictions = shown.split("\nPredictions\n").nth(1).unwrap().lines();
    let labels = predictions.map_while(|line| line.get(2..5).filter(|label| !label.is_empty()));
    assert_eq!(
        labels
            .filter(|label| ["neg", "pos"].contains(label))
            .count(),
        3,
        "{shown}"
    );
    assert!(folder.path().join("imdb.safetensors").is_file());
}

#[test]
fn the_example_says_what_is_wrong_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        ["--data", "nowhere"],
        ["--device", "abacus"],
        ["--labels", "1000000"],
        ["--recipe", "soup"],
    ] {
        let mut command = Command::new(example("imdb"));
        let out = command
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(!out.status.success(), "{arguments:?} is accepted");
        assert!(
            said.starts_with("error:") && said.contains(arguments[1]),
            "{said}"
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "something is written"
        );
    }
}

#[test]
fn the_example_prints_every_number_of_a_recipe() {
    let print = |arguments: &[&str]| {
        let mut command = Command::new(example("imdb"));
        let out = command.args(arguments).arg("--print-recipe").output();
        let out = out.unwrap();
        assert!(out.status.success());
        String::from_utf8(out.stdout).unwrap()
    };
    use ulmfit::prelude::Recipe;
    let dl2 = Recipe::by_name("dl2").unwrap();
    assert_eq!(print(&["--recipe", "dl2"]), dl2.to_toml().unwrap());
    let changed = print(&["--recipe", "dl2", "--epochs", "3"]);
    let read = Recipe::from_toml(&changed).unwrap();
    assert_eq!(read.classifier.stages[2].epochs, 3);
    assert!(changed.contains("# changed; dl2: 14"), "{changed}");
}
