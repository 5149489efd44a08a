//! How many time steps each batch of a language model's stream has.

use crate::random::{Purpose, generator, uniform};
use serde::{Deserialize, Serialize};

/// How long the batches of a language model's stream are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lengths {
    /// Each `seq_len` steps but for the last: fastai v1 and v2.
    #[default]
    Fixed,
    /// Random ones, so that documents are cut elsewhere in each epoch (Merity et al. 2017, section 5): `seq_len` steps
    /// in expectation with probability 0.95, else half of it, with standard deviation 5 and a minimum of 5. A batch's
    /// [`rate_scale`](crate::LmBatch::rate_scale) is its share of `seq_len`, by which the published code scales the
    /// learning rate of that step.
    ///
    /// Deviation: the normal variate is a sum of twelve uniform ones, which has the same mean and variance, ends at six
    /// standard deviations, and is the same number on every machine; logarithms are not.
    Awd,
}

/// One batch's extent along the stream's rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) from: usize,
    pub(crate) len: usize,
    pub(crate) rate_scale: f64,
}

/// The steps of one epoch: they cover `0..row_len` without gap or overlap.
pub(crate) fn steps(
    lengths: Lengths,
    row_len: usize,
    seq_len: usize,
    seed: u64,
    epoch: u64,
) -> Vec<Step> {
    let mut rng = generator(seed, Purpose::Lengths, epoch);
    let mut steps = Vec::with_capacity(row_len / seq_len + 1);
    let mut from = 0;
    while from < row_len {
        // The published code scales by the length it drew, even where the end of the data cuts the batch short.
        let (drawn, rate_scale) = match lengths {
            Lengths::Fixed => (seq_len, 1.0),
            Lengths::Awd => {
                let mean = if uniform(&mut rng) < 0.95 {
                    seq_len as f64
                } else {
                    seq_len as f64 / 2.0
                };
                let normal = (0..12).map(|_| uniform(&mut rng)).sum::<f64>() - 6.0;
                let drawn = ((mean + 5.0 * normal) as usize).max(5);
                (drawn, drawn as f64 / seq_len as f64)
            }
        };
        let len = drawn.min(row_len - from);
        steps.push(Step {
            from,
            len,
            rate_scale,
        });
        from += len;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_steps_end_in_a_short_one() {
        let lens: Vec<_> = steps(Lengths::Fixed, 10, 4, 0, 0)
            .iter()
            .map(|s| (s.from, s.len, s.rate_scale))
            .collect();
        assert_eq!(lens, [(0, 4, 1.0), (4, 4, 1.0), (8, 2, 1.0)]);
        assert_eq!(steps(Lengths::Fixed, 0, 4, 0, 0), []);
    }

    #[test]
    fn random_steps_have_the_published_distribution() {
        let steps = steps(Lengths::Awd, 2_000_000, 70, 0, 0);
        let whole = &steps[..steps.len() - 1]; // The end of the data may cut the last one.
        let half = whole.iter().filter(|s| s.len < 53).count() as f64 / whole.len() as f64;
        assert!((half - 0.05).abs() < 0.01, "{half}");
        let near: Vec<f64> = whole
            .iter()
            .filter(|s| s.len >= 53)
            .map(|s| s.len as f64)
            .collect();
        let mean = near.iter().sum::<f64>() / near.len() as f64;
        let deviation =
            (near.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / near.len() as f64).sqrt();
        assert!((mean - 69.5).abs() < 0.2, "{mean}"); // 70 less a half, because lengths are cut to whole numbers.
        assert!((deviation - 5.0).abs() < 0.2, "{deviation}");
        assert!(
            whole
                .iter()
                .all(|s| s.len >= 5 && s.rate_scale == s.len as f64 / 70.0)
        );
        assert_eq!(steps.iter().map(|s| s.len).sum::<usize>(), 2_000_000);
    }
}
