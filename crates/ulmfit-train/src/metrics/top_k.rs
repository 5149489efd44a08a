//! Share of rows whose true class is among the `k` most probable.

use super::{Metric, Scores, share};

/// Top-k accuracy, from 0 to 1; 5 by default, as fastai's `top_k_accuracy`.
///
/// Among equal probabilities the lower class ranks first, so `TopK::new(1)` equals
/// [`Accuracy`](super::Accuracy).
///
/// ```
/// use ulmfit_train::metrics::{Metric, Scores, TopK};
///
/// let mut top_2 = TopK::new(2);
/// let probabilities = &[0.5, 0.3, 0.2, 0.5, 0.3, 0.2];
/// let targets = &[1, 2];
/// let batch = Scores { probabilities, targets, n_classes: 3, loss: 1.4 };
/// top_2.update(&batch);
/// assert_eq!(top_2.value(), 0.5);
/// ```
#[derive(Clone, Debug)]
pub struct TopK {
    k: usize,
    n_hits: u64,
    n_rows: u64,
}

impl Default for TopK {
    fn default() -> Self {
        Self::new(5)
    }
}

impl TopK {
    /// Returns an empty metric that looks at the `k` most probable classes.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            n_hits: 0,
            n_rows: 0,
        }
    }
}

impl Metric for TopK {
    fn name(&self) -> &'static str {
        "top_k"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        for (row, target) in batch.rows() {
            let rank = rank(row, target as usize);
            self.n_hits += u64::from(rank.is_some_and(|rank| rank < self.k));
            self.n_rows += 1;
        }
    }

    fn value(&self) -> f64 {
        share(self.n_hits, self.n_rows)
    }

    fn reset(&mut self) {
        *self = Self::new(self.k);
    }
}

/// How many classes come before `target`; none if it is no class or its probability is NaN.
fn rank(row: &[f32], target: usize) -> Option<usize> {
    let own = row.get(target).copied().filter(|own| !own.is_nan())?;
    let before = |&(class, &p): &(usize, &f32)| p > own || (p == own && class < target);
    Some(row.iter().enumerate().filter(before).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_by_hand() {
        let row = [0.1, 0.4, 0.1, 0.4];
        assert_eq!(
            [0, 1, 2, 3].map(|target| rank(&row, target)),
            [2, 0, 3, 1].map(Some)
        );
        assert_eq!(rank(&row, 4), None);
        assert_eq!(rank(&[f32::NAN, 0.5], 0), None);
    }

    #[test]
    fn more_than_all_classes_always_hits() {
        let mut top_5 = TopK::default();
        let batch = Scores {
            probabilities: &[0.9, 0.1],
            targets: &[1],
            n_classes: 2,
            loss: 2.3,
        };
        top_5.update(&batch);
        assert_eq!(top_5.value(), 1.0);
    }

    #[test]
    fn k_survives_a_reset() {
        let mut top_2 = TopK::new(2);
        top_2.reset();
        top_2.update(&Scores {
            probabilities: &[0.5, 0.3, 0.2],
            targets: &[2],
            n_classes: 3,
            loss: 1.6,
        });
        assert_eq!(top_2.value(), 0.0);
    }
}
