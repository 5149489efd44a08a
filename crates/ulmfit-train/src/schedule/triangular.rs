//! Triangles with the peak at a whole step, one per cycle: `use_clr` of fastai v0.7.
//!
//! The paper's scripts and its IMDb notebook write `use_clr=(div, cut_div)`: (32, 10) for language
//! models, (20, 10), (8, 3) and (8, 8) for classifiers, (32, 2) for the symmetric form.

use super::shapes::{line, place_in_cycle};
use super::{Hyper, ScheduleError, require, require_divisor, require_momentum};
use serde::{Deserialize, Serialize};

/// Triangular schedule of fastai v0.7.
///
/// With `nb` steps in a cycle the rate rises for `floor(nb / cut_div)` steps from peak / `div` to
/// the peak and falls for the rest; momentum moves the other way.
///
/// | field | default | range | why change it |
/// |---|---|---|---|
/// | `div` | 4 (v0.7) | above 0 | 32 as in the paper, 20 or 8 for gentler starts |
/// | `cut_div` | 8 (v0.7) | at least 1 | 10 as in the paper, 2 for a symmetric triangle |
/// | `n_cycles` | 1 | at least 1 | restarts, v0.7's second argument of `fit` |
/// | `momentum` | .9, .9 | 0 to below 1 | v0.7 leaves the optimizer's own unless a pair is given |
///
/// Deviation: with fewer than `cut_div` steps v0.7 divides by zero; we rise for one step. In v0.7
/// the momentum runs one step ahead of the rate, because both read a counter that the rate has
/// already moved; here both belong to the same step.
///
/// ```
/// use ulmfit_train::schedule::Triangular;
///
/// let schedule = Triangular::new(32.0, 10).with_momentum([0.8, 0.7]);
/// assert_eq!(schedule.at(0, 100).rate, 1.0 / 32.0);
/// assert_eq!(schedule.at(10, 100).rate, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Triangular {
    /// A cycle starts and ends at the peak rate divided by this.
    pub div: f64,
    /// The rise takes one `cut_div`-th of a cycle.
    pub cut_div: usize,
    /// Number of triangles in the run; cycles differ by at most one step where they do not divide
    /// it.
    pub n_cycles: usize,
    /// Momentum at the lowest rate and at the peak rate.
    pub momentum: [f64; 2],
}

impl Default for Triangular {
    fn default() -> Self {
        Self {
            div: 4.0,
            cut_div: 8,
            n_cycles: 1,
            momentum: [0.9, 0.9],
        }
    }
}

impl Triangular {
    /// Returns v0.7's `use_clr=(div, cut_div)`: one triangle, constant momentum.
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

    /// Sets the number of triangles in the run.
    #[must_use]
    pub fn with_n_cycles(self, n_cycles: usize) -> Self {
        Self { n_cycles, ..self }
    }

    /// Sets the momentum at the lowest and at the peak rate.
    #[must_use]
    pub fn with_momentum(self, momentum: [f64; 2]) -> Self {
        Self { momentum, ..self }
    }
}

impl Triangular {
    /// Returns the rate factor and the momentum for `step`, from 0, of a run of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> Hyper {
        let (index, n_in_cycle) = place_in_cycle(step, n_steps, self.n_cycles);
        let cut = (n_in_cycle / self.cut_div.max(1)).max(1);
        let height = if index > cut {
            1.0 - (index - cut) as f64 / (n_in_cycle - cut) as f64
        } else {
            index as f64 / cut as f64
        };
        let [high, low] = self.momentum;
        Hyper {
            rate: line(1.0 / self.div, 1.0, height),
            momentum: line(high, low, height),
        }
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let at_least_one = |field, value: usize| {
            require(value >= 1, "triangular", field, value as f64, "at least 1")
        };
        require_divisor("triangular", "div", self.div)?;
        at_least_one("cut_div", self.cut_div)?;
        at_least_one("n_cycles", self.n_cycles)?;
        require_momentum("triangular", &self.momentum)
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
    fn momentum_mirrors_the_rate() {
        let schedule = Triangular::new(4.0, 4).with_momentum([0.8, 0.7]);
        let found: Vec<f64> = (0..4).map(|step| schedule.at(step, 8).momentum).collect();
        // .8 - .1 * height for heights 0, 1/2, 1, 5/6.
        for (a, b) in found.iter().zip([0.8, 0.75, 0.7, 0.8 - 0.1 * 5.0 / 6.0]) {
            assert!((a - b).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn cycles_restart() {
        let (one, two) = (
            Triangular::new(8.0, 3),
            Triangular::new(8.0, 3).with_n_cycles(2),
        );
        for step in 0..24 {
            assert_eq!(two.at(step, 24), one.at(step % 12, 12));
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
