//! `lr_find.json`: four suggestions on eight curves, one of them recorded from a real search.

use serde_json::Value;
use ulmfit_train::{LrFind, RateCurve, Suggestion};

use crate::{json, list, number};

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

/// The relative error of a suggestion, 0 where both say that there is none.
fn error(what: &str, found: Option<f64>, recorded: &Value) -> f64 {
    match (found, recorded.as_f64()) {
        (Some(found), Some(expected)) => {
            let error = (found / expected - 1.0).abs();
            assert!(error <= 1e-6, "{what}: {found} against {expected}");
            error
        }
        (found, expected) => {
            assert_eq!(found, expected, "{what}");
            0.0
        }
    }
}

#[test]
fn suggestions_on_eight_curves() {
    let golden = json("lr_find.json");
    assert_eq!(list(&golden).len(), 8);
    let mut worst = 0.0_f64;
    for case in list(&golden) {
        let rates = numbers(&case["lrs"]);
        for rule in Suggestion::ALL {
            let what = format!("{}, {}", case["name"], rule.name());
            let recorded = &case[rule.name()]["suggestion"];
            let (found, recorded) = if case["losses"].is_array() {
                (rule.of(&rates, &numbers(&case["losses"])), recorded)
            } else {
                // A whole search: smoothing and trimming are part of it.
                let config = LrFind::default();
                let raw = numbers(&case["raw_losses"]);
                let curve = RateCurve::smoothed(&rates, &raw, config.smoothing, config.steps);
                for (a, b) in curve.losses.iter().zip(numbers(&case["smooth_losses"])) {
                    assert!(
                        (a / b - 1.0).abs() <= 1e-6,
                        "{what}: smoothed {a} against {b}"
                    );
                }
                (curve.suggest(rule), &case["result"][rule.name()])
            };
            worst = worst.max(error(&what, found, recorded));
        }
    }
    println!("lr_find.json: largest relative error {worst:e}");
}
