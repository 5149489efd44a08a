//! Accuracy and F1 of documents that are of any number of classes.
//!
//! A class counts as predicted from a probability of [`Task::THRESHOLD`] on. [`Scores`] holds one class for each row,
//! which stands for a set of one; for others call `add`.

use ulmfit_model::Task;

use super::{Metric, Scores, share};

/// Share of the decisions, one for each document and class, that are right.
///
/// fastai's `accuracy_multi`. Where a document is of few of many classes, nearly all of them are right even if no class
/// is ever predicted; [`F1Multi`] does not count those.
///
/// Deviation: a probability of exactly 0.5 counts as a prediction here and in [`Predictor`](ulmfit_model::Predictor),
/// in fastai it does not.
///
/// ```
/// use ulmfit_train::metrics::{AccuracyMulti, Metric};
///
/// let mut accuracy = AccuracyMulti::default();
/// accuracy.add(&[0.9, 0.2, 0.6], &[0, 1]);
/// assert_eq!(accuracy.value(), 1.0 / 3.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct AccuracyMulti {
    n_right: u64,
    n_decisions: u64,
}

impl AccuracyMulti {
    /// Takes in a document: the probabilities of all classes, and the true ones.
    pub fn add(&mut self, probabilities: &[f32], set: &[u32]) {
        for (predicted, truth) in decisions(probabilities, set) {
            self.n_right += u64::from(predicted == truth);
            self.n_decisions += 1;
        }
    }
}

impl Metric for AccuracyMulti {
    fn name(&self) -> &'static str {
        "accuracy_multi"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        batch
            .rows()
            .for_each(|(row, target)| self.add(row, &[target]));
    }

    fn value(&self) -> f64 {
        share(self.n_right, self.n_decisions)
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

/// F1 over all predictions of all classes: `2 tp / (2 tp + fp + fn)`, 0 where no class is true or predicted.
///
/// Deviation: fastai's `F1ScoreMulti` is by default the mean of the classes' F1, to which a class without a document in
/// a small validation set counts 0.
///
/// ```
/// use ulmfit_train::metrics::{F1Multi, Metric};
///
/// let mut f1 = F1Multi::default();
/// f1.add(&[0.9, 0.2, 0.6], &[0, 1]);
/// // One true positive, one false one, one that was missed.
/// assert_eq!(f1.value(), 0.5);
/// ```
#[derive(Clone, Debug, Default)]
pub struct F1Multi {
    n_hits: u64,
    /// Predicted or true: what is both counts twice.
    n_named: u64,
    n_rows: u64,
}

impl F1Multi {
    /// Takes in a document: the probabilities of all classes, and the true ones.
    pub fn add(&mut self, probabilities: &[f32], set: &[u32]) {
        self.n_rows += 1;
        for (predicted, truth) in decisions(probabilities, set) {
            self.n_hits += u64::from(predicted && truth);
            self.n_named += u64::from(predicted) + u64::from(truth);
        }
    }
}

impl Metric for F1Multi {
    fn name(&self) -> &'static str {
        "f1_multi"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        batch
            .rows()
            .for_each(|(row, target)| self.add(row, &[target]));
    }

    fn value(&self) -> f64 {
        match (self.n_rows, self.n_named) {
            (0, _) => f64::NAN,
            (_, 0) => 0.0,
            _ => share(2 * self.n_hits, self.n_named),
        }
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

/// For each class whether it is predicted and whether it is true.
fn decisions<'a>(
    probabilities: &'a [f32],
    set: &'a [u32],
) -> impl Iterator<Item = (bool, bool)> + 'a {
    let decision = move |(&p, class): (&f32, u32)| (p >= Task::THRESHOLD, set.contains(&class));
    probabilities.iter().zip(0..).map(decision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicting_nothing_is_often_right_and_never_useful() {
        let (mut accuracy, mut f1) = (AccuracyMulti::default(), F1Multi::default());
        for class in 0..4 {
            accuracy.add(&[0.1; 4], &[class]);
            f1.add(&[0.1; 4], &[class]);
        }
        assert_eq!((accuracy.value(), f1.value()), (0.75, 0.0));
        f1.reset();
        f1.add(&[0.1; 4], &[]);
        assert_eq!(f1.value(), 0.0);
    }

    #[test]
    fn a_probability_at_the_threshold_is_a_prediction() {
        let mut f1 = F1Multi::default();
        f1.add(&[0.5, 0.499], &[0]);
        assert_eq!(f1.value(), 1.0);
    }
}
