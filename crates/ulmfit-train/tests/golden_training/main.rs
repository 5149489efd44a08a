//! Training against fastai 2.8.12: the optimizer, the layer groups, the rate finder, and a whole fine-tuning.
//!
//! The files in `tests/golden` are written by `gen_awd.py` (of `ulmfit-model`), `gen_sched.py` and `gen_trajectory.py`.
//! `ULMFIT_GOLDEN_DIR` names another folder with files of the same names; what is not there is read from here.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod adam;
mod groups;
mod lr_find;
mod trajectory;
mod weights;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A golden file: of the folder that the environment names, of this crate, or of `ulmfit-model`, whose initial weights
/// and batches these files build on.
fn golden(name: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        std::env::var_os("ULMFIT_GOLDEN_DIR").map(PathBuf::from),
        Some(own.join("tests/golden")),
        Some(own.join("../ulmfit-model/tests/golden")),
    ];
    let mut paths = folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join(name));
    paths
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no golden file {name}"))
}

fn json(name: &str) -> Value {
    let text = std::fs::read_to_string(golden(name)).unwrap();
    // Python writes NaN, which JSON does not have.
    serde_json::from_str(&text.replace(": NaN", ": null")).unwrap()
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("expected a number, found {value}"))
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// All numbers of a nested list, in order.
fn flat(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        value => vec![number(value) as f32],
    }
}

/// The largest difference of two tensors, and the largest value of the second.
fn apart(name: &str, found: &[f32], expected: &[f32]) -> (f64, f64) {
    assert_eq!(found.len(), expected.len(), "{name}: number of values");
    let pairs = found.iter().zip(expected);
    let worst = pairs.fold(0.0, |worst: f64, (a, b)| {
        assert!(a.is_finite(), "{name}: {a}");
        worst.max(f64::from((a - b).abs()))
    });
    let largest = expected
        .iter()
        .fold(0.0, |most: f64, b| most.max(f64::from(b.abs())));
    (worst, largest)
}
