//! What was done, and how well it went.

use super::write;
use crate::Report;
use crate::calibration::{bins, expected_error};
use crate::escape::Escaped;
use crate::number::percent;

pub(super) fn section(report: &Report) -> String {
    let mut out = String::new();
    if let Some(scores) = &report.validation {
        let error = expected_error(&bins(&scores.confidences));
        let figures = [
            ("Accuracy", percent(scores.accuracy)),
            ("Macro F1", percent(scores.macro_f1)),
            ("Loss in nats", format!("{:.3}", scores.loss)),
            ("Calibration error", percent(error)),
        ];
        out.push_str("<dl class=\"figures\">\n");
        for (name, value) in figures {
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
