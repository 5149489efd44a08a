//! Mean loss, each row (or token) weighing the same.

use super::{Metric, Scores};

/// Mean loss over all rows, in nats.
///
/// Deviation: fastai weighs a language model's batch by its sequences; here the rows are tokens, so
/// a last batch of shorter sequences counts for what it holds.
///
/// ```
/// use ulmfit_train::metrics::{Loss, Metric, Scores};
///
/// let mut loss = Loss::default();
/// loss.update(&Scores { probabilities: &[], targets: &[0, 0, 0], n_classes: 1, loss: 1.0 });
/// loss.update(&Scores { probabilities: &[], targets: &[0], n_classes: 1, loss: 5.0 });
/// assert_eq!(loss.value(), 2.0); // (3 * 1 + 1 * 5) / 4
/// ```
#[derive(Clone, Debug, Default)]
pub struct Loss {
    sum: f64,
    n_rows: u64,
}

impl Loss {
    /// Takes in `n_rows` rows of mean `loss`, for loops that have no [`Scores`] at hand.
    pub fn add(&mut self, loss: f64, n_rows: u64) {
        // A batch of no rows has a mean of 0/0, which must not spoil the sum.
        if n_rows > 0 {
            self.sum += loss * n_rows as f64;
            self.n_rows += n_rows;
        }
    }
}

impl Metric for Loss {
    fn name(&self) -> &'static str {
        "loss"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        self.add(batch.loss, batch.n_rows() as u64);
    }

    fn value(&self) -> f64 {
        self.sum / self.n_rows as f64
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn higher_is_better(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_batches_weigh_nothing() {
        let mut loss = Loss::default();
        loss.add(f64::NAN, 0);
        loss.add(0.5, 2);
        loss.add(2.0, 1);
        assert_eq!(loss.value(), 1.0); // (2 * .5 + 2) / 3
    }

    #[test]
    fn a_nan_loss_shows() {
        let mut loss = Loss::default();
        loss.add(1.0, 4);
        loss.add(f64::NAN, 4);
        assert!(loss.value().is_nan());
    }
}
