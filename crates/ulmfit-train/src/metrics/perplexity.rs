//! Perplexity of a language model: the exponential of the mean loss per token.

use super::{Loss, Metric, Scores};

/// `exp` of the mean loss over all tokens.
///
/// The mean comes first: a mean of perplexities per batch would be larger, and would depend on the
/// batches.
///
/// ```
/// use ulmfit_train::metrics::{Metric, Perplexity, Scores};
///
/// let mut perplexity = Perplexity::default();
/// let uniform = 50_f64.ln(); // A model that finds 50 words equally likely.
/// let targets = &[3; 70];
/// perplexity.update(&Scores { probabilities: &[], targets, n_classes: 50, loss: uniform });
/// assert!((perplexity.value() - 50.0).abs() < 1e-9);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Perplexity {
    loss: Loss,
}

impl Metric for Perplexity {
    fn name(&self) -> &'static str {
        "perplexity"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        self.loss.update(batch);
    }

    fn value(&self) -> f64 {
        self.loss.value().exp()
    }

    fn reset(&mut self) {
        self.loss.reset();
    }

    fn higher_is_better(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_weigh_alike() {
        // Three tokens of loss ln 2 and one of ln 32: exp((3 ln 2 + 5 ln 2) / 4) = 2^2.
        let mut perplexity = Perplexity::default();
        for (targets, loss) in [(&[0; 3][..], 2_f64.ln()), (&[0; 1][..], 32_f64.ln())] {
            perplexity.update(&Scores {
                probabilities: &[],
                targets,
                n_classes: 9,
                loss,
            });
        }
        assert!((perplexity.value() - 4.0).abs() < 1e-12);
    }
}
