//! A model's scores, for each kind of label.

use ulmfit::data::Labels;
use ulmfit::model::top_class;
use ulmfit::prelude::*;
use ulmfit::train::ClassifierScores;
use ulmfit_report::{ClassRow, ClassScores, NumberMistake, NumberScores, SetScores, Validation};

/// Predicted numbers that are shown with their text, those that are furthest off.
const FURTHEST: usize = 12;

/// Scores on the documents of a corpus, for the report.
///
/// # Errors
/// For a document without a label.
pub(crate) fn validation(scores: &ClassifierScores, corpus: &Corpus) -> anyhow::Result<Validation> {
    let names = corpus.classes();
    Ok(match corpus.all_labels()? {
        Labels::SingleLabel(labels) => Validation::Classes(of_classes(scores, &labels, names)),
        Labels::MultiLabel(sets) => Validation::Sets(of_sets(scores, &sets, names)),
        Labels::Regression(values) => {
            let name = names.first().cloned().unwrap_or_default();
            Validation::Numbers(of_numbers(scores, &values, name, &corpus.texts()))
        }
    })
}

fn of_classes(scores: &ClassifierScores, labels: &[u32], names: &[String]) -> ClassScores {
    let confusion = &scores.confusion;
    let counts = |label: usize| -> Vec<u64> {
        (0..names.len())
            .map(|other| confusion.count(label, other))
            .collect()
    };
    let row = |(class, name): (usize, &String)| ClassRow {
        name: name.clone(),
        precision: confusion.precision(class),
        recall: confusion.recall(class),
        f1: confusion.f1(class),
        support: counts(class).iter().sum(),
    };
    let confidence = |(row, &label): (&Vec<f32>, &u32)| {
        let top = top_class(row).unwrap_or(0);
        (row.get(top).copied().unwrap_or(0.0), top == label as usize)
    };
    let rows = scores.probabilities.iter().zip(labels);
    ClassScores {
        accuracy: confusion.accuracy(),
        macro_f1: confusion.macro_f1(),
        loss: scores.loss,
        classes: names.iter().enumerate().map(row).collect(),
        confusion: (0..names.len()).map(counts).collect(),
        confidences: rows.map(confidence).collect(),
    }
}

fn of_sets(scores: &ClassifierScores, sets: &[Vec<u32>], names: &[String]) -> SetScores {
    let rows = || scores.probabilities.iter().zip(sets);
    let said = |row: &[f32], class: usize| row.get(class).is_some_and(|p| *p >= 0.5);
    let is = |set: &[u32], class: usize| set.contains(&(class as u32));
    let row = |(class, name): (usize, &String)| {
        let count = |of: &dyn Fn(&[f32], &[u32]) -> bool| {
            rows().filter(|(row, set)| of(row, set)).count() as f64
        };
        let hits = count(&|row, set| said(row, class) && is(set, class));
        let (found, support) = (
            count(&|row, _| said(row, class)),
            count(&|_, set| is(set, class)),
        );
        // As in the confusion matrix: 0 where there is nothing to divide by.
        let share = |n: f64, of: f64| if of > 0.0 { n / of } else { 0.0 };
        ClassRow {
            name: name.clone(),
            precision: share(hits, found),
            recall: share(hits, support),
            f1: share(2.0 * hits, found + support),
            support: support as u64,
        }
    };
    let exact = rows()
        .filter(|(row, set)| (0..names.len()).all(|class| said(row, class) == is(set, class)));
    SetScores {
        documents: sets.len(),
        f1: metric(scores, "f1_multi"),
        accuracy: metric(scores, "accuracy_multi"),
        exact: exact.count() as f64 / sets.len().max(1) as f64,
        loss: scores.loss,
        classes: names.iter().enumerate().map(row).collect(),
    }
}

fn of_numbers(
    scores: &ClassifierScores,
    values: &[Vec<f32>],
    name: String,
    texts: &[&str],
) -> NumberScores {
    let first = |row: &Vec<f32>| row.first().map_or(f64::NAN, |value| f64::from(*value));
    let pairs: Vec<(f64, f64)> = values
        .iter()
        .zip(&scores.probabilities)
        .map(|(label, found)| (first(label), first(found)))
        .collect();
    let mut order: Vec<usize> = (0..pairs.len().min(texts.len())).collect();
    let error = |index: usize| (pairs[index].1 - pairs[index].0).abs();
    order.sort_by(|&a, &b| error(b).total_cmp(&error(a)).then(a.cmp(&b)));
    let furthest = order.into_iter().take(FURTHEST).map(|index| NumberMistake {
        label: pairs[index].0,
        predicted: pairs[index].1,
        text: texts[index].to_owned(),
    });
    NumberScores {
        name,
        r2: metric(scores, "r2"),
        rmse: metric(scores, "rmse"),
        mae: metric(scores, "mae"),
        loss: scores.loss,
        furthest: furthest.collect(),
        pairs,
    }
}

fn metric(scores: &ClassifierScores, name: &str) -> f64 {
    let found = scores.metrics.iter().find(|(metric, _)| *metric == name);
    found.map_or(f64::NAN, |(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_a_set_is_a_decision() {
        let outputs = vec![vec![0.75, 0.5, 0.25], vec![0.1, 0.2, 1.0]];
        let sets = vec![vec![0], vec![2]];
        let labels = Labels::MultiLabel(sets.clone());
        let scores = ClassifierScores::of(Task::MultiLabel, outputs, &labels, 3);
        let names = ["a", "b", "c"].map(str::to_owned);
        let found = of_sets(&scores, &sets, &names);
        assert_eq!((found.documents, found.exact), (2, 0.5));
        let rows: Vec<_> = found
            .classes
            .iter()
            .map(|c| (c.precision, c.recall, c.support))
            .collect();
        assert_eq!(rows, [(1.0, 1.0, 1), (0.0, 0.0, 0), (1.0, 1.0, 1)]);
    }

    #[test]
    fn the_number_that_is_furthest_off_comes_first() {
        let values = vec![vec![1.0], vec![5.0], vec![3.0]];
        let labels = Labels::Regression(values.clone());
        let task = Task::Regression { range: None };
        let scores = ClassifierScores::of(task, vec![vec![1.5], vec![3.0], vec![3.0]], &labels, 1);
        let found = of_numbers(&scores, &values, "stars".to_owned(), &["x", "y", "z"]);
        let order: Vec<&str> = found.furthest.iter().map(|far| far.text.as_str()).collect();
        assert_eq!(order, ["y", "x", "z"]);
        assert_eq!(found.pairs[1], (5.0, 3.0));
    }
}
