//! Reading the reference values: from `tests/golden`, or from the folder `ULMFIT_GOLDEN_DIR` names.

use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) fn golden(name: &str) -> Value {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = std::env::var_os("ULMFIT_GOLDEN_DIR")
        .map_or_else(beside, PathBuf::from)
        .join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn numbers(value: &Value) -> Vec<u32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap() as u32)
        .collect()
}

pub(crate) fn rows(value: &Value) -> Vec<Vec<u32>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}
