//! A straight line from one rate to another: fastai v2 `SchedLin` over the whole run.

use std::sync::Arc;

use super::shapes::{fraction, line};
use super::{Fields, Hyper, Schedule, ScheduleError, fields, require, require_momentum};
use serde::{Deserialize, Serialize};

/// Rate factor on a straight line from `start` to `end`.
///
/// | field | default | range | why change it |
/// |---|---|---|---|
/// | `start` | 1 | at least 0 | below 1 for a warm-up |
/// | `end` | 0 | at least 0 | above 0 to keep learning at the end |
/// | `momentum` | .9 | 0 to below 1 | v2's Adam; the line says nothing of it |
///
/// The sources give `SchedLin` no defaults; ours is the plain linear decay.
///
/// ```
/// use ulmfit_train::schedule::{Linear, Schedule};
///
/// assert_eq!(Linear::default().at(1, 4).rate, 0.75);
/// assert_eq!(Linear::new(0.5, 1.5).at(2, 4).rate, 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Linear {
    /// Factor on the peak rate at the first step.
    pub start: f64,
    /// Factor on the peak rate one step past the last.
    pub end: f64,
    /// Momentum, the same at every step.
    pub momentum: f64,
}

impl Default for Linear {
    fn default() -> Self {
        Self {
            start: 1.0,
            end: 0.0,
            momentum: 0.9,
        }
    }
}

impl Linear {
    /// Returns the line from `start` to `end`, factors on the peak rate, with momentum .9.
    #[must_use]
    pub fn new(start: f64, end: f64) -> Self {
        Self {
            start,
            end,
            ..Self::default()
        }
    }

    /// Sets the momentum.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }
}

impl Schedule for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn at(&self, step: usize, n_steps: usize) -> Hyper {
        let rate = line(self.start, self.end, fraction(step, n_steps));
        Hyper {
            rate,
            momentum: self.momentum,
        }
    }

    fn fields(&self) -> Option<Fields> {
        fields::of(self)
    }

    fn with_fields(&self, changed: Fields) -> Result<Arc<dyn Schedule>, ScheduleError> {
        fields::replaced(self, changed)
    }

    fn check(&self) -> Result<(), ScheduleError> {
        for (field, value) in [("start", self.start), ("end", self.end)] {
            let holds = value >= 0.0 && value.is_finite();
            require(
                holds,
                self.name(),
                field,
                value,
                "a finite number, 0 or above",
            )?;
        }
        require_momentum(self.name(), &[self.momentum])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_steps_of_decay_and_the_end() {
        let found: Vec<f64> = (0..6)
            .map(|step| Linear::default().at(step, 4).rate)
            .collect();
        assert_eq!(found, [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
    }

    #[test]
    fn a_negative_end_is_refused() {
        assert!(Linear::new(1.0, -0.1).check().is_err());
        assert!(Linear::new(f64::INFINITY, 0.0).check().is_err());
    }
}
