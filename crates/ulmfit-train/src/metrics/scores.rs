//! What a metric is given: one batch of predictions and truths, on the host.

use super::MetricError;

/// What a model said about a batch, and what was true.
///
/// A row is a document for a classifier and a token for a language model. [`Loss`](super::Loss) and
/// [`Perplexity`](super::Perplexity) read only `loss` and the number of targets, so a language
/// model may leave `probabilities` empty; the metrics that need probabilities then see no rows.
///
/// ```
/// use ulmfit_train::metrics::Scores;
///
/// let probabilities = &[0.9, 0.1, 0.2, 0.8];
/// let targets = &[0, 1];
/// let batch = Scores { probabilities, targets, n_classes: 2, loss: 0.16 };
/// assert!(batch.check().is_ok());
/// assert_eq!(batch.rows().last(), Some((&[0.2, 0.8][..], 1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores<'a> {
    /// Probabilities, row after row: `[rows, n_classes]`.
    pub probabilities: &'a [f32],
    /// The true class (or next token) of each row.
    pub targets: &'a [u32],
    /// Number of classes, the width of a row.
    pub n_classes: usize,
    /// Mean loss over the rows, in nats.
    pub loss: f64,
}

impl<'a> Scores<'a> {
    /// Returns the number of rows, which is the weight of the batch.
    pub fn n_rows(&self) -> usize {
        self.targets.len()
    }

    /// Returns each row's probabilities with its target; none where probabilities were left out.
    pub fn rows(&self) -> impl Iterator<Item = (&'a [f32], u32)> + use<'a> {
        let rows = self.probabilities.chunks_exact(self.n_classes.max(1));
        rows.zip(self.targets.iter().copied())
    }

    /// Tells whether the parts belong together. The metrics never panic on a batch that fails: they
    /// skip rows without probabilities and count a target that is no class as a miss.
    ///
    /// # Errors
    /// [`MetricError::Length`] for probabilities that are neither empty nor `rows * n_classes`
    /// long, [`MetricError::Target`] for a target that is no class.
    ///
    /// ```
    /// use ulmfit_train::metrics::Scores;
    ///
    /// let batch = Scores { probabilities: &[0.5, 0.5], targets: &[2], n_classes: 2, loss: 0.7 };
    /// let message = batch.check().unwrap_err().to_string();
    /// assert_eq!(message, "row 0 has target 2, but there are 2 classes");
    /// ```
    pub fn check(&self) -> Result<(), MetricError> {
        let expected = self.n_rows().saturating_mul(self.n_classes);
        let found = self.probabilities.len();
        if found != 0 && found != expected {
            return Err(MetricError::Length { expected, found });
        }
        // A regression has one output and no classes, so its targets are free.
        match self
            .targets
            .iter()
            .position(|&target| target as usize >= self.n_classes)
        {
            Some(row) if self.n_classes > 1 => {
                let target = self.targets[row];
                Err(MetricError::Target {
                    row,
                    target,
                    n_classes: self.n_classes,
                })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_probabilities_are_left_out() {
        let batch = Scores {
            probabilities: &[],
            targets: &[3, 1],
            n_classes: 5,
            loss: 1.0,
        };
        assert!(batch.check().is_ok());
        assert_eq!((batch.n_rows(), batch.rows().count()), (2, 0));
    }

    #[test]
    fn parts_that_do_not_belong_together_are_refused() {
        let half = [0.5_f32; 4];
        let check = |targets: &[u32], n_classes| {
            Scores {
                probabilities: &half,
                targets,
                n_classes,
                loss: 0.0,
            }
            .check()
        };
        let wrong_target = MetricError::Target {
            row: 1,
            target: 2,
            n_classes: 2,
        };
        assert_eq!(check(&[0, 2], 2), Err(wrong_target));
        let wrong_length = MetricError::Length {
            expected: 6,
            found: 4,
        };
        assert_eq!(check(&[0, 1, 0], 2), Err(wrong_length));
        assert_eq!(check(&[0, 1], 2), Ok(()));
        assert_eq!(check(&[9, 9, 9, 9], 1), Ok(()));
    }
}
