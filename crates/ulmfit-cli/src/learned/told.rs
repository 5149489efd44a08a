//! Scores as they are told: to programs as JSON, to people as text.

use std::fmt::Write as _;

use serde_json::{Value, json};
use ulmfit::train::ClassifierScores;
use ulmfit_report::{ClassRow, ClassScores, Validation};

use crate::talk::visible;

/// With more classes the matrix is not printed, as in the report.
const LARGEST_MATRIX: usize = 20;
/// Pairs that are printed instead.
const PAIRS: usize = 10;

/// The first metric in words.
pub(crate) fn headline(scores: &ClassifierScores) -> String {
    match scores.metrics.first() {
        Some(("accuracy", value)) => format!("accuracy {:.1} %", 100.0 * value),
        Some((name, value)) => format!("{name} {value:.4}"),
        None => "no score".to_owned(),
    }
}

/// The scores for programs.
pub(crate) fn json(scores: &Validation) -> Value {
    let rows = |classes: &[ClassRow]| -> Vec<Value> {
        let row = |class: &ClassRow| {
            json!({
                "class": class.name,
                "precision": class.precision,
                "recall": class.recall,
                "f1": class.f1,
                "support": class.support,
            })
        };
        classes.iter().map(row).collect()
    };
    match scores {
        Validation::Classes(scores) => json!({
            "documents": scores.confidences.len(),
            "accuracy": scores.accuracy,
            "macro_f1": scores.macro_f1,
            "loss": scores.loss,
            "classes": rows(&scores.classes),
            "confusion": scores.confusion,
        }),
        Validation::Sets(scores) => json!({
            "documents": scores.documents,
            "f1_multi": scores.f1,
            "accuracy_multi": scores.accuracy,
            "exact": scores.exact,
            "loss": scores.loss,
            "classes": rows(&scores.classes),
        }),
        Validation::Numbers(scores) => json!({
            "documents": scores.pairs.len(),
            "r2": scores.r2,
            "rmse": scores.rmse,
            "mae": scores.mae,
            "loss": scores.loss,
        }),
    }
}

/// The scores for people: a line, and for classes a row for each of them; where a document is of one, the matrix.
pub(crate) fn text(validation: &Validation, scores: &ClassifierScores) -> String {
    match validation {
        Validation::Classes(found) => {
            format!(
                "accuracy {} of {} documents, macro F1 {}, loss {:.4}\n\n{}\n{}",
                percent(found.accuracy),
                found.confidences.len(),
                percent(found.macro_f1),
                found.loss,
                by_class(&found.classes),
                confused(found, scores)
            )
        }
        Validation::Sets(found) => format!(
            "F1 {} of all decisions, {} of them right; all classes right for {} of {} documents, loss {:.4}\n\n{}",
            percent(found.f1),
            percent(found.accuracy),
            percent(found.exact),
            found.documents,
            found.loss,
            by_class(&found.classes)
        ),
        Validation::Numbers(found) => format!(
            "{}: R2 {:.4}, mean absolute error {:.4}, root mean squared error {:.4}, {} documents\n",
            visible(&found.name),
            found.r2,
            found.mae,
            found.rmse,
            found.pairs.len()
        ),
    }
}

/// The matrix, or the pairs that are confused most where it would be wider than a screen.
fn confused(found: &ClassScores, scores: &ClassifierScores) -> String {
    let names = found.classes.iter().map(|class| visible(&class.name));
    if found.classes.len() <= LARGEST_MATRIX {
        return scores.confusion.clone().with_names(names).to_string();
    }
    let names: Vec<String> = names.collect();
    let mut out = "confused most (label, prediction, documents)\n".to_owned();
    for (label, predicted, n) in scores.confusion.most_confused(1).into_iter().take(PAIRS) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}  {}  {n}", names[label], names[predicted]);
    }
    out
}

fn by_class(classes: &[ClassRow]) -> String {
    let names: Vec<String> = classes.iter().map(|class| visible(&class.name)).collect();
    let widths = names.iter().map(|name| name.chars().count());
    let width = widths.max().unwrap_or(0).max("class".len());
    let mut out = format!(
        "{:<width$}  precision    recall        F1  support\n",
        "class"
    );
    for (name, class) in names.iter().zip(classes) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{:<width$}  {:>9} {:>9} {:>9} {:>8}",
            name,
            percent(class.precision),
            percent(class.recall),
            percent(class.f1),
            class.support
        );
    }
    out
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use ulmfit::train::metrics::ConfusionMatrix;

    use super::*;

    fn scores(classes: usize) -> (ClassScores, ClassifierScores) {
        let mut confusion = ConfusionMatrix::new(classes);
        confusion.add(0, 1);
        let row = |class: usize| ClassRow {
            name: format!("class {class}"),
            precision: 0.0,
            recall: 0.0,
            f1: 0.0,
            support: 0,
        };
        let found = ClassScores {
            accuracy: 0.0,
            macro_f1: 0.0,
            loss: 1.0,
            classes: (0..classes).map(row).collect(),
            confusion: Vec::new(),
            confidences: Vec::new(),
        };
        let scores = ClassifierScores {
            loss: 1.0,
            metrics: Vec::new(),
            confusion,
            probabilities: Vec::new(),
        };
        (found, scores)
    }

    #[test]
    fn a_matrix_that_no_screen_holds_is_told_as_pairs() {
        let (found, few) = scores(LARGEST_MATRIX);
        assert!(confused(&found, &few).contains("true \\ predicted"));
        let (found, many) = scores(LARGEST_MATRIX + 1);
        assert_eq!(
            confused(&found, &many),
            "confused most (label, prediction, documents)\nclass 0  class 1  1\n"
        );
    }
}
