//! The numbered examples run one after another, and the tour shows their lines.

use std::path::Path;
use std::process::Command;

use super::shared::example;
use super::{parts, read};

const EXAMPLES: [&str; 5] = [
    "01_tokenize",
    "02_language_model",
    "03_fine_tune",
    "04_classifier",
    "05_predict",
];

/// What an example prints, and whether it succeeds.
fn run(name: &str, folder: &Path) -> (bool, String) {
    let out = Command::new(example(name)).arg(folder).output().unwrap();
    let text = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8(text).unwrap())
}

/// The number behind `label`.
fn number(shown: &str, label: &str) -> f64 {
    let (_, rest) = shown
        .split_once(label)
        .unwrap_or_else(|| panic!("no `{label}` in\n{shown}"));
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn each_goes_on_where_the_one_before_ended() {
    let folder = tempfile::tempdir().unwrap();
    // 02 and 03 begin with the English model.
    for (name, before) in EXAMPLES[3..].iter().zip(&EXAMPLES[2..]) {
        let (success, said) = run(name, folder.path());
        assert!(
            !success && said.contains(&format!("run the example {before} first")),
            "{said}"
        );
    }
    let shown = EXAMPLES.map(|name| {
        let (success, shown) = run(name, folder.path());
        assert!(success, "{name}: {shown}");
        shown
    });
    let tour = read("docs/tour.md");
    let tokens = shown[0].split("33 tokens\n").nth(1).unwrap();
    let tokens = tokens.lines().next().unwrap();
    assert!(
        tour.contains(tokens),
        "the tour shows other tokens than {tokens}"
    );
    let (before, after) = (
        number(&shown[2], "before fine-tuning"),
        number(&shown[2], "  after"),
    );
    assert!(
        after < 0.8 * before,
        "perplexity {before} before, {after} after"
    );
    let accuracy = number(&shown[3], "\naccuracy ");
    assert!(accuracy > 65.0, "half would be guessing: {accuracy}");
    let labels = shown[4].lines().filter_map(|line| line.get(..4));
    let labels: Vec<&str> = labels
        .filter(|start| ["neg ", "pos "].contains(start))
        .collect();
    assert_eq!(labels, ["pos ", "neg ", "pos "], "{}", shown[4]);
    assert!(number(&shown[4], "in the batch:") <= 1e-5);
}

#[test]
fn the_tour_shows_lines_of_the_examples() {
    let tour = read("docs/tour.md");
    let mut sources = EXAMPLES
        .map(|name| read(format!("examples/{name}.rs")))
        .into_iter();
    let mut n = 0;
    for block in parts(&tour)
        .0
        .into_iter()
        .filter(|block| block.kind.starts_with("rust"))
    {
        let source = sources.next().unwrap();
        let mut rest = source.as_str();
        for line in block.text.lines().filter(|line| !line.starts_with("# ")) {
            let line = line.trim();
            let at = rest.find(line);
            let at = at.unwrap_or_else(|| panic!("docs/tour.md, line {}: {line}", block.line));
            rest = &rest[at + line.len()..];
            n += 1;
        }
    }
    assert!(n > 15, "{n} lines");
}
