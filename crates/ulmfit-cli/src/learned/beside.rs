//! The trained model beside its linear partner and the most frequent class: whether it was worth its time.

use std::fmt::Write as _;

use serde_json::{Value, json};
use ulmfit::data::Labels;
use ulmfit::prelude::*;
use ulmfit::train::ClassifierScores;
use ulmfit::train::linear::{Comparison, LinearPartner};
use ulmfit_report::{Beside, BesideRow};

use crate::options::labeled::Documents;

/// Fits the partner to the labels of the training documents, and compares on the held-out ones; none unless each document is of
/// one class.
///
/// # Errors
/// For a document without a label.
pub(crate) fn compare(
    documents: &Documents,
    tokenizer: &TokenizerConfig,
    scores: &ClassifierScores,
) -> anyhow::Result<Option<Comparison>> {
    let Labels::SingleLabel(labels) = documents.valid.all_labels()? else {
        return Ok(None);
    };
    let (train, valid) = (&documents.train, &documents.valid);
    let partner = LinearPartner::fit(tokenizer, train, &documents.unlabeled.texts())?;
    let texts = valid.texts();
    let probabilities = Predictor::of_linear(&partner.classifier).predict_all(&texts);
    let probabilities: Vec<Vec<f32>> = probabilities
        .into_iter()
        .map(|found| found.probabilities)
        .collect();
    let kind = format!("{}, C {}", partner.kind, partner.c);
    Ok(Comparison::of(
        &train.labels()?,
        train.classes(),
        &labels,
        (&kind, &probabilities),
        &scores.probabilities,
    ))
}

/// For people: a line for each model, and what follows.
pub(crate) fn text(comparison: &Comparison) -> String {
    let standings = comparison.standings();
    let names = standings
        .iter()
        .map(|standing| standing.name.chars().count());
    let width = names.max().unwrap_or(0);
    let mut out = format!(
        "accuracy on the same {} documents, and its 95 % interval\n",
        comparison.model.of
    );
    for standing in standings {
        let (low, high) = standing.interval();
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "  {:<width$}  {:>5.1} %  ({:.1} to {:.1})",
            standing.name,
            100.0 * standing.accuracy(),
            100.0 * low,
            100.0 * high
        );
    }
    out.push_str(&comparison.sentence());
    out
}

/// For programs.
pub(crate) fn json(comparison: &Comparison) -> Value {
    let rows = comparison.standings().map(|standing| {
        let (low, high) = standing.interval();
        json!({
            "name": standing.name,
            "accuracy": standing.accuracy(),
            "interval": [low, high],
        })
    });
    let difference = comparison.difference;
    json!({
        "models": rows,
        "difference": difference.mean,
        "difference_interval": [difference.low, difference.high],
        "sentence": comparison.sentence(),
    })
}

/// For the report.
pub(crate) fn page(comparison: &Comparison) -> Beside {
    let row = |standing: &ulmfit::train::linear::Standing| BesideRow {
        name: standing.name.clone(),
        accuracy: standing.accuracy(),
        interval: standing.interval(),
    };
    Beside {
        rows: comparison.standings().map(row).into(),
        sentence: comparison.sentence(),
    }
}
