//! A triangle with the peak at a whole step: `use_clr` of fastai v0.7.
//!
//! The paper's scripts and its IMDb notebook write `use_clr=(div, cut_div)`: (32, 10) for language
//! models, (20, 10), (8, 3) and (8, 8) for classifiers, (32, 2) for the symmetric form.

use super::shapes::line;
use super::{Hyper, ScheduleError, require, require_divisor, require_momentum};
use serde::{Deserialize, Serialize};

/// Triangular schedule of fastai v0.7.
///
/// In a run of `nb` steps the rate rises for `floor(nb / cut_div)` steps from peak / `div` to the peak and falls for the
/// rest.
///
/// | field | default | range | why change it |
/// |---|---|---|---|
/// | `div` | 4 (v0.7) | above 0 | 32 as in the paper, 20 or 8 for gentler starts |
/// | `cut_div` | 8 (v0.7) | at least 1 | 10 as in the paper, 2 for a symmetric triangle |
/// | `momentum` | .9 | 0 to below 1 | Adam's beta1: .7 or .8 in the scripts |
///
/// Deviation: with fewer than `cut_div` steps v0.7 divides by zero; we rise for one step.
///
/// ```
/// use ulmfit_train::schedule::Triangular;
///
/// let schedule = Triangular::new(32.0, 10).with_momentum(0.8);
/// assert_eq!(schedule.at(0, 100).rate, 1.0 / 32.0);
/// assert_eq!(schedule.at(10, 100).rate, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Triangular {
    /// The run starts and ends at the peak rate divided by this.
    pub div: f64,
    /// The rise takes one `cut_div`-th of the run.
    pub cut_div: usize,
    /// Momentum, the same at every step.
    pub momentum: f64,
}

impl Default for Triangular {
    fn default() -> Self {
        Self {
            div: 4.0,
            cut_div: 8,
            momentum: 0.9,
        }
    }
}

impl Triangular {
    /// Returns v0.7's `use_clr=(div, cut_div)`.
    ///
    /// ```
    /// use ulmfit_train::schedule::Triangular;
    ///
    /// assert_eq!(Triangular::new(8.0, 3).at(3, 9).rate, 1.0);
    /// ```
    #[must_use]
    pub fn new(div: f64, cut_div: usize) -> Self {
        Self {
            div,
            cut_div,
            ..Self::default()
        }
    }

    /// Sets the momentum.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Returns the rate factor and the momentum for `step`, from 0, of a run of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> Hyper {
        let n_steps = n_steps.max(1);
        let step = step.min(n_steps - 1);
        let cut = (n_steps / self.cut_div.max(1)).max(1);
        let height = if step > cut {
            1.0 - (step - cut) as f64 / (n_steps - cut) as f64
        } else {
            step as f64 / cut as f64
        };
        Hyper {
            rate: line(1.0 / self.div, 1.0, height),
            momentum: self.momentum,
        }
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let name = "triangular";
        require_divisor(name, "div", self.div)?;
        let value = self.cut_div as f64;
        require(self.cut_div >= 1, name, "cut_div", value, "at least 1")?;
        require_momentum(name, &[self.momentum])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::SlantedTriangular;

    #[test]
    fn div_4_cut_div_4_over_8_steps() {
        // cut = 2. Heights 0, 1/2, 1, then 1 - k/6: 5/6, 4/6, 3/6, 2/6, 1/6; rate = 1/4 + 3/4 of
        // the height.
        let expected = [0.25, 0.625, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375];
        for (step, rate) in expected.into_iter().enumerate() {
            let found = Triangular::new(4.0, 4).at(step, 8).rate;
            assert!((found - rate).abs() < 1e-12, "step {step}: {found}");
        }
    }

    #[test]
    fn equals_the_paper_where_the_cut_is_whole() {
        let (clr, paper) = (Triangular::new(32.0, 10), SlantedTriangular::default());
        for n_steps in [10, 100, 250] {
            for step in 0..n_steps {
                let (a, b) = (clr.at(step, n_steps).rate, paper.at(step, n_steps).rate);
                assert!((a - b).abs() < 1e-12, "{step}/{n_steps}: {a} against {b}");
            }
        }
    }

    #[test]
    fn a_run_shorter_than_cut_div_rises_for_one_step() {
        // 3 steps, cut 1: heights 0, 1, 1 - 1/2.
        let found: Vec<f64> = (0..3)
            .map(|step| Triangular::new(4.0, 8).at(step, 3).rate)
            .collect();
        assert_eq!(found, [0.25, 1.0, 0.625]);
        assert!(Triangular::new(4.0, 0).at(1, 3).rate.is_finite());
        assert!(Triangular::new(4.0, 0).check().is_err());
    }
}
