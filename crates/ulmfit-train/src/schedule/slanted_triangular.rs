//! Slanted triangular learning rates: a short straight rise, a long straight fall.
//!
//! ULMFiT paper, section 3.2, equation 3: with `T` steps, `cut = floor(T * cut_frac)`, and `p`
//! rising from 0 to 1 over `cut` steps and falling back after them, the rate is `peak * (1 + p *
//! (ratio - 1)) / ratio`.

use super::shapes::ratio;
use super::{Hyper, ScheduleError, require, require_divisor, require_momentum};
use serde::{Deserialize, Serialize};

/// The schedule of the paper.
///
/// | field | default | range | why change it |
/// |---|---|---|---|
/// | `cut_frac` | .1 (paper) | above 0, to 1 | larger rises for longer |
/// | `ratio` | 32 (paper) | above 0 | how much smaller than the peak the lowest rate is |
/// | `momentum` | .7 (paper's Adam beta1) | 0 to below 1 | the paper's scripts train with .8 |
///
/// Deviation: where `T * cut_frac` is not whole, the formula runs below its lowest rate near the
/// end; we hold `p` at 0 there. A run too short for a cut (`T * cut_frac < 1`) rises for one step.
///
/// ```
/// use ulmfit_train::schedule::SlantedTriangular;
///
/// let schedule = SlantedTriangular::default();
/// assert_eq!(schedule.at(0, 100).rate, 1.0 / 32.0);
/// assert_eq!(schedule.at(10, 100).rate, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlantedTriangular {
    /// Share of the run that rises.
    pub cut_frac: f64,
    /// Peak rate divided by the lowest rate.
    pub ratio: f64,
    /// Momentum, the same at every step.
    pub momentum: f64,
}

impl Default for SlantedTriangular {
    fn default() -> Self {
        Self {
            cut_frac: 0.1,
            ratio: 32.0,
            momentum: 0.7,
        }
    }
}

impl SlantedTriangular {
    /// Sets the momentum.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Returns the rate factor and the momentum for `step`, from 0, of a run of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> Hyper {
        let step = step as f64;
        let cut = (n_steps as f64 * self.cut_frac).floor().max(1.0);
        let height = if step < cut {
            step / cut
        } else {
            1.0 - ratio(step - cut, cut * (1.0 / self.cut_frac - 1.0))
        };
        let height = height.clamp(0.0, 1.0);
        Hyper {
            rate: (1.0 + height * (self.ratio - 1.0)) / self.ratio,
            momentum: self.momentum,
        }
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let cuts = self.cut_frac > 0.0 && self.cut_frac <= 1.0;
        require(
            cuts,
            "slanted_triangular",
            "cut_frac",
            self.cut_frac,
            "above 0, at most 1",
        )?;
        require_divisor("slanted_triangular", "ratio", self.ratio)?;
        require_momentum("slanted_triangular", &[self.momentum])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_formula_over_100_steps() {
        // cut = 10, peak 1e-2. Step 1: p = .1, (1 + 3.1) / 32 = .128125. Step 50: p = 1 - 40/90 =
        // 5/9, (1 + 31 * 5/9) / 32 = .569444. Step 99: p = 1/90, (1 + 31/90) / 32 = .0420139.
        let expected = [
            (0, 3.125e-4),
            (1, 1.281_25e-3),
            (9, 9.031_25e-3),
            (10, 1e-2),
            (50, 5.694_444e-3),
            (99, 4.201_389e-4),
        ];
        for (step, rate) in expected {
            let found = 1e-2 * SlantedTriangular::default().at(step, 100).rate;
            assert!(
                (found - rate).abs() < 1e-9,
                "step {step}: {found} against {rate}"
            );
        }
    }

    #[test]
    fn never_below_the_lowest_rate() {
        // T = 19: cut = 1, so the fall takes 9 steps and the formula would be negative from step
        // 11.
        let schedule = SlantedTriangular::default();
        assert_eq!(schedule.at(10, 19).rate, 1.0 / 32.0);
        assert_eq!(schedule.at(18, 19).rate, 1.0 / 32.0);
    }

    #[test]
    fn the_extremes_of_the_cut_are_finite() {
        for cut_frac in [0.0, 1.0] {
            let schedule = SlantedTriangular {
                cut_frac,
                ..SlantedTriangular::default()
            };
            for step in 0..6 {
                assert!(
                    (1.0 / 32.0..=1.0).contains(&schedule.at(step, 5).rate),
                    "{step}"
                );
            }
        }
    }
}
