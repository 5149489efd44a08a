//! The real data sets, where `ULMFIT_DATA_DIR` names the folder that holds them; elsewhere these tests say so and pass.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(
    clippy::print_stderr,
    reason = "a test that checks nothing must say so"
)]

use std::path::{Path, PathBuf};

use ulmfit_data::{Corpus, ReviewSet, Source, TextUnit};

/// The path of a data set, if it is there.
fn data(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("ULMFIT_DATA_DIR").map(|folder| PathBuf::from(folder).join(name));
    let there = path.filter(|path| path.exists());
    if there.is_none() {
        eprintln!("skipped: no `{name}` (set ULMFIT_DATA_DIR to the folder that holds it)");
    }
    there
}

#[test]
fn imdb() {
    let Some(folder) = data("imdb") else { return };
    let set = ReviewSet::open(folder).unwrap();
    assert_eq!(
        (set.train.len(), set.train.classes()),
        (25_000, &["neg".into(), "pos".into()][..])
    );
    let positive: u32 = set.train.labels().unwrap().iter().sum();
    assert_eq!(positive, 12_500);
    assert_eq!(set.unlabeled.unwrap().len(), 50_000);
    let (train, valid) = set.train.split(0.1, 0);
    assert_eq!((train.len(), valid.len()), (22_500, 2_500));
    assert_eq!(valid.labels().unwrap().iter().sum::<u32>(), 1_250);
}

#[test]
fn imdb_sample() {
    let Some(folder) = data("imdb_sample") else {
        return;
    };
    let source = Source::new(folder.join("texts.csv.zst")).with_label("label");
    let (train, valid, _) = source.with_split("is_valid").read_split().unwrap();
    assert_eq!((train.len(), valid.len()), (800, 200));
    assert_eq!(train.classes(), ["negative", "positive"]);
}

#[test]
fn smaller_sets_in_the_same_layout() {
    for (name, train, test, classes) in [("trec6", 5_452, 500, 6), ("sst2", 6_920, 1_821, 2)] {
        let Some(folder) = data(name) else { return };
        let set = ReviewSet::open(folder).unwrap();
        assert_eq!(
            (
                set.train.len(),
                set.test.unwrap().len(),
                set.train.n_classes()
            ),
            (train, test, classes)
        );
    }
}

fn articles_of(path: &Path) -> Corpus {
    Source::new(path)
        .with_unit(TextUnit::Article)
        .corpus()
        .unwrap()
}

#[test]
fn articles() {
    let Some(folder) = data("enwiki") else { return };
    let valid = articles_of(&folder.join("valid.txt.zst"));
    assert_eq!(valid.len(), 300);
    assert!(valid.texts().iter().all(|text| text.starts_with("= ")));
    let Some(folder) = data("wikitext2") else {
        return;
    };
    // 60 articles, by the published count.
    assert_eq!(articles_of(&folder.join("valid.txt.zst")).len(), 60);
}
