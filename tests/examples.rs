//! The examples beside IMDb run without arguments, show the numbers they promise, and say what is wrong with bad input.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/char_rnn/pca.rs"]
mod pca;
mod shared;

use std::process::{Command, Output};

use shared::example;

fn output(name: &str, arguments: &[&str]) -> Output {
    Command::new(example(name))
        .args(arguments)
        .output()
        .unwrap()
}

/// What a run shows.
fn shown(name: &str, arguments: &[&str]) -> String {
    let out = output(name, arguments);
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{name} {arguments:?}: {said}");
    String::from_utf8(out.stdout).unwrap()
}

/// The first number behind `label` on the last line that begins with it.
fn number(shown: &str, label: &str) -> f64 {
    let line = shown
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix(label));
    let rest = line.unwrap_or_else(|| panic!("no line `{label}` in\n{shown}"));
    rest.split_whitespace()
        .find_map(|word| word.parse().ok())
        .unwrap()
}

/// What a run says that must fail.
fn complaint(name: &str, arguments: &[&str]) -> String {
    let out = output(name, arguments);
    assert!(!out.status.success(), "{name} accepts {arguments:?}");
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(said.starts_with("error:"), "{said}");
    said
}

#[test]
fn the_own_loop_learns_the_circle() {
    let accuracy = number(&shown("own_loop", &[]), "accuracy");
    assert!(accuracy > 95.0, "{accuracy}");
}

#[test]
fn memory_beats_pairs_of_characters_and_the_plot_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("plot.svg");
    let arguments = [
        "--hidden",
        "64",
        "--epochs",
        "1",
        "--plot",
        plot.to_str().unwrap(),
    ];
    let shown = shown("char_rnn", &arguments);
    let (chance, pairs) = (
        number(&shown, "entropy of characters"),
        number(&shown, "entropy of pairs"),
    );
    assert!(pairs < chance);
    for model in [
        "3 characters ",
        "8 characters, plain RNN ",
        "stream, plain RNN ",
        "stream, LSTM ",
    ] {
        let loss = number(&shown, model);
        assert!(loss < pairs, "{model}: {loss}, pairs {pairs}");
    }
    let svg = std::fs::read_to_string(plot).unwrap();
    assert!(
        svg.starts_with("<svg") && svg.matches("<text").count() > 40,
        "{svg}"
    );
}

#[test]
fn the_table_is_nearly_learned_as_well_as_can_be() {
    let shown = shown("tabular", &[]);
    let (accuracy, best) = (number(&shown, "accuracy"), number(&shown, "best possible"));
    assert!(accuracy > best - 5.0, "{shown}");
    assert!(accuracy < best + 1.0, "better than can be: {shown}");
}

#[test]
fn vectors_beat_biases_and_strangers_are_average_users() {
    let shown = shown("collab", &[]);
    let (known, new) = shown.split_once("New users").unwrap();
    let biases = number(known, "biases alone");
    assert!(biases < number(known, "the mean rating"), "{shown}");
    assert!(
        number(known, "biases and vectors") < 0.9 * biases,
        "{shown}"
    );
    assert!(
        number(new, "an average user's") < 0.97 * number(new, "the mean rating"),
        "{shown}"
    );
}

#[test]
fn the_rate_matters_most_and_the_seed_does_not() {
    let shown = shown("importance", &["--runs", "30"]);
    let (rate, seed) = (number(&shown, "rate "), number(&shown, "seed "));
    for other in ["decay ", "dropout ", "hidden "] {
        assert!(rate > number(&shown, other), "{shown}");
    }
    assert!(seed.abs() < 0.1 && rate > 0.3, "{shown}");
}

#[test]
fn logs_of_others_are_ranked_and_lost_runs_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for run in 0..40 {
        let (rate, kind) = (f64::from(run % 7), ["a", "b"][run as usize % 2]);
        let write = |end: &str, text: String| {
            std::fs::write(folder.path().join(format!("{run}.{end}")), text).unwrap()
        };
        write(
            "json",
            format!("{{\"kind\": \"{kind}\", \"same\": 1, \"rate\": {rate}}}"),
        );
        let loss = if run == 3 {
            "null".to_owned()
        } else {
            (2.0 * rate + 1.0).to_string()
        };
        write(
            "jsonl",
            format!("{{\"valid_loss\": 99}}\n{{\"valid_loss\": {loss}}}\n"),
        );
    }
    let shown = shown("importance", &["--data", folder.path().to_str().unwrap()]);
    assert!(
        shown.contains("39 runs") && shown.contains("1 more"),
        "{shown}"
    );
    assert!(
        !shown.contains("same"),
        "what never differs cannot be ranked: {shown}"
    );
    assert!(
        number(&shown, "rate ") > 1.0 && number(&shown, "kind ") < 0.1,
        "{shown}"
    );
}

#[test]
fn bad_input_is_met_with_place_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
    for name in ["char_rnn", "tabular", "collab", "importance"] {
        assert!(complaint(name, &["--data", "nowhere"]).contains("nowhere"));
    }
    write("short.txt", "Too short.");
    assert!(
        complaint("char_rnn", &["--data", &path("short.txt")]).contains("at least 2000 characters")
    );

    write("ragged.csv", "a,b\n1,2\n1\n");
    assert!(complaint("tabular", &["--data", &path("ragged.csv")]).contains("line: 3"));
    write("one.csv", &format!("a,b\n{}", "1,yes\n".repeat(40)));
    assert!(
        complaint("tabular", &["--data", &path("one.csv")]).contains("at least 2 classes, found 1")
    );
    let said = complaint("tabular", &["--data", &path("one.csv"), "--target", "c"]);
    assert!(
        said.contains("found `c`") && said.contains("a, b"),
        "{said}"
    );
    let numbers: String = (0..100)
        .map(|n| format!("{n},{}\n", ["yes", "no"][n % 2]))
        .collect();
    write("word.csv", &format!("a,b\n{numbers}many,yes\n"));
    assert!(complaint("tabular", &["--data", &path("word.csv")]).contains("line 102, column `a`"));

    write("stars.csv", "user,item,stars\nann,film,four\n");
    let said = complaint("collab", &["--data", &path("stars.csv")]);
    assert!(said.contains("line 2") && said.contains("`four`"), "{said}");
    write("few.csv", "user,item,stars\nann,film,4\n");
    assert!(complaint("collab", &["--data", &path("few.csv")]).contains("at least 20 users"));

    write("run.json", "{\"rate\": 1}");
    assert!(complaint("importance", &["--data", &path("")]).contains("run.jsonl"));
    write("run.jsonl", "not json\n");
    assert!(complaint("importance", &["--data", &path("")]).contains("line 1"));
    let said = complaint("importance", &["--keep", &path("")]);
    assert!(said.contains("empty folder"), "{said}");
}

#[test]
fn files_are_read_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // Stars follow from the item alone, and the target from a column whose cells are partly missing.
    let (mut stars, mut table) = (
        "who,what,stars\n".to_owned(),
        "class,size,color\n".to_owned(),
    );
    for n in 0..1200 {
        stars += &format!("\"user, {}\",item {},{}\n", n % 40, n % 7, n % 7);
        let size = if n % 3 == 0 {
            "?".to_owned()
        } else {
            (n % 50).to_string()
        };
        table += &format!(
            "{},{size},{}\n",
            if n % 3 == 0 { "none" } else { "some" },
            ["red", "blue"][n % 2]
        );
    }
    std::fs::write(path("stars.csv"), stars).unwrap();
    std::fs::write(path("table.csv"), table).unwrap();

    let collab = shown("collab", &["--data", &path("stars.csv")]);
    assert!(collab.contains("7 items by 38 users"), "{collab}");
    let (known, new) = collab.split_once("New users").unwrap();
    assert!(
        number(known, "biases alone") < 0.2 * number(known, "the mean rating"),
        "{collab}"
    );
    assert!(
        number(new, "an average user's") < 0.2 * number(new, "the mean rating"),
        "{collab}"
    );

    let tabular = shown(
        "tabular",
        &["--data", &path("table.csv"), "--target", "class"],
    );
    assert!(
        tabular.contains("1 with missing cells") && !tabular.contains("best possible"),
        "{tabular}"
    );
    assert!(number(&tabular, "accuracy") > 99.0, "{tabular}");

    let made = shown("importance", &["--runs", "8", "--keep", &path("runs")]);
    assert_eq!(made, shown("importance", &["--data", &path("runs")]));
}

/// The lesson's `PCA(2).fit(m.T).components_`, by hand.
#[test]
fn principal_components_of_a_known_matrix() {
    let expect = |found: &[f64], expected: [f64; 3]| {
        let length = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b / length).abs() < 1e-12, "{found:?}, {expected:?}");
        }
    };
    // Without their means the rows are (1, -1), (2, -2) and (0, 0): they vary along (1, 2, 0) alone.
    let found = pca::components(&[vec![1.0, -1.0], vec![3.0, -1.0], vec![7.0, 7.0]], 2);
    assert_eq!(found.len(), 1);
    expect(&found[0], [1.0, 2.0, 0.0]);
    // (1, -1, 0), (1, -1, 0), (1, 1, -2): variances 4 along (1, 1, 0) and 6 along (0, 0, 1).
    let found = pca::components(
        &[
            vec![1.0, -1.0, 0.0],
            vec![3.0, 1.0, 2.0],
            vec![2.0, 2.0, -1.0],
        ],
        3,
    );
    assert_eq!(found.len(), 2);
    expect(&found[0], [0.0, 0.0, 1.0]);
    expect(&found[1], [1.0, 1.0, 0.0]);
}

#[test]
fn serve_answers_every_client() {
    let shown = shown("06_serve", &[]);
    let answers = shown
        .lines()
        .filter_map(|line| line.split_once(" -> {\"label\":"));
    let texts: Vec<&str> = answers.map(|(text, _)| text).collect();
    assert_eq!(
        texts,
        ["A lovely film.", "I hated every minute.", "What a plot!"],
        "{shown}"
    );
    assert!(number(&shown, "ulmfit_batch_texts_count") >= 1.0, "{shown}");
}
