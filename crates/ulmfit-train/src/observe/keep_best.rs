//! A stage that returns the model of its best epoch.

use super::monitor::Best;
use super::{Decision, EpochEnd, Monitor, Observer, StageStart};
use crate::error::Result;

/// Makes each stage return the model of its best epoch instead of that of its last; holds one more copy of the weights.
///
/// | field | default | source |
/// |---|---|---|
/// | `monitor` | validation loss | fastai v2, `SaveModelCallback` |
/// | `min_delta` | 0 | fastai v2 |
///
/// ```
/// use ulmfit_train::observe::{KeepBest, Monitor};
///
/// let observer = KeepBest::default().with_monitor(Monitor::Metric);
/// assert_eq!(observer.min_delta, 0.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeepBest {
    /// What is compared.
    pub monitor: Monitor,
    /// By how much an epoch must be better to be kept.
    pub min_delta: f64,
    best: Best,
}

impl KeepBest {
    /// With another number to compare.
    #[must_use]
    pub fn with_monitor(self, monitor: Monitor) -> Self {
        Self { monitor, ..self }
    }

    /// With a least improvement.
    #[must_use]
    pub fn with_min_delta(self, min_delta: f64) -> Self {
        Self { min_delta, ..self }
    }
}

impl Observer for KeepBest {
    fn stage_start(&mut self, _: &StageStart) {
        self.best = Best::default();
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.after_epoch(epoch).map(|_| ())
    }

    fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
        let keep = self.best.improves(
            epoch,
            self.monitor,
            self.min_delta,
            "keeping the best model",
        )?;
        Ok(Decision {
            keep,
            ..Decision::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::tests::decisions;

    #[test]
    fn each_epoch_that_beats_all_before_is_kept() {
        let decided = decisions(&mut KeepBest::default(), &[3.0, 2.0, 2.0, 2.5, 1.0]);
        let kept: Vec<bool> = decided.iter().map(|d| d.keep).collect();
        assert_eq!(kept, [true, true, false, false, true]);
    }
}
