//! Lower rates where a stage no longer improves.

use super::monitor::Best;
use super::{Decision, EpochEnd, Monitor, Observer, StageStart};
use crate::error::Result;

/// Divides the rates of the rest of a stage by `factor` when `patience` epochs in a row were no better than the best.
///
/// | field | default | source |
/// |---|---|---|
/// | `monitor` | validation loss | fastai v2 |
/// | `patience` | 1 | fastai v2 |
/// | `min_delta` | 0 | fastai v2 |
/// | `factor` | 10 | fastai v2 |
/// | `min_rate` | 0 | fastai v2 |
///
/// Deviation: fastai writes the rate itself, which a schedule overwrites at the next batch; here the schedule goes on,
/// scaled. The floor is that of the last group's peak rate.
///
/// ```
/// use ulmfit_train::observe::ReduceOnPlateau;
///
/// let observer = ReduceOnPlateau::default().with_patience(2);
/// assert_eq!(observer.factor, 10.0);
/// ```
#[derive(Clone, Debug)]
pub struct ReduceOnPlateau {
    /// What is compared.
    pub monitor: Monitor,
    /// How many epochs may pass without improvement.
    pub patience: usize,
    /// By how much an epoch must be better to count.
    pub min_delta: f64,
    /// What the rates are divided by; above 1.
    pub factor: f64,
    /// The peak rate of the last group does not fall below this.
    pub min_rate: f64,
    best: Best,
}

impl Default for ReduceOnPlateau {
    fn default() -> Self {
        Self {
            monitor: Monitor::ValidLoss,
            patience: 1,
            min_delta: 0.0,
            factor: 10.0,
            min_rate: 0.0,
            best: Best::default(),
        }
    }
}

impl ReduceOnPlateau {
    /// With another number to compare.
    #[must_use]
    pub fn with_monitor(self, monitor: Monitor) -> Self {
        Self { monitor, ..self }
    }

    /// With this patience.
    #[must_use]
    pub fn with_patience(self, patience: usize) -> Self {
        Self { patience, ..self }
    }

    /// With a least improvement.
    #[must_use]
    pub fn with_min_delta(self, min_delta: f64) -> Self {
        Self { min_delta, ..self }
    }

    /// With another divisor of the rates.
    #[must_use]
    pub fn with_factor(self, factor: f64) -> Self {
        Self { factor, ..self }
    }
}

impl Observer for ReduceOnPlateau {
    fn stage_start(&mut self, _: &StageStart) {
        self.best = Best::default();
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.after_epoch(epoch).map(|_| ())
    }

    fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
        let who = "reducing the rate on a plateau";
        let better = self
            .best
            .improves(epoch, self.monitor, self.min_delta, who)?;
        if better || self.best.waited < self.patience || epoch.rate <= self.min_rate {
            return Ok(Decision::default());
        }
        self.best.waited = 0;
        Ok(Decision {
            rate_factor: (1.0 / self.factor).max(self.min_rate / epoch.rate),
            ..Decision::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::tests::decisions;

    fn factors(mut observer: ReduceOnPlateau, losses: &[f64]) -> Vec<f64> {
        let decided = decisions(&mut observer, losses);
        decided.iter().map(|d| d.rate_factor).collect()
    }

    #[test]
    fn each_plateau_divides_by_ten_and_waiting_begins_anew() {
        let losses = [2.0, 2.1, 1.0, 1.1, 1.1];
        let found = factors(ReduceOnPlateau::default(), &losses);
        assert_eq!(found, [1.0, 0.1, 1.0, 0.1, 0.1]);
        let patient = ReduceOnPlateau::default().with_patience(2);
        assert_eq!(factors(patient, &losses), [1.0, 1.0, 1.0, 1.0, 0.1]);
    }

    #[test]
    fn the_rate_does_not_fall_below_its_floor() {
        let floor = ReduceOnPlateau {
            min_rate: 0.005,
            ..ReduceOnPlateau::default()
        };
        // The epochs' rate is 0.01.
        assert_eq!(factors(floor, &[2.0, 2.0]), [1.0, 0.5]);
    }
}
