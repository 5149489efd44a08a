//! Where reference values lie, and how to read them.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A reference file, in the crate or where `ULMFIT_GOLDEN_DIR` says.
pub(crate) fn golden(name: &str) -> String {
    let folder = std::env::var_os("ULMFIT_GOLDEN_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
        PathBuf::from,
    );
    let path = folder.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The rows of a file of JSON lines.
#[allow(dead_code, reason = "not every test file reads lines")]
pub(crate) fn rows(name: &str) -> Vec<Value> {
    golden(name)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

/// A string field.
#[allow(dead_code, reason = "not every test file reads strings")]
pub(crate) fn text<'v>(row: &'v Value, field: &str) -> &'v str {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("no string `{field}` in {row}"))
}

/// A field that is a list of strings.
#[allow(dead_code, reason = "not every test file reads lists")]
pub(crate) fn strings(row: &Value, field: &str) -> Vec<String> {
    serde_json::from_value(row[field].clone()).unwrap_or_else(|e| panic!("`{field}`: {e}"))
}

/// Fails with the first few differences, and says how many there are.
#[allow(dead_code, reason = "not every test file compares many rows")]
pub(crate) fn report(what: &str, checked: usize, wrong: &[String]) {
    assert!(checked > 0, "no {what} to check");
    let first = wrong.iter().take(8).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        wrong.is_empty(),
        "{} of {checked} {what} differ:\n{first}",
        wrong.len()
    );
}
