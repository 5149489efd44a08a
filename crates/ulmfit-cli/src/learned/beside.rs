//! The trained model beside its linear partner and the most frequent class: whether it was worth its time.

use serde_json::{Value, json};
use ulmfit::train::linear::Comparison;
use ulmfit_report::{Beside, BesideRow};

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
