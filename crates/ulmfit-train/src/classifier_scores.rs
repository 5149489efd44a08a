//! What a classifier scores on labelled documents.

use burn::module::Module;
use ulmfit_data::{ClassLoader, Labels};
use ulmfit_model::{Classifier, Task};

use crate::metrics::ConfusionMatrix;
use crate::scores::Scores;
use crate::task::{measure, metric_names};

/// What a classifier scores on labelled documents, weighted by rows.
///
/// | task | `loss` | `metrics` |
/// |---|---|---|
/// | one class | cross-entropy in nats | `accuracy` |
/// | several classes | binary cross-entropy in nats | `f1_multi`, `accuracy_multi` |
/// | numbers | squared error | `r2`, `rmse`, `mae` |
#[derive(Clone, Debug)]
pub struct ClassifierScores {
    /// The task's mean loss, without class weights and smoothing.
    pub loss: f64,
    /// The names and values of the task's [`metrics`](crate::metrics), the most telling first.
    pub metrics: Vec<(&'static str, f64)>,
    /// True classes against predicted ones; empty where a document is not of exactly one class.
    pub confusion: ConfusionMatrix,
    /// The probability of every class, or the numbers, for every document, in the order of the documents.
    pub probabilities: Vec<Vec<f32>>,
}

impl ClassifierScores {
    /// The scores of a model's outputs, `width` probabilities or numbers for each document, against the labels.
    ///
    /// ```
    /// use ulmfit_data::Labels;
    /// use ulmfit_model::Task;
    /// use ulmfit_train::ClassifierScores;
    ///
    /// let labels = Labels::from(vec![0, 1]);
    /// let scores = ClassifierScores::of(Task::SingleLabel, vec![vec![0.9, 0.1], vec![0.8, 0.2]], &labels, 2);
    /// assert_eq!(scores.metrics, [("accuracy", 0.5)]);
    /// ```
    ///
    /// # Panics
    /// If the labels are of another task, or a class is not below `width`.
    pub fn of(task: Task, outputs: Vec<Vec<f32>>, labels: &Labels, width: usize) -> Self {
        let measured = measure(task, &outputs, labels, width);
        let names = metric_names(task).iter().copied();
        Self {
            loss: measured.loss,
            metrics: names.zip(measured.metrics).collect(),
            confusion: measured.confusion,
            probabilities: outputs,
        }
    }

    /// The first metric for readers: `accuracy 91.20 %`, `f1_multi 0.8731`.
    pub(crate) fn headline(&self) -> (&'static str, String) {
        match self.metrics.first() {
            Some(&(name, value)) if name == "accuracy" => (name, format!("{:.2} %", 100.0 * value)),
            Some(&(name, value)) => (name, format!("{value:.4}")),
            None => ("", String::new()),
        }
    }
}

impl From<ClassifierScores> for Scores {
    fn from(scores: ClassifierScores) -> Self {
        let all = scores.metrics.into_iter();
        all.fold(Self::new(scores.loss), |all, (name, value)| match name {
            "rmse" | "mae" => all.lower_is_better(name, value),
            _ => all.higher_is_better(name, value),
        })
    }
}

/// The scores of a classifier on labelled documents, without dropout and outside of autodiff.
///
/// # Panics
/// As [`ClassifierScores::of`].
pub fn evaluate_classifier(model: &Classifier, data: &ClassLoader) -> ClassifierScores {
    let model = model.valid();
    let width = model.n_classes();
    let mut rows = vec![Vec::new(); data.len()];
    for batch in data.sorted() {
        let outputs = model.outputs(&batch.inputs, &batch.lengths).into_data();
        let values: Vec<f32> = outputs.iter::<f32>().collect();
        for (row, &document) in values.chunks_exact(width).zip(&batch.rows) {
            rows[document] = row.to_vec();
        }
    }
    ClassifierScores::of(model.config().task, rows, data.labels(), width)
}
