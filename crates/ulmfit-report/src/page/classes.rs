//! How well each class is found, which are confused, and what the probabilities are worth.

use super::{heads, table, write};
use crate::calibration::{bins, expected_error};
use crate::charts::{Axis, Line, LineChart, Look};
use crate::escape::Escaped;
use crate::number::{count, percent};
use crate::{ClassRow, ClassScores, Report, Validation};

/// With more classes a matrix cannot be read; the pairs that are confused most are listed instead.
const LARGEST_MATRIX: usize = 20;
/// Rows of that list.
const PAIRS: usize = 30;
/// Shades of the matrix, as in the style sheet.
const SHADES: u64 = 5;

pub(super) fn section(report: &Report) -> String {
    match &report.validation {
        Some(Validation::Classes(scores)) => {
            let confused = match scores.classes.len() {
                ..=LARGEST_MATRIX => matrix(scores),
                _ => pairs(scores),
            };
            by_class(&scores.classes) + &confused
        }
        Some(Validation::Sets(scores)) => by_class(&scores.classes),
        Some(Validation::Numbers(_)) | None => String::new(),
    }
}

fn by_class(classes: &[ClassRow]) -> String {
    let mut rows = String::new();
    for class in classes {
        write(
            &mut rows,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                Escaped(&class.name),
                percent(class.precision),
                percent(class.recall),
                percent(class.f1),
                count(class.support)
            ),
        );
    }
    let head = heads(&["Class", "Precision", "Recall", "F1", "Support"]);
    table("Scores by class", "numbers", &head, &rows)
}

/// Rows are the labels, columns the predictions; a cell is the darker, the larger its share of its row.
fn matrix(scores: &ClassScores) -> String {
    let mut head = "<td>label \\ prediction</td>".to_owned();
    for class in &scores.classes {
        write(
            &mut head,
            format_args!("<th scope=\"col\">{}</th>", Escaped(&class.name)),
        );
    }
    let mut rows = String::new();
    for (label, (class, counts)) in scores.classes.iter().zip(&scores.confusion).enumerate() {
        let all = counts.iter().sum::<u64>().max(1);
        write(
            &mut rows,
            format_args!("<tr><th scope=\"row\">{}</th>", Escaped(&class.name)),
        );
        for (predicted, &n) in counts.iter().enumerate() {
            let kind = if label == predicted { "hit" } else { "miss" };
            // Any document at all is seen.
            let shade = (n * SHADES).div_ceil(all);
            write(
                &mut rows,
                format_args!("<td class=\"{kind} s{shade}\">{}</td>", count(n)),
            );
        }
        rows.push_str("</tr>\n");
    }
    table("Confusion matrix", "matrix", &head, &rows)
}

fn pairs(scores: &ClassScores) -> String {
    let mut pairs = Vec::new();
    for (label, counts) in scores.confusion.iter().enumerate() {
        let wrong = counts.iter().enumerate();
        let wrong = wrong.filter(|(predicted, n)| *predicted != label && **n > 0);
        pairs.extend(wrong.map(|(predicted, &n)| (n, label, predicted)));
    }
    pairs.sort_by_key(|&(n, label, predicted)| (std::cmp::Reverse(n), label, predicted));
    let name = |class: usize| scores.classes.get(class).map_or("", |class| &class.name);
    let mut rows = String::new();
    for &(n, label, predicted) in pairs.iter().take(PAIRS) {
        write(
            &mut rows,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n",
                Escaped(name(label)),
                Escaped(name(predicted)),
                count(n)
            ),
        );
    }
    let head = heads(&["Label", "Prediction", "Documents"]);
    table(
        "The classes that are confused most",
        "numbers",
        &head,
        &rows,
    )
}

pub(super) fn calibration(report: &Report) -> String {
    let bins = match &report.validation {
        Some(Validation::Classes(scores)) if !scores.confidences.is_empty() => {
            bins(&scores.confidences)
        }
        _ => return String::new(),
    };
    let mut chart = LineChart::new(
        "Calibration",
        Axis::new("confidence").spanning(0.0, 1.0),
        Axis::new("share of right predictions").spanning(0.0, 1.0),
    );
    let found = bins
        .iter()
        .map(|bin| (bin.confidence, bin.accuracy))
        .collect();
    chart.lines = vec![
        Line::new("model", found, Look::Dots),
        Line::new(
            "confidence = accuracy",
            vec![(0.0, 0.0), (1.0, 1.0)],
            Look::Dashed,
        ),
    ];
    let error = percent(expected_error(&bins));
    chart.description =
        format!("The expected calibration error is {error}; the table has the same numbers.");
    let mut rows = String::new();
    for bin in &bins {
        write(
            &mut rows,
            format_args!(
                "<tr><th scope=\"row\">{:.0}–{:.0} %</th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                100.0 * bin.low,
                100.0 * bin.high,
                count(bin.documents as u64),
                percent(bin.confidence),
                percent(bin.accuracy)
            ),
        );
    }
    let head = heads(&["Confidence", "Documents", "Mean confidence", "Right"]);
    format!(
        "<p>Below the dashed line the model is surer than it should be, above it less sure. The expected calibration \
         error is {error}.</p>\n<div class=\"charts\">\n<figure>{}</figure>\n{}</div>\n",
        chart.inline("calibration-chart"),
        table(
            "Calibration in tenths of the confidence",
            "numbers",
            &head,
            &rows
        )
    )
}
