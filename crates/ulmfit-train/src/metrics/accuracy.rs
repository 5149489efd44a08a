//! Share of rows whose most probable class is the true one.

use ulmfit_model::top_class;

use super::{Metric, Scores, share};

/// Accuracy, from 0 to 1; among equal probabilities the first class is the prediction.
///
/// ```
/// use ulmfit_train::metrics::{Accuracy, Metric, Scores};
///
/// let mut accuracy = Accuracy::default();
/// let probabilities = &[0.9, 0.1, 0.6, 0.4];
/// let targets = &[0, 1];
/// let batch = Scores { probabilities, targets, n_classes: 2, loss: 0.5 };
/// accuracy.update(&batch);
/// assert_eq!(accuracy.value(), 0.5);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Accuracy {
    n_hits: u64,
    n_rows: u64,
}

impl Accuracy {
    /// Takes in rows that were counted elsewhere, as a language model does on its device: copying
    /// `[tokens, vocabulary]` probabilities to the host would cost more than the model.
    ///
    /// ```
    /// use ulmfit_train::metrics::{Accuracy, Metric};
    ///
    /// let mut accuracy = Accuracy::default();
    /// accuracy.add(30, 100);
    /// assert_eq!(accuracy.value(), 0.3);
    /// ```
    pub fn add(&mut self, n_hits: u64, n_rows: u64) {
        self.n_hits += n_hits;
        self.n_rows += n_rows;
    }
}

impl Metric for Accuracy {
    fn name(&self) -> &'static str {
        "accuracy"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        for (row, target) in batch.rows() {
            self.add(u64::from(top_class(row) == Some(target as usize)), 1);
        }
    }

    fn value(&self) -> f64 {
        share(self.n_hits, self.n_rows)
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_class() {
        let mut accuracy = Accuracy::default();
        let probabilities = [0.5, 0.5, 0.5, 0.5, 0.2, 0.8];
        let targets = [0, 1, 1];
        accuracy.update(&Scores {
            probabilities: &probabilities,
            targets: &targets,
            n_classes: 2,
            loss: 0.0,
        });
        assert_eq!(accuracy.value(), 2.0 / 3.0); // Hit, miss (0 was predicted), hit.
    }

    #[test]
    fn a_target_that_is_no_class_is_a_miss() {
        let mut accuracy = Accuracy::default();
        accuracy.update(&Scores {
            probabilities: &[0.1, 0.9],
            targets: &[2],
            n_classes: 2,
            loss: 0.0,
        });
        assert_eq!(accuracy.value(), 0.0);
    }
}
