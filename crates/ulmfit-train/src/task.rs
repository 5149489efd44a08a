//! What depends on the task: the targets that labels become, and what is measured. Labels of the data crate and tasks of
//! the model crate meet here and nowhere else.

use ulmfit_data::{ClassLoader, Corpus, Labels};
use ulmfit_model::{Classifier, Targets, Task, top_class};

use crate::error::Result;
use crate::metrics::{ConfusionMatrix, accuracy_multi, f1_multi, mae, r2, rmse};

/// Labels as [`Classifier::loss`] takes them.
///
/// ```
/// use ulmfit_data::Labels;
/// use ulmfit_model::Targets;
/// use ulmfit_train::targets;
///
/// let labels = Labels::from(vec![vec![0, 2], vec![]]);
/// assert!(matches!(targets(&labels), Targets::MultiLabel([_, _])));
/// ```
pub fn targets(labels: &Labels) -> Targets<'_> {
    match labels {
        Labels::SingleLabel(all) => all.into(),
        Labels::MultiLabel(all) => all.into(),
        Labels::Regression(all) => all.into(),
    }
}

/// The task that a corpus poses; numbers lie within `range`.
///
/// # Errors
/// If a document has no label, labels are of two kinds, a number is out of range, or there are too few classes.
pub(crate) fn task_of(corpus: &Corpus, range: Option<(f64, f64)>) -> Result<Task> {
    let labels = corpus.all_labels()?;
    let task = match labels {
        Labels::SingleLabel(_) => {
            corpus.require_classes(2)?;
            Task::SingleLabel
        }
        Labels::MultiLabel(_) => {
            corpus.require_classes(1)?;
            Task::MultiLabel
        }
        Labels::Regression(_) => Task::Regression { range },
    };
    task.check(targets(&labels), corpus.n_classes())?;
    Ok(task)
}

/// Succeeds if the documents are labelled for the model's task.
pub(crate) fn check(model: &Classifier, data: &ClassLoader) -> Result<()> {
    let task = model.config().task;
    Ok(task.check(targets(data.labels()), model.n_classes())?)
}

/// The metrics of a task; the first is what observers watch.
pub(crate) fn metric_names(task: Task) -> &'static [&'static str] {
    match task {
        Task::SingleLabel => &["accuracy"],
        Task::MultiLabel => &["f1_multi", "accuracy_multi"],
        Task::Regression { .. } => &["r2", "rmse", "mae"],
    }
}

/// What outputs score against the labels.
pub(crate) struct Measured {
    pub(crate) loss: f64,
    /// In the order of [`metric_names`].
    pub(crate) metrics: Vec<f64>,
    pub(crate) confusion: ConfusionMatrix,
}

/// Measures outputs of `width` numbers for each document.
///
/// # Panics
/// If the labels are of another task.
pub(crate) fn measure(task: Task, outputs: &[Vec<f32>], labels: &Labels, width: usize) -> Measured {
    let mut confusion = ConfusionMatrix::default();
    let (sum, metrics) = match (task, labels) {
        (Task::SingleLabel, Labels::SingleLabel(labels)) => {
            confusion = ConfusionMatrix::new(width);
            (
                classes(outputs, labels, &mut confusion),
                vec![confusion.accuracy()],
            )
        }
        (Task::MultiLabel, Labels::MultiLabel(sets)) => {
            let rows = outputs.iter().zip(sets);
            let losses = rows.map(|(row, set)| binary_cross_entropy(row, set));
            let metrics = vec![f1_multi(outputs, sets), accuracy_multi(outputs, sets)];
            (losses.sum(), metrics)
        }
        (Task::Regression { .. }, Labels::Regression(values)) => {
            let rows = || outputs.iter().zip(values);
            let both = |(&found, &label): (&f32, &f32)| (f64::from(found), f64::from(label));
            let all = || rows().flat_map(move |(row, values)| row.iter().zip(values).map(both));
            let column = |c: usize| rows().map(move |(row, values)| both((&row[c], &values[c])));
            let squares: f64 = all().map(|(found, label)| (found - label).powi(2)).sum();
            let r2 = (0..width).map(|c| r2(column(c))).sum::<f64>() / width as f64;
            let metrics = vec![r2, rmse(all()), mae(all())];
            (squares / width as f64, metrics)
        }
        (task, labels) => {
            assert!(labels.is_empty(), "labels {labels:?} for the task {task:?}");
            (0.0, vec![f64::NAN; metric_names(task).len()])
        }
    };
    Measured {
        loss: sum / outputs.len().max(1) as f64,
        metrics,
        confusion,
    }
}

/// The sum of cross-entropies in nats; counts label and prediction.
fn classes(probabilities: &[Vec<f32>], labels: &[u32], confusion: &mut ConfusionMatrix) -> f64 {
    let mut sum = 0.0;
    for (row, &label) in probabilities.iter().zip(labels) {
        let class = label as usize;
        // The probability of a class can round to zero; its logarithm must stay finite.
        sum -= f64::from(row[class].max(f32::MIN_POSITIVE)).ln();
        confusion.add(class, top_class(row).unwrap_or(0));
    }
    sum
}

/// The mean binary cross-entropy of a row in nats.
fn binary_cross_entropy(row: &[f32], set: &[u32]) -> f64 {
    let of = |(class, &p): (usize, &f32)| {
        let p = match set.contains(&(class as u32)) {
            true => p,
            false => 1.0 - p,
        };
        // A probability near 1 rounds to it: a quarter of the rounding stands for what is left, 17.3 nats.
        -f64::from(p.max(f32::EPSILON / 4.0)).ln()
    };
    row.iter().enumerate().map(of).sum::<f64>() / row.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
    }

    #[test]
    fn classes_are_measured() {
        let outputs = [vec![0.75, 0.25], vec![0.5, 0.5]];
        let found = measure(Task::SingleLabel, &outputs, &vec![0, 1].into(), 2);
        near(found.loss, -(0.75_f64.ln() + 0.5_f64.ln()) / 2.0);
        assert_eq!((found.metrics, found.confusion.total()), (vec![0.5], 2));
    }

    #[test]
    fn sets_are_measured() {
        let outputs = [vec![0.75, 0.5, 0.25], vec![0.1, 0.2, 1.0]];
        let sets = vec![vec![0], vec![2]];
        let found = measure(Task::MultiLabel, &outputs, &sets.into(), 3);
        let sum = 0.75_f64.ln() + 0.5_f64.ln() + 0.75_f64.ln() + 0.9_f64.ln() + 0.8_f64.ln();
        near(found.loss, -sum / 6.0);
        // Two of three predicted classes are true ones, five of six decisions right.
        near(found.metrics[0], 0.8);
        near(found.metrics[1], 5.0 / 6.0);
        let sure = measure(
            Task::MultiLabel,
            &[vec![1.0]],
            &Labels::MultiLabel(vec![vec![]]),
            1,
        );
        assert!(sure.loss > 17.0 && sure.loss.is_finite());
    }

    #[test]
    fn numbers_are_measured() {
        let task = Task::Regression { range: None };
        let outputs = [vec![1.0], vec![3.0]];
        let found = measure(task, &outputs, &vec![vec![1.0], vec![5.0]].into(), 1);
        near(found.loss, 2.0);
        // Around the mean of 3 the squares are 4 and 4.
        near(found.metrics[0], 0.5);
        near(found.metrics[1], 2.0_f64.sqrt());
        near(found.metrics[2], 1.0);
        let none = measure(task, &[], &Vec::<u32>::new().into(), 1);
        assert_eq!(none.loss, 0.0);
        assert!(none.metrics.len() == 3 && none.metrics[0].is_nan());
    }
}
