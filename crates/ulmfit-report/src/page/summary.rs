//! What was done, and how well it went.

use super::write;
use crate::calibration::{bins, expected_error};
use crate::escape::Escaped;
use crate::number::{compact, percent};
use crate::{Beside, BesideRow, Report, Validation};

pub(super) fn section(report: &Report) -> String {
    let mut out = String::new();
    if let Some(scores) = &report.validation {
        out.push_str("<dl class=\"figures\">\n");
        for Figure {
            name,
            value,
            interval,
        } in figures(scores, report.beside.as_ref())
        {
            let name = Escaped(&name);
            write(
                &mut out,
                format_args!("<div><dt>{name}</dt><dd>{value}</dd>{interval}</div>\n"),
            );
        }
        out.push_str("</dl>\n");
    }
    for note in &report.notes {
        write(
            &mut out,
            format_args!("<p class=\"note\">{}</p>\n", Escaped(note)),
        );
    }
    if !report.facts.is_empty() {
        out.push_str("<dl class=\"facts\">\n");
        for (name, value) in &report.facts {
            write(
                &mut out,
                format_args!("<dt>{}</dt><dd>{}</dd>\n", Escaped(name), Escaped(value)),
            );
        }
        out.push_str("</dl>\n");
    }
    out
}

/// A number in large letters.
struct Figure {
    name: String,
    value: String,
    /// Between which values the true one lies, as a further element; may be empty.
    interval: String,
}

impl Figure {
    fn new(name: &str, value: String) -> Self {
        Self {
            name: name.to_owned(),
            value,
            interval: String::new(),
        }
    }

    fn accuracy(name: &str, row: &BesideRow) -> Self {
        let (low, high) = row.interval;
        let interval = format!(
            "<dd class=\"interval\">{:.1} to {:.1} %</dd>",
            100.0 * low,
            100.0 * high
        );
        Self {
            interval,
            ..Self::new(name, percent(row.accuracy))
        }
    }
}

/// The figures that say most, for each kind of label. The accuracy stands beside that of the simpler models.
fn figures(scores: &Validation, beside: Option<&Beside>) -> Vec<Figure> {
    let nats = |loss: f64| Figure::new("Loss in nats", format!("{loss:.3}"));
    match scores {
        Validation::Classes(scores) => {
            let mut figures = match beside.and_then(|beside| beside.rows.split_last()) {
                Some((own, others)) => {
                    let others = others.iter().rev();
                    let others = others.map(|row| Figure::accuracy(&row.name, row));
                    [Figure::accuracy("Accuracy", own)]
                        .into_iter()
                        .chain(others)
                        .collect()
                }
                None => vec![Figure::new("Accuracy", percent(scores.accuracy))],
            };
            let error = expected_error(&bins(&scores.confidences));
            figures.extend([
                Figure::new("Macro F1", percent(scores.macro_f1)),
                nats(scores.loss),
                Figure::new("Calibration error", percent(error)),
            ]);
            figures
        }
        Validation::Sets(scores) => vec![
            Figure::new("F1 of all decisions", percent(scores.f1)),
            Figure::new("Right decisions", percent(scores.accuracy)),
            Figure::new("All classes right", percent(scores.exact)),
            nats(scores.loss),
        ],
        Validation::Numbers(scores) => vec![
            Figure::new("R²", format!("{:.3}", scores.r2)),
            Figure::new("Mean absolute error", compact(scores.mae)),
            Figure::new("Root mean squared error", compact(scores.rmse)),
            Figure::new("Mean squared error", compact(scores.loss)),
        ],
    }
}
