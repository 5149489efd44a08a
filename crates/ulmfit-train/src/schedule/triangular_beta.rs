//! A symmetric triangle and a last stretch far below it: `use_clr_beta` of fastai v0.7.
//!
//! The form in which fastai first had one-cycle, written `use_clr_beta=(div, pct[, high, low])`.

use std::sync::Arc;

use super::shapes::{line, place_in_cycle};
use super::{
    Fields, Hyper, Schedule, ScheduleError, fields, require, require_divisor, require_momentum,
};
use serde::{Deserialize, Serialize};

/// One-cycle with straight lines, as in fastai v0.7.
///
/// With `nb` steps and `half = floor(nb * (1 - pct/100) / 2)`: up from peak / `div` to the peak
/// over `half` steps, down again over `half`, then from peak / `div` to a hundredth of that over
/// the rest. Momentum falls, rises and stays high.
///
/// | field | default | range | why change it |
/// |---|---|---|---|
/// | `div` | 10 (v0.7) | above 0 | how far below the peak the triangle starts |
/// | `pct` | 10 (v0.7) | 0 to 100 | per cent of the run spent in the last stretch |
/// | `momentum` | .9, .9 | 0 to below 1 | v0.7 leaves the optimizer's own unless a pair is given |
///
/// Deviation: a run too short for a half of one step divides by zero in v0.7; ours begins with the
/// last stretch. In v0.7 the momentum runs one step ahead of the rate; here both belong to the same
/// step.
///
/// ```
/// use ulmfit_train::schedule::{Schedule, TriangularBeta};
///
/// let schedule = TriangularBeta::default();
/// assert_eq!(schedule.at(45, 100).rate, 1.0);
/// assert!(schedule.at(99, 100).rate < 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TriangularBeta {
    /// The triangle starts and ends at the peak rate divided by this.
    pub div: f64,
    /// Per cent of the run in the last stretch.
    pub pct: f64,
    /// Momentum at the lowest rate of the triangle and at the peak rate.
    pub momentum: [f64; 2],
}

impl Default for TriangularBeta {
    fn default() -> Self {
        Self {
            div: 10.0,
            pct: 10.0,
            momentum: [0.9, 0.9],
        }
    }
}

impl TriangularBeta {
    /// Returns v0.7's `use_clr_beta=(div, pct)`, with constant momentum.
    ///
    /// ```
    /// use ulmfit_train::schedule::{Schedule, TriangularBeta};
    ///
    /// assert_eq!(TriangularBeta::new(20.0, 0.0).at(0, 10).rate, 0.05);
    /// ```
    #[must_use]
    pub fn new(div: f64, pct: f64) -> Self {
        Self {
            div,
            pct,
            ..Self::default()
        }
    }

    /// Sets the momentum at the lowest rate and at the peak rate.
    #[must_use]
    pub fn with_momentum(self, momentum: [f64; 2]) -> Self {
        Self { momentum, ..self }
    }
}

impl Schedule for TriangularBeta {
    fn name(&self) -> &'static str {
        "triangular_beta"
    }

    fn at(&self, step: usize, n_steps: usize) -> Hyper {
        let (step, n_steps) = place_in_cycle(step, n_steps, 1);
        // The clamp keeps `2 * half <= n_steps` for any field, so the subtractions below cannot
        // wrap.
        let share = (1.0 - self.pct / 100.0).clamp(0.0, 1.0);
        let half = (n_steps as f64 * share / 2.0) as usize;
        let half = half.min(n_steps / 2);
        let [high, low] = self.momentum;
        if half == 0 || step > 2 * half {
            let position = (step - 2 * half) as f64 / (n_steps - 2 * half) as f64;
            let rate = line(1.0, 0.01, position) / self.div;
            return Hyper {
                rate,
                momentum: high,
            };
        }
        let height = if step > half {
            1.0 - (step - half) as f64 / half as f64
        } else {
            step as f64 / half as f64
        };
        Hyper {
            rate: line(1.0 / self.div, 1.0, height),
            momentum: line(high, low, height),
        }
    }

    fn fields(&self) -> Option<Fields> {
        fields::of(self)
    }

    fn with_fields(&self, changed: Fields) -> Result<Arc<dyn Schedule>, ScheduleError> {
        fields::replaced(self, changed)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        let in_range = (0.0..=100.0).contains(&self.pct);
        require_divisor(self.name(), "div", self.div)?;
        require(in_range, self.name(), "pct", self.pct, "0 to 100")?;
        require_momentum(self.name(), &self.momentum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_steps_by_hand() {
        // div 10, pct 20: half = floor(10 * .8 / 2) = 4. Up .1 + .9 k/4, down the same, then step 9
        // is half of the last two steps: (1 - .99 / 2) / 10 = .0505.
        let expected = [
            0.1, 0.325, 0.55, 0.775, 1.0, 0.775, 0.55, 0.325, 0.1, 0.0505,
        ];
        for (step, rate) in expected.into_iter().enumerate() {
            let found = TriangularBeta::new(10.0, 20.0).at(step, 10).rate;
            assert!(
                (found - rate).abs() < 1e-12,
                "step {step}: {found} against {rate}"
            );
        }
    }

    #[test]
    fn momentum_mirrors_and_then_stays_high() {
        let schedule = TriangularBeta::new(10.0, 20.0).with_momentum([0.95, 0.85]);
        for (step, momentum) in [
            (0, 0.95),
            (2, 0.9),
            (4, 0.85),
            (6, 0.9),
            (8, 0.95),
            (9, 0.95),
        ] {
            let found = schedule.at(step, 10).momentum;
            assert!((found - momentum).abs() < 1e-12, "step {step}: {found}");
        }
    }

    #[test]
    fn the_extremes_are_finite() {
        for pct in [-50.0, 0.0, 100.0, 400.0, f64::NAN] {
            for step in 0..8 {
                let rate = TriangularBeta::new(10.0, pct).at(step, 7).rate;
                assert!(rate > 0.0 && rate <= 1.0, "pct {pct}, step {step}: {rate}");
            }
        }
        assert!(TriangularBeta::new(10.0, 101.0).check().is_err());
    }
}
