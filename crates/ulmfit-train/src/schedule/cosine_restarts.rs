//! Cosine annealing with warm restarts (SGDR).
//!
//! fastai v0.7 `cycle_len` / `cycle_mult` without `use_clr` (the paper's "cos" ablation), and
//! fastai v2 `fit_sgdr`. After Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm
//! restarts".

use super::shapes::cosine;
use super::{Hyper, ScheduleError, require, require_momentum, require_share};
use serde::{Deserialize, Serialize};

/// Cosine from the peak to 0, again and again; every cycle is `cycle_mult` times as long as the one
/// before.
///
/// The cycles fill the run: with 2 cycles and a factor of 2 the first takes a third of it.
///
/// | field | default | range | why change it |
/// |---|---|---|---|
/// | `n_cycles` | 1 | at least 1 | restarts |
/// | `cycle_mult` | 1 (v0.7), 2 (v2) | at least 1 | longer and longer cycles |
/// | `warmup` | .05 (v0.7), 0 (v2) | 0 to 1 | share of the *first* cycle spent at `warmup_rate` |
/// | `warmup_rate` | .01 (v0.7) | 0 to 1 | factor on the peak rate during it |
/// | `momentum` | .9 | 0 to below 1 | neither source fixes it: it is the optimizer's own |
///
/// ```
/// use ulmfit_train::schedule::CosineRestarts;
///
/// let schedule = CosineRestarts::fastai_v2(2); // 30 steps: 10, then 20
/// assert_eq!(schedule.at(0, 30).rate, 1.0);
/// assert!((schedule.at(5, 30).rate - 0.5).abs() < 1e-12);
/// assert_eq!(schedule.at(10, 30).rate, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CosineRestarts {
    /// Number of cycles in the run.
    pub n_cycles: usize,
    /// Length of a cycle divided by the length of the cycle before it.
    pub cycle_mult: usize,
    /// Share of the first cycle that trains at `warmup_rate`; the cosine goes on beneath it.
    pub warmup: f64,
    /// Factor on the peak rate during the warm-up.
    pub warmup_rate: f64,
    /// Momentum, the same at every step.
    pub momentum: f64,
}

impl Default for CosineRestarts {
    /// fastai v0.7: one cycle, whose first twentieth trains at a hundredth of the rate.
    fn default() -> Self {
        Self {
            n_cycles: 1,
            cycle_mult: 1,
            warmup: 0.05,
            warmup_rate: 0.01,
            momentum: 0.9,
        }
    }
}

impl CosineRestarts {
    /// Returns fastai v2's `fit_sgdr(n_cycles, ..)`: no warm-up, every cycle twice as long as the
    /// last.
    ///
    /// ```
    /// use ulmfit_train::schedule::CosineRestarts;
    ///
    /// assert_eq!(CosineRestarts::fastai_v2(1).at(0, 100).rate, 1.0);
    /// ```
    #[must_use]
    pub fn fastai_v2(n_cycles: usize) -> Self {
        Self {
            n_cycles,
            cycle_mult: 2,
            warmup: 0.0,
            ..Self::default()
        }
    }

    /// Sets the number of cycles in the run.
    #[must_use]
    pub fn with_n_cycles(self, n_cycles: usize) -> Self {
        Self { n_cycles, ..self }
    }

    /// Sets how many times longer each cycle is than the one before.
    #[must_use]
    pub fn with_cycle_mult(self, cycle_mult: usize) -> Self {
        Self { cycle_mult, ..self }
    }

    /// Sets the momentum.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Number of the cycle that holds `step`, and the position in it, from 0 to below 1.
    fn place(&self, step: usize, n_steps: usize) -> (usize, f64) {
        let n_steps = n_steps.max(1) as u128;
        let step = (step as u128).min(n_steps - 1);
        let n_cycles = self.n_cycles.max(1);
        if self.cycle_mult <= 1 {
            let place = step * n_cycles as u128;
            let position = (place % n_steps) as f64 / n_steps as f64;
            return ((place / n_steps) as usize, position);
        }
        // Lengths in units of the first cycle. They stop growing at 2^64, where the first cycles
        // are shorter than a step anyway; whole numbers keep a restart from slipping by a step.
        let lengths = || {
            let mult = self.cycle_mult as u64;
            let grow = move |&length: &u64| length.checked_mul(mult);
            std::iter::successors(Some(1_u64), grow).take(n_cycles)
        };
        let units = lengths().fold(0_u64, u64::saturating_add);
        let place = step * u128::from(units); // In n_steps-ths of a unit.
        let mut start = 0_u128;
        for (cycle, length) in lengths().enumerate() {
            let span = n_steps * u128::from(length);
            if place < start.saturating_add(span) {
                return (cycle, (place - start) as f64 / span as f64);
            }
            start = start.saturating_add(span);
        }
        (n_cycles - 1, 1.0)
    }
}

impl CosineRestarts {
    /// Returns the rate factor and the momentum for `step`, from 0, of a run of `n_steps`.
    pub fn at(&self, step: usize, n_steps: usize) -> Hyper {
        let (cycle, position) = self.place(step, n_steps);
        let warming = cycle == 0 && position < self.warmup;
        let rate = if warming {
            self.warmup_rate
        } else {
            cosine(1.0, 0.0, position)
        };
        Hyper {
            rate,
            momentum: self.momentum,
        }
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let at_least_one = |field, value: usize| {
            require(
                value >= 1,
                "cosine_restarts",
                field,
                value as f64,
                "at least 1",
            )
        };
        at_least_one("n_cycles", self.n_cycles)?;
        at_least_one("cycle_mult", self.cycle_mult)?;
        require_share("cosine_restarts", "warmup", self.warmup)?;
        require_share("cosine_restarts", "warmup_rate", self.warmup_rate)?;
        require_momentum("cosine_restarts", &[self.momentum])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_twentieth_warms_up() {
        // 40 steps: steps 0 and 1 lie below 40/20 = 2; step 2 is (1 + cos(2 pi / 40)) / 2 =
        // .993844.
        let found: Vec<f64> = (0..3)
            .map(|s| CosineRestarts::default().at(s, 40).rate)
            .collect();
        assert_eq!(found[..2], [0.01, 0.01]);
        assert!((found[2] - 0.993_844).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn only_the_first_cycle_warms_up() {
        let schedule = CosineRestarts::default().with_n_cycles(2);
        assert_eq!(schedule.at(0, 80).rate, 0.01);
        assert_eq!(schedule.at(40, 80).rate, 1.0);
    }

    #[test]
    fn cycles_grow_by_the_factor() {
        // 3 cycles times 2 over 70 steps: 10, 20, 40, so restarts at 0, 10 and 30.
        let schedule = CosineRestarts::fastai_v2(3);
        let restarts: Vec<_> = (0..70)
            .filter(|&s| schedule.at(s, 70).rate == 1.0)
            .collect();
        assert_eq!(restarts, [0, 10, 30]);
        assert!((schedule.at(50, 70).rate - 0.5).abs() < 1e-12);
    }

    #[test]
    fn absurd_numbers_stay_finite() {
        for (n_cycles, cycle_mult) in [(usize::MAX, 1), (usize::MAX, 2), (9, usize::MAX), (0, 0)] {
            let schedule = CosineRestarts {
                n_cycles,
                cycle_mult,
                ..CosineRestarts::fastai_v2(1)
            };
            for step in [0, 1, 49, 50, usize::MAX] {
                let rate = schedule.at(step, 50).rate;
                assert!(
                    (0.0..=1.0).contains(&rate),
                    "{n_cycles} x {cycle_mult}: {rate}"
                );
            }
            assert!(schedule.at(usize::MAX, usize::MAX).rate.is_finite());
        }
    }
}
