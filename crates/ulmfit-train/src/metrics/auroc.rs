//! Area under the ROC curve of one class against the rest.

use super::{Metric, Scores};

/// The probability that a row of the positive class scores higher than one of another, ties
/// counting half.
///
/// Computed from ranks (Mann and Whitney): with `n` positive rows whose ranks sum to `R` and `m`
/// others, `(R - n (n + 1) / 2) / (n m)`; tied scores share the mean of their ranks. From 0 to 1,
/// .5 is chance; NaN as long as one side has no rows, or when a score is NaN. It keeps every row's
/// score: 8 bytes a row.
///
/// ```
/// use ulmfit_train::metrics::{Auroc, Metric, Scores};
///
/// let mut auroc = Auroc::default();
/// let probabilities = &[0.9, 0.1, 0.6, 0.4, 0.65, 0.35, 0.2, 0.8];
/// let targets = &[0, 0, 1, 1];
/// let batch = Scores { probabilities, targets, n_classes: 2, loss: 0.5 };
/// auroc.update(&batch);
/// assert_eq!(auroc.value(), 0.75); // Of four pairs only (.4, .35) is in the wrong order.
/// ```
#[derive(Clone, Debug)]
pub struct Auroc {
    positive: usize,
    rows: Vec<(f32, bool)>,
}

impl Default for Auroc {
    /// Class 1 against class 0, as for the labels of a binary task.
    fn default() -> Self {
        Self::new(1)
    }
}

impl Auroc {
    /// Returns an empty metric that tells class `positive` from all others.
    pub fn new(positive: usize) -> Self {
        Self {
            positive,
            rows: Vec::new(),
        }
    }

    /// Takes in one row, for models whose score is no probability.
    pub fn add(&mut self, score: f32, is_positive: bool) {
        self.rows.push((score, is_positive));
    }
}

impl Metric for Auroc {
    fn name(&self) -> &'static str {
        "auroc"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        for (row, target) in batch.rows() {
            // A sigmoid output has one column, the probability of the positive class.
            let score = if row.len() == 1 {
                row.first()
            } else {
                row.get(self.positive)
            };
            if let Some(&score) = score {
                self.add(score, target as usize == self.positive);
            }
        }
    }

    fn value(&self) -> f64 {
        let n_rows = self.rows.len();
        let n_positive = self.rows.iter().filter(|(_, positive)| *positive).count();
        if n_positive == 0 || n_positive == n_rows || self.rows.iter().any(|row| row.0.is_nan()) {
            return f64::NAN;
        }
        let mut sorted = self.rows.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut n_before = 0;
        let mut rank_sum = 0.0;
        // By `==` and not by bits, so that 0 and -0 tie.
        for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
            let mean_rank = n_before as f64 + (tied.len() + 1) as f64 / 2.0;
            rank_sum += mean_rank * tied.iter().filter(|(_, positive)| *positive).count() as f64;
            n_before += tied.len();
        }
        let (n, m) = (n_positive as f64, (n_rows - n_positive) as f64);
        (rank_sum - n * (n + 1.0) / 2.0) / (n * m)
    }

    fn reset(&mut self) {
        self.rows.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auroc(rows: &[(f32, bool)]) -> f64 {
        let mut auroc = Auroc::default();
        rows.iter()
            .for_each(|&(score, positive)| auroc.add(score, positive));
        auroc.value()
    }

    #[test]
    fn by_ranks() {
        // Ranks of .1 .35 .4 .8 are 1 to 4; positives .35 and .8 sum to 6: (6 - 3) / 4 = .75.
        assert_eq!(
            auroc(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)]),
            0.75
        );
        assert_eq!(auroc(&[(0.1, false), (0.2, true)]), 1.0);
        assert_eq!(auroc(&[(0.1, true), (0.2, false)]), 0.0);
    }

    #[test]
    fn ties_count_half() {
        assert_eq!(auroc(&[(0.5, true), (0.5, false), (0.5, false)]), 0.5);
        // Ranks: .2 is 1, the three .5 share (2 + 3 + 4) / 3 = 3, .9 is 5. Positives .5, .5, .9 sum
        // to 11: (11 - 6) / (3 * 2) = 5/6. By pairs: .2 loses to all three (3), .5 loses to .9 and
        // ties twice (2).
        let rows = [
            (0.2, false),
            (0.5, true),
            (0.5, false),
            (0.5, true),
            (0.9, true),
        ];
        assert!((auroc(&rows) - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(auroc(&[(0.0, true), (-0.0, false)]), 0.5);
    }

    #[test]
    fn no_value_without_both_sides() {
        assert!(auroc(&[(0.3, true), (0.4, true)]).is_nan());
        assert!(auroc(&[(0.3, false)]).is_nan());
        assert!(auroc(&[(0.3, false), (f32::NAN, true)]).is_nan());
    }

    #[test]
    fn one_column_is_the_positive_class() {
        let mut auroc = Auroc::default();
        let batch = Scores {
            probabilities: &[0.2, 0.7],
            targets: &[0, 1],
            n_classes: 1,
            loss: 0.3,
        };
        auroc.update(&batch);
        assert_eq!(auroc.value(), 1.0);
    }
}
