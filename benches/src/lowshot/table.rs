//! What the cells come to, as a table.

use std::fmt::Write as _;

use super::cells::{self, Cell, Line};

/// A column of the file on the page.
pub(super) struct Column {
    /// In the file.
    pub(super) id: &'static str,
    /// In the table.
    name: &'static str,
    /// In the picture, which has room for four.
    pub(super) drawn: Option<&'static str>,
    pub(super) ours: bool,
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
pub(super) const COLUMNS: [Column; 6] = [
    column(
        "semi-supervised",
        "ulmfit, fine-tuned on unlabeled reviews",
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

/// 97.5 % of Student's t is below this for so many degrees of freedom, from 1.
const T: [f64; 4] = [12.706, 4.303, 3.182, 2.776];

/// The lines of a column with so many labels.
pub(super) fn of<'a>(lines: &'a [Line], column: &str, labels: usize) -> Vec<&'a Line> {
    let found = lines.iter();
    found
        .filter(|line| line.column == column && line.labels == labels)
        .collect()
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The spread of single values; 0 for one.
pub(super) fn deviation(values: &[f64]) -> f64 {
    let center = mean(values);
    let squares: f64 = values.iter().map(|value| (value - center).powi(2)).sum();
    (squares / (values.len().max(2) - 1) as f64).sqrt()
}

pub(super) fn percent(lines: &[&Line]) -> Vec<f64> {
    lines.iter().map(|line| 100.0 * line.accuracy).collect()
}

/// Every number of labels that there is a cell of, and how many subsets are planned.
pub(super) fn sizes() -> Vec<(usize, usize)> {
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

pub(super) fn table(lines: &[Line]) -> String {
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
