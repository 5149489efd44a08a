//! What was done, and how well it went.

use super::write;
use crate::calibration::{bins, expected_error};
use crate::escape::Escaped;
use crate::number::{compact, percent};
use crate::{Report, Validation};

pub(super) fn section(report: &Report) -> String {
    let mut out = String::new();
    if let Some(scores) = &report.validation {
        out.push_str("<dl class=\"figures\">\n");
        for (name, value) in figures(scores) {
            write(
                &mut out,
                format_args!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"),
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

/// The four figures that say most, for each kind of label.
fn figures(scores: &Validation) -> [(&'static str, String); 4] {
    let nats = |loss: f64| ("Loss in nats", format!("{loss:.3}"));
    match scores {
        Validation::Classes(scores) => {
            let error = expected_error(&bins(&scores.confidences));
            [
                ("Accuracy", percent(scores.accuracy)),
                ("Macro F1", percent(scores.macro_f1)),
                nats(scores.loss),
                ("Calibration error", percent(error)),
            ]
        }
        Validation::Sets(scores) => [
            ("F1 of all decisions", percent(scores.f1)),
            ("Right decisions", percent(scores.accuracy)),
            ("All classes right", percent(scores.exact)),
            nats(scores.loss),
        ],
        Validation::Numbers(scores) => [
            ("R²", format!("{:.3}", scores.r2)),
            ("Mean absolute error", compact(scores.mae)),
            ("Root mean squared error", compact(scores.rmse)),
            ("Mean squared error", compact(scores.loss)),
        ],
    }
}
