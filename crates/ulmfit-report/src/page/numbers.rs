//! Predicted numbers against those of the labels, and the predictions that are furthest off.

use super::{heads, table, write};
use crate::charts::{Axis, Line, LineChart, Look};
use crate::escape::Escaped;
use crate::number::compact;
use crate::{NumberScores, Report, Validation};

/// Words of a text that are shown.
const SHOWN: usize = 60;

pub(super) fn section(report: &Report) -> String {
    let Some(Validation::Numbers(scores)) = &report.validation else {
        return String::new();
    };
    let chart = chart(scores);
    let mut rows = String::new();
    for far in &scores.furthest {
        write(
            &mut rows,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td></tr>\n",
                compact(far.label),
                compact(far.predicted),
                compact(far.predicted - far.label),
                beginning(&far.text)
            ),
        );
    }
    let head = heads(&["Label", "Prediction", "Difference", "Text"]);
    format!(
        "<p>Each dot is a document; on the dashed line label and prediction are equal.</p>\n\
         <div class=\"charts\">\n<figure>{}</figure>\n</div>\n{}",
        chart.inline("numbers-chart"),
        table(
            "The predictions that are furthest off",
            "texts",
            &head,
            &rows
        )
    )
}

fn chart(scores: &NumberScores) -> LineChart {
    let labels = scores.pairs.iter().map(|pair| pair.0);
    let (low, high) = labels.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), label| {
        (low.min(label), high.max(label))
    });
    let mut chart = LineChart::new(
        "Predictions and labels",
        Axis::new(format!("{} of the label", scores.name)),
        Axis::new("predicted"),
    );
    chart.lines = vec![
        Line::new("documents", scores.pairs.clone(), Look::Points),
        Line::new(
            "prediction = label",
            vec![(low, low), (high, high)],
            Look::Dashed,
        ),
    ];
    chart.description = format!(
        "{} documents with labels from {} to {}; predictions are off by {} on average.",
        scores.pairs.len(),
        compact(low),
        compact(high),
        compact(scores.mae)
    );
    chart
}

/// The first words of a text.
fn beginning(text: &str) -> String {
    let mut words = text.split_whitespace();
    let shown: Vec<&str> = words.by_ref().take(SHOWN).collect();
    let more = if words.next().is_some() { " …" } else { "" };
    format!("{}{more}", Escaped(&shown.join(" ")))
}
