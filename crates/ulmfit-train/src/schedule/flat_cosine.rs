//! Flat, then a cosine down: fastai v2 `fit_flat_cos`; with a warm-up, what language models are now trained with.

use super::shapes::{cosine, fraction, ratio};
use super::{Hyper, ScheduleError, require_divisor, require_momentum, require_share};
use serde::{Deserialize, Serialize};

/// The peak rate for most of the run, then a cosine to almost nothing; before it a linear warm-up if asked for.
///
/// | field | default | range | why change it |
/// |---|---|---|---|
/// | `pct_warm` | 0 (v2) | 0 to `pct_start` | share of the run in which the rate rises to the peak |
/// | `pct_start` | .75 (v2) | 0 to 1 | share of the run before the cosine begins |
/// | `div_final` | 1e5 (v2) | above 0 | the run ends at the peak rate divided by this |
/// | `momentum` | .9 (v2's Adam) | 0 to below 1 | the source leaves the optimizer's own |
///
/// ```
/// use ulmfit_train::schedule::FlatCosine;
///
/// let schedule = FlatCosine::default();
/// assert_eq!(schedule.at(74, 100).rate, 1.0);
/// assert!(schedule.at(99, 100).rate < 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlatCosine {
    /// Share of the run in which the rate rises to the peak.
    pub pct_warm: f64,
    /// Share of the run before the cosine begins.
    pub pct_start: f64,
    /// The run ends at the peak rate divided by this.
    pub div_final: f64,
    /// Momentum, the same at every step.
    pub momentum: f64,
}

impl Default for FlatCosine {
    fn default() -> Self {
        Self {
            pct_warm: 0.0,
            pct_start: 0.75,
            div_final: 1e5,
            momentum: 0.9,
        }
    }
}

impl FlatCosine {
    /// Sets the share of the run in which the rate rises to the peak.
    #[must_use]
    pub fn with_pct_warm(self, pct_warm: f64) -> Self {
        Self { pct_warm, ..self }
    }

    /// Sets the share of the run before the cosine begins.
    #[must_use]
    pub fn with_pct_start(self, pct_start: f64) -> Self {
        Self { pct_start, ..self }
    }

    /// Sets the divisor of the last rate.
    #[must_use]
    pub fn with_div_final(self, div_final: f64) -> Self {
        Self { div_final, ..self }
    }

    /// Sets the momentum.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }
}

impl FlatCosine {
    /// Returns the rate factor and the momentum for `step`, from 0, of a run of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> Hyper {
        let done = fraction(step, n_steps);
        let rate = if done < self.pct_warm {
            // The first step already moves: at the end of it, one step's share of the warm-up is done.
            ((step + 1) as f64 / (self.pct_warm * n_steps as f64)).min(1.0)
        } else if done < self.pct_start {
            1.0
        } else {
            let position = ratio(done - self.pct_start, 1.0 - self.pct_start);
            cosine(1.0, 1.0 / self.div_final, position)
        };
        Hyper {
            rate,
            momentum: self.momentum,
        }
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        require_share("flat_cosine", "pct_warm", self.pct_warm)?;
        require_share("flat_cosine", "pct_start", self.pct_start)?;
        require_divisor("flat_cosine", "div_final", self.div_final)?;
        require_momentum("flat_cosine", &[self.momentum])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_steps_half_flat() {
        // pct .5, end 0.1: positions 0, 1/4, 1/2, 3/4 of the way down: 1 - .9 * (1 - cos(pi p)) /
        // 2.
        let schedule = FlatCosine::default()
            .with_pct_start(0.5)
            .with_div_final(10.0);
        let expected = [1.0, 1.0, 1.0, 1.0, 1.0, 0.868_198, 0.55, 0.231_802];
        for (step, rate) in expected.into_iter().enumerate() {
            let found = schedule.at(step, 8).rate;
            assert!(
                (found - rate).abs() < 1e-6,
                "step {step}: {found} against {rate}"
            );
        }
    }

    #[test]
    fn the_warm_up_rises_in_equal_steps_to_the_peak() {
        let schedule = FlatCosine::default().with_pct_warm(0.5);
        let rates: Vec<f64> = (0..6).map(|step| schedule.at(step, 8).rate).collect();
        assert_eq!(rates, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn all_flat_and_all_cosine() {
        assert_eq!(FlatCosine::default().with_pct_start(1.0).at(7, 8).rate, 1.0);
        let rate = FlatCosine::default().with_pct_start(0.0).at(4, 8).rate;
        assert!((rate - (1.0 + 1e-5) / 2.0).abs() < 1e-12, "{rate}");
    }
}
