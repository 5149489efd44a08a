//! Linear partners against scikit-learn's models of the same words and pairs of the same rows, where `ULMFIT_DATA_DIR` names
//! the folder of the real data sets; elsewhere this test says so and passes. `golden/gen_linear.py` has made the figures.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use ulmfit_data::{Corpus, Document, Source};
use ulmfit_model::top_class;
use ulmfit_text::TokenizerConfig;
use ulmfit_train::linear::{LinearPartner, PartnerKind};

/// The documents in the order of the generator.
fn scattered(folder: &Path, set: &str) -> Corpus {
    let source = |file: &str| Source::new(folder.join(file));
    let source = match set {
        "trec6" => source("trec6/train.csv.zst")
            .with_text(1)
            .with_label(0)
            .without_header(),
        "movie_reviews" => source("movie_reviews/movie_reviews.csv.zst").with_label("label"),
        _ => source("sentence_polarity/sentence_polarity.csv.zst").with_label("label"),
    };
    let corpus = source.corpus().unwrap();
    let n = corpus.len();
    let documents = (0..n).map(|at| corpus.documents()[at * 7919 % n].clone());
    Corpus::new(documents.collect(), corpus.classes().to_vec()).unwrap()
}

fn part(corpus: &Corpus, rows: std::ops::Range<usize>) -> Corpus {
    let documents: Vec<Document> = corpus.documents()[rows].to_vec();
    Corpus::new(documents, corpus.classes().to_vec()).unwrap()
}

#[test]
fn partners_score_what_scikit_learn_scores() {
    let Some(folder) = std::env::var_os("ULMFIT_DATA_DIR").map(PathBuf::from) else {
        eprintln!("skipped: set ULMFIT_DATA_DIR to the folder of the data sets");
        return;
    };
    let golden: Value = serde_json::from_str(include_str!("golden/linear.json")).unwrap();
    let tokenizer = TokenizerConfig::new();
    let figures = golden["figures"].as_array().unwrap();
    assert_eq!(figures.len(), 12);
    for set in ["sentence_polarity", "movie_reviews", "trec6"] {
        let corpus = scattered(&folder, set);
        let test_from = match set {
            "trec6" => 4000,
            "movie_reviews" => 1200,
            _ => 5000,
        };
        let (unlabeled, test) = (
            part(&corpus, 1000..test_from),
            part(&corpus, test_from..corpus.len()),
        );
        for figure in figures.iter().filter(|figure| figure["set"] == set) {
            let n = figure["labels"].as_u64().unwrap() as usize;
            let kind = match figure["kind"].as_str() {
                Some("tf_idf") => PartnerKind::TfIdf,
                _ => PartnerKind::NbSvm,
            };
            let train = part(&corpus, 0..n);
            let partner =
                LinearPartner::of_kind(kind, &tokenizer, &train, &unlabeled.texts()).unwrap();
            let labels = test.labels().unwrap();
            let right = test
                .texts()
                .into_iter()
                .zip(&labels)
                .filter(|(text, label)| {
                    top_class(&partner.classifier.probabilities(text)) == Some(**label as usize)
                });
            let accuracy = right.count() as f64 / labels.len() as f64;
            let expected = figure["accuracy"].as_f64().unwrap();
            eprintln!(
                "{set} {n} {kind}: C {}, {accuracy:.4}, scikit-learn C {}, {expected:.4}",
                partner.c, figure["c"]
            );
            assert!(
                (accuracy - expected).abs() <= 0.002,
                "{set}, {n} labels, {kind}: {accuracy} with C {}, expected {expected} with {}",
                partner.c,
                figure["c"]
            );
        }
    }
}
