//! The files of runs: hyper-parameters and logs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value};

/// The fewest runs of which a forest can say something.
pub(crate) const LEAST: usize = 8;

/// Runs as a table.
pub(crate) struct Runs {
    /// The hyper-parameters that differ between the runs.
    pub(crate) names: Vec<String>,
    /// Their values in each run. Words are numbered in the order of the alphabet.
    pub(crate) settings: Vec<Vec<f64>>,
    /// The last validation loss of each run.
    pub(crate) losses: Vec<f64>,
    /// Runs that ended without a validation loss that is a number.
    lost: usize,
}

impl Runs {
    /// Reads a folder.
    ///
    /// # Errors
    /// With file and line for what is no JSON; for runs without a log or with other hyper-parameters than the first; for
    /// fewer than 8 runs.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let entries =
            fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "json"));
        files.sort();
        let (mut rows, mut losses, mut lost) = (Vec::new(), Vec::new(), 0);
        for file in &files {
            match last_loss(&file.with_extension("jsonl"))? {
                Some(loss) => {
                    rows.push((file, object(file)?));
                    losses.push(loss);
                }
                None => lost += 1,
            }
        }
        ensure!(
            rows.len() >= LEAST,
            "{}: expected at least {LEAST} runs, NAME.json and NAME.jsonl each, with a validation loss, found {}; make more",
            folder.display(),
            rows.len()
        );
        let all: Vec<String> = rows[0].1.keys().cloned().collect();
        for (file, row) in &rows {
            let found: Vec<&str> = row.keys().map(String::as_str).collect();
            ensure!(
                found == all,
                "{}: expected the hyper-parameters {}, as in {}, found {}; log the same in every run",
                file.display(),
                all.join(", "),
                rows[0].0.display(),
                found.join(", ")
            );
        }
        let columns = all
            .iter()
            .map(|name| column(name, &rows))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let differ = |values: &[f64]| values.iter().any(|value| *value != values[0]);
        let (names, columns): (Vec<String>, Vec<Vec<f64>>) = all
            .into_iter()
            .zip(columns)
            .filter(|(_, values)| differ(values))
            .unzip();
        ensure!(
            !names.is_empty(),
            "{}: expected runs that differ, found none that do; change something",
            folder.display()
        );
        let settings = (0..rows.len())
            .map(|row| columns.iter().map(|values| values[row]).collect())
            .collect();
        Ok(Self {
            names,
            settings,
            losses,
            lost,
        })
    }
}

fn object(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{}: expected an object of hyper-parameters", path.display()))
}

/// The validation loss of the last line; none if it is null.
fn last_loss(path: &Path) -> anyhow::Result<Option<f64>> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the log {}", path.display()))?;
    let mut last = None;
    for (line, row) in (1..).zip(text.lines()) {
        let at = || {
            format!(
                "{}, line {line}: expected an object as JsonLog writes it; mend the line",
                path.display()
            )
        };
        let row: Map<String, Value> = serde_json::from_str(row).with_context(at)?;
        last = row.get("valid_loss").and_then(Value::as_f64);
    }
    Ok(last)
}

/// The values of one hyper-parameter in all runs.
fn column(name: &str, rows: &[(&PathBuf, Map<String, Value>)]) -> anyhow::Result<Vec<f64>> {
    let words: BTreeSet<&str> = rows
        .iter()
        .filter_map(|(_, row)| row[name].as_str())
        .collect();
    let words: BTreeMap<&str, f64> = words.into_iter().zip((0..).map(f64::from)).collect();
    let value = |(file, row): &(&PathBuf, Map<String, Value>)| match &row[name] {
        Value::Number(number) => Ok(number.as_f64().unwrap_or(f64::NAN)),
        Value::Bool(yes) => Ok(f64::from(u8::from(*yes))),
        Value::String(word) => Ok(words[word.as_str()]),
        other => bail!(
            "{}: `{name}`: expected a number, a word, true or false, found {other}",
            file.display()
        ),
    };
    rows.iter().map(value).collect()
}

/// A number with three digits that say something.
pub(crate) fn short(value: f64) -> String {
    if value == 0.0 || (0.01..1e6).contains(&value.abs()) {
        let text = format!("{value:.3}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{value:.2e}")
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = self.losses.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self
            .losses
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        write!(
            f,
            "{} runs, last validation loss {low:.4} to {high:.4}",
            self.losses.len()
        )?;
        if self.lost > 0 {
            write!(f, "; {} more have none and are left out", self.lost)?;
        }
        Ok(())
    }
}
