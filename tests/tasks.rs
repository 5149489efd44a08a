//! Several classes and numbers, from a file to predictions: each model beats the best constant answer by far.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ulmfit::prelude::*;
use ulmfit::train::metrics::f1_multi;
use ulmfit::train::schedule::GroupRates;

/// Numbers that look random, from 0 to below `end`.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        let Self(state) = self;
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % end
    }
}

/// A file of `n` rows of text and label; `row` draws one.
fn file(
    folder: &Path,
    n: usize,
    row: impl Fn(&mut Drawn) -> (Vec<&'static str>, String),
) -> PathBuf {
    const FILLERS: [&str; 6] = ["the", "film", "was", "shown", "in", "town"];
    let mut drawn = Drawn(7);
    let mut text = "text,label\n".to_owned();
    for _ in 0..n {
        let (mut words, label) = row(&mut drawn);
        for _ in 0..8 {
            let at = drawn.below(words.len() as u64 + 1) as usize;
            words.insert(at, FILLERS[drawn.below(6) as usize]);
        }
        writeln!(text, "{},{label}", words.join(" ")).unwrap();
    }
    let path = folder.join("rows.csv");
    std::fs::write(&path, text).unwrap();
    path
}

fn read(path: &Path, kind: LabelKind) -> Corpus {
    let source = Source::new(path).with_label("label");
    source.with_label_kind(kind).corpus().unwrap()
}

/// Small enough for a test, at rates that are high enough for it.
fn recipe() -> Recipe {
    let mut recipe = Recipe::default().with_sizes(Sizes {
        embed: 16,
        hidden: 24,
        layers: 1,
    });
    recipe.language_model.batch_size = 8;
    recipe.language_model.seq_len = 20;
    let classifier = &mut recipe.classifier;
    (classifier.batch_size, classifier.drop_mult) = (16, 0.1);
    let all = GroupRates::Same(1e-2);
    classifier.stages = vec![Stage::one_cycle("all", 10, Trained::All, all)];
    recipe
}

fn learn(recipe: Recipe, train: &Corpus, valid: &Corpus) -> Learned {
    let ulmfit = Ulmfit::builder()
        .recipe(recipe)
        .seed(1)
        .valid(valid.clone());
    ulmfit.fit(train, &Device::default()).unwrap()
}

fn metric(learned: &Learned, name: &str) -> f64 {
    let mut metrics = learned.scores.metrics.iter();
    metrics.find(|(known, _)| *known == name).unwrap().1
}

/// A document has each of four tags that its words name; two of five have a given one.
fn tagged(drawn: &mut Drawn) -> (Vec<&'static str>, String) {
    const TAGS: [(&str, &str); 4] = [
        ("tears", "sad"),
        ("laughter", "funny"),
        ("swords", "old"),
        ("songs", "musical"),
    ];
    let named = TAGS.into_iter().filter(|_| drawn.below(5) < 2);
    let (words, tags): (Vec<_>, Vec<_>) = named.unzip();
    (words, tags.join("; "))
}

#[test]
fn several_classes() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = read(
        &file(folder.path(), 400, tagged),
        LabelKind::multi_label(";"),
    );
    assert_eq!(corpus.classes(), ["funny", "musical", "old", "sad"]);
    let (train, valid) = corpus.split(0.25, 1);
    let learned = learn(recipe(), &train, &valid);

    // Of all constant answers, all tags has the best F1 where none is rarer than half of it.
    let set = |document: &Document| match &document.label {
        Some(Label::MultiLabel(set)) => set.clone(),
        _ => panic!("{document:?}"),
    };
    let sets: Vec<Vec<u32>> = valid.documents().iter().map(set).collect();
    let constant = f1_multi(&vec![[1.0; 4]; sets.len()], &sets);
    let found = metric(&learned, "f1_multi");
    assert!(constant < 0.65 && found > 0.85, "{found}");
    assert!(metric(&learned, "accuracy_multi") > 0.85);
    let epoch = learned.history.epochs.last().unwrap();
    assert_eq!(epoch.metric(), Some(("f1_multi", found)));
    let report = learned.report();
    assert!(
        report.contains(&format!("\nf1_multi {found:.4}, accuracy_multi ")),
        "{report}"
    );

    let path = folder.path().join("tags.safetensors");
    learned.classifier.save(&path).unwrap();
    let predictor = Predictor::load(&path, &Device::default()).unwrap();
    assert_eq!(predictor.task(), Task::MultiLabel);
    let predictions = predictor.predict_all(&valid.texts());
    let near = predictions
        .iter()
        .zip(&learned.scores.probabilities)
        .all(|(a, b)| {
            let pairs = a.probabilities.iter().zip(b);
            pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-5)
        });
    assert!(near, "the loaded model says something else");
    let both = predictor.predict("the film was shown with songs in the town of tears");
    assert_eq!(both.labels, ["musical", "sad"]);
    let neither = predictor.predict("the film was shown in the town");
    assert_eq!(neither.labels, [""; 0]);
}

/// From 1 to 5 stars: one more for every second lovely word of eight.
fn rated(drawn: &mut Drawn) -> (Vec<&'static str>, String) {
    let lovely = drawn.below(9) as usize;
    let words = (0..8).map(|at| if at < lovely { "lovely" } else { "dreadful" });
    (words.collect(), format!("{:.1}", 1.0 + lovely as f64 / 2.0))
}

#[test]
fn numbers() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = read(&file(folder.path(), 400, rated), LabelKind::Regression);
    assert_eq!(corpus.classes(), ["label"]);
    let (train, valid) = corpus.split(0.25, 1);
    for range in [None, Some((0.5, 5.5))] {
        let mut recipe = recipe();
        recipe.classifier.range = range;
        let learned = learn(recipe, &train, &valid);
        // The best constant answer, the mean, has an R2 of 0.
        let found = metric(&learned, "r2");
        assert!(found > 0.8, "{range:?}: {found}");
        let (rmse, mae) = (metric(&learned, "rmse"), metric(&learned, "mae"));
        assert!((rmse * rmse - learned.scores.loss).abs() < 1e-6 && mae <= rmse);
        let epoch = learned.history.epochs.last().unwrap();
        assert_eq!(epoch.metric(), Some(("r2", found)));
        assert!(learned.report().contains("\nr2 0."), "{}", learned.report());

        let path = folder.path().join("stars.safetensors");
        learned.classifier.save(&path).unwrap();
        let regressor = Regressor::load(&path, &Device::default()).unwrap();
        assert_eq!(regressor.names(), ["label"]);
        let of = |word: &str| regressor.predict(&format!("{word} ").repeat(8))[0];
        let (high, low) = (of("lovely"), of("dreadful"));
        assert!(high > 4.0 && low < 2.0, "{range:?}: {high}, {low}");
        if let Some((smallest, largest)) = range {
            assert!(f64::from(low) >= smallest && f64::from(high) <= largest);
        }
    }
}

#[test]
fn labels_that_do_not_fit_are_refused_before_anything_is_trained() {
    let text = |i: usize| format!("text {i}");
    let of = |label: fn(usize) -> Label| {
        let documents = (0..8)
            .map(|i| Document::labeled(text(i), label(i)))
            .collect();
        Corpus::new(documents, vec!["stars".into()]).unwrap()
    };
    let stars = of(|i| Label::from(i as f32));
    let tags = of(|i| Label::from(vec![0; i % 2]));
    let refused = |ulmfit: Ulmfit, corpus: &Corpus, expected: &str| {
        let error = ulmfit
            .fit(corpus, &Device::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    let mut narrow = Recipe::default();
    narrow.classifier.range = Some((0.0, 5.0));
    refused(
        Ulmfit::builder().recipe(narrow),
        &stars,
        "expected numbers of 0 to 5, 1 for each document, found [6.0] for document 6",
    );
    refused(
        Ulmfit::builder().valid(tags.clone()),
        &stars,
        "expected numbers for each document, found a list of classes for each document",
    );
    refused(
        Ulmfit::builder().both_directions(),
        &stars,
        "both_directions: expected labels that are classes",
    );
    refused(
        Ulmfit::builder(),
        &Corpus::concat(&[&stars, &tags]),
        "document 8: expected numbers as in the documents before it, found a list of classes",
    );
    refused(
        Ulmfit::builder(),
        &Corpus::concat(&[&stars, &stars.without_labels()]),
        "document 8: expected a label, found none",
    );
}
