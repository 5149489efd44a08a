//! A classifier's scores: for the report, for programs and for people.

use std::fmt::Write as _;

use serde_json::{Value, json};
use ulmfit::model::top_class;
use ulmfit::train::ClassifierScores;
use ulmfit_report::{ClassRow, Validation};

/// Scores on documents of these labels, for the report.
pub(crate) fn validation(
    scores: &ClassifierScores,
    labels: &[u32],
    classes: &[String],
) -> Validation {
    let confusion = &scores.confusion;
    let row = |(class, name): (usize, &String)| ClassRow {
        name: name.clone(),
        precision: confusion.precision(class),
        recall: confusion.recall(class),
        f1: confusion.f1(class),
        support: (0..classes.len())
            .map(|other| confusion.count(class, other))
            .sum(),
    };
    let counts = |truth: usize| {
        (0..classes.len())
            .map(|other| confusion.count(truth, other))
            .collect()
    };
    let confidence = |(row, &label): (&Vec<f32>, &u32)| {
        let top = top_class(row).unwrap_or(0);
        (row.get(top).copied().unwrap_or(0.0), top == label as usize)
    };
    Validation {
        accuracy: confusion.accuracy(),
        macro_f1: confusion.macro_f1(),
        loss: scores.loss,
        classes: classes.iter().enumerate().map(row).collect(),
        confusion: (0..classes.len()).map(counts).collect(),
        confidences: scores
            .probabilities
            .iter()
            .zip(labels)
            .map(confidence)
            .collect(),
    }
}

/// The scores for programs.
pub(crate) fn json(scores: &Validation) -> Value {
    let classes = scores.classes.iter().map(|class| {
        json!({
            "class": class.name,
            "precision": class.precision,
            "recall": class.recall,
            "f1": class.f1,
            "support": class.support,
        })
    });
    json!({
        "documents": scores.confidences.len(),
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "loss": scores.loss,
        "classes": classes.collect::<Vec<_>>(),
        "confusion": scores.confusion,
    })
}

/// The scores for people: a line, a row for each class, and the matrix of `scores`.
pub(crate) fn text(validation: &Validation, scores: &ClassifierScores) -> String {
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let mut out = format!(
        "accuracy {} of {} documents, macro F1 {}, loss {:.4}\n\n",
        percent(validation.accuracy),
        validation.confidences.len(),
        percent(validation.macro_f1),
        validation.loss
    );
    let names = validation
        .classes
        .iter()
        .map(|class| class.name.chars().count());
    let width = names.max().unwrap_or(0).max("class".len());
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{:<width$}  precision    recall        F1  support",
        "class"
    );
    for class in &validation.classes {
        let _ = writeln!(
            out,
            "{:<width$}  {:>9} {:>9} {:>9} {:>8}",
            class.name,
            percent(class.precision),
            percent(class.recall),
            percent(class.f1),
            class.support
        );
    }
    let names = validation.classes.iter().map(|class| class.name.as_str());
    let _ = write!(out, "\n{}", scores.confusion.clone().with_names(names));
    out
}
