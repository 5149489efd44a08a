//! What the cells come to: a table for the page of the study, and its picture.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use ulmfit_report::charts::{Axis, Line as Drawn, LineChart, Look};

use super::cells::{self, Cell, Line};

/// A column of the file on the page.
struct Column {
    /// In the file.
    id: &'static str,
    /// In the table.
    name: &'static str,
    /// In the picture, which has room for four.
    drawn: Option<&'static str>,
    ours: bool,
}

const fn column(
    id: &'static str,
    name: &'static str,
    drawn: Option<&'static str>,
    ours: bool,
) -> Column {
    Column {
        id,
        name,
        drawn,
        ours,
    }
}

/// The columns in the order of the table; the first is what the differences are of.
const COLUMNS: [Column; 6] = [
    column(
        "semi-supervised",
        "ulmfit, fine-tuned on unlabelled reviews",
        Some("ulmfit"),
        true,
    ),
    column("pretrained", "ulmfit, as it comes", None, true),
    column("scratch", "ulmfit, from scratch", None, true),
    column(
        "tfidf-logreg",
        "TF-IDF, logistic regression",
        Some("TF-IDF"),
        false,
    ),
    column("nb-svm", "NB-SVM", Some("NB-SVM"), false),
    column("fasttext", "fastText", Some("fastText"), false),
];

/// The two lines of the page between which the table stands.
const BEGIN: &str = "<!-- table: ulmfit-bench lowshot --report -->";
const END: &str = "<!-- end of the table -->";

/// 97.5 % of Student's t is below this for so many degrees of freedom, from 1.
const T: [f64; 4] = [12.706, 4.303, 3.182, 2.776];

/// Writes `lowshot.svg` into the folder, and the table into its `lowshot.md`.
pub(super) fn write(lines: &[Line], folder: &Path) -> anyhow::Result<Value> {
    let page = folder.join("lowshot.md");
    let text = std::fs::read_to_string(&page)
        .with_context(|| format!("cannot read {}", page.display()))?;
    let Some((before, rest)) = text.split_once(BEGIN) else {
        bail!("{}: expected a line {BEGIN}, found none", page.display());
    };
    let Some((_, after)) = rest.split_once(END) else {
        bail!(
            "{}: expected a line {END} after {BEGIN}, found none",
            page.display()
        );
    };
    let text = format!("{before}{BEGIN}\n\n{}\n{END}{after}", table(lines));
    std::fs::write(&page, text).with_context(|| format!("cannot write {}", page.display()))?;
    let picture = folder.join("lowshot.svg");
    std::fs::write(&picture, chart(lines).file())
        .with_context(|| format!("cannot write {}", picture.display()))?;
    Ok(json!({ "page": page, "picture": picture, "cells": lines.len() }))
}

/// The lines of a column with so many labels.
fn of<'a>(lines: &'a [Line], column: &str, labels: usize) -> Vec<&'a Line> {
    let found = lines.iter();
    found
        .filter(|line| line.column == column && line.labels == labels)
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The spread of single values; 0 for one.
fn deviation(values: &[f64]) -> f64 {
    let center = mean(values);
    let squares: f64 = values.iter().map(|value| (value - center).powi(2)).sum();
    (squares / (values.len().max(2) - 1) as f64).sqrt()
}

fn percent(lines: &[&Line]) -> Vec<f64> {
    lines.iter().map(|line| 100.0 * line.accuracy).collect()
}

/// Every number of labels that there is a cell of, and how many subsets are planned.
fn sizes() -> Vec<(usize, usize)> {
    let planned = Cell::all();
    let mut sizes: Vec<usize> = planned.iter().map(|cell| cell.labels).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let subsets = |labels: usize| {
        let cells = planned.iter();
        cells
            .filter(|cell| cell.labels == labels && cell.column == cells::Column::Scratch)
            .count()
    };
    sizes
        .into_iter()
        .map(|labels| (labels, subsets(labels)))
        .collect()
}

fn table(lines: &[Line]) -> String {
    let mut out = String::from("| |");
    for (labels, _) in sizes() {
        let _ = write!(out, " {labels} labels |");
    }
    out += "\n|---|---|---|---|---|\n";
    for Column { id, name, ours, .. } in COLUMNS {
        let _ = write!(out, "| {name} |");
        for (labels, planned) in sizes() {
            let _ = write!(out, " {} |", entry(&of(lines, id, labels), planned, ours));
        }
        out += "\n";
    }
    let _ = write!(out, "| first row less the best baseline |");
    for (labels, _) in sizes() {
        let _ = write!(out, " {} |", difference(lines, labels));
    }
    out + "\n"
}

/// Mean and spread, how many of the planned cells they are of, and what one cost.
fn entry(cells: &[&Line], planned: usize, ours: bool) -> String {
    if cells.is_empty() {
        return "not run".to_owned();
    }
    let values = percent(cells);
    let mut out = format!("{:.1}", mean(&values));
    if values.len() > 1 {
        let _ = write!(out, " ± {:.1}", deviation(&values));
    }
    if values.len() < planned {
        let _ = write!(out, ", {} of {planned}", values.len());
    }
    if ours {
        let minutes: Vec<f64> = cells.iter().map(|line| line.train_cpu_min).collect();
        let _ = write!(out, " ({:.0} min)", mean(&minutes));
    }
    out
}

/// The mean of the differences on the same subsets, and its interval of 95 % where there are several.
fn difference(lines: &[Line], labels: usize) -> String {
    let ours = of(lines, COLUMNS[0].id, labels);
    let baselines = COLUMNS.iter().filter(|column| !column.ours);
    let paired = baselines.map(|Column { id, name, .. }| {
        let theirs = of(lines, id, labels);
        let pairs = ours.iter().filter_map(|own| {
            let other = theirs.iter().find(|other| other.seed == own.seed)?;
            Some(100.0 * (own.accuracy - other.accuracy))
        });
        (*name, pairs.collect::<Vec<f64>>())
    });
    let paired = paired.filter(|(_, differences)| !differences.is_empty());
    let Some((name, differences)) = paired.min_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1))) else {
        return "not run".to_owned();
    };
    let n = differences.len();
    let interval = match T.get(n.wrapping_sub(2)) {
        Some(t) => {
            let half = t * deviation(&differences) / (n as f64).sqrt();
            let (low, high) = (mean(&differences) - half, mean(&differences) + half);
            format!(" ({low:+.1} to {high:+.1})")
        }
        None => String::new(),
    };
    format!("{:+.1}{interval}, {name}", mean(&differences))
}

fn chart(lines: &[Line]) -> LineChart {
    let x = Axis::new("labelled reviews").log();
    let mut chart = LineChart::new(
        "Accuracy on 5,000 reviews",
        x,
        Axis::new("accuracy, %").spanning(60.0, 95.0),
    );
    chart.description =
        "Accuracy against the number of labels, for ulmfit and for baselines, with the standard deviation over the subsets."
            .into();
    for Column {
        id, drawn, ours, ..
    } in COLUMNS
    {
        let (mut points, mut bars) = (Vec::new(), Vec::new());
        for (labels, _) in sizes() {
            let values = percent(&of(lines, id, labels));
            if values.is_empty() {
                continue;
            }
            let (x, y, spread) = (labels as f64, mean(&values), deviation(&values));
            points.push((x, y));
            if spread > 0.0 {
                bars.push((x, y - spread, y + spread));
            }
        }
        if let (Some(name), false) = (drawn, points.is_empty()) {
            chart.lines.push(Drawn {
                name: name.to_owned(),
                points,
                look: if ours { Look::Dots } else { Look::Dashed },
                bars,
            });
        }
    }
    chart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(column: &str, seed: u64, accuracy: f64) -> Line {
        Line {
            column: column.to_owned(),
            labels: 100,
            seed,
            accuracy,
            of: 10,
            train_cpu_min: 2.0,
            predict_cpu_min: 0.0,
            processor: String::new(),
            english_tokens: 0,
            precision: String::new(),
            language_model: String::new(),
            recipe: serde_json::Value::Null,
        }
    }

    #[test]
    fn differences_are_of_the_same_subsets_and_against_the_best_baseline() {
        let lines = [
            line("semi-supervised", 0, 0.9),
            line("semi-supervised", 1, 0.8),
            line("nb-svm", 0, 0.7),
            line("nb-svm", 1, 0.7),
            line("fasttext", 0, 0.5),
            line("tfidf-logreg", 4, 0.99),
        ];
        // 20 and 10 points: mean 15, deviation 7.07, half width 12.706 * 7.07 / sqrt(2).
        assert_eq!(difference(&lines, 100), "+15.0 (-48.5 to +78.5), NB-SVM");
        assert_eq!(difference(&lines, 500), "not run");
    }

    #[test]
    fn a_cell_says_how_many_it_is_of() {
        let lines = [line("scratch", 0, 0.5), line("scratch", 1, 0.6)];
        let cells = of(&lines, "scratch", 100);
        assert_eq!(entry(&cells, 5, true), "55.0 ± 7.1, 2 of 5 (2 min)");
        assert_eq!(entry(&cells, 2, false), "55.0 ± 7.1");
    }
}
