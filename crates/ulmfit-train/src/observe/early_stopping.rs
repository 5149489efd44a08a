//! Ending a stage that no longer improves.

use super::monitor::Best;
use super::{Decision, EpochEnd, Monitor, Observer, StageStart};
use crate::error::Result;

/// Ends a stage when `patience` epochs in a row were no better than the best before them.
///
/// | field | default | source |
/// |---|---|---|
/// | `monitor` | validation loss | fastai v2 |
/// | `patience` | 1 | fastai v2 (the paper's scripts: 5) |
/// | `min_delta` | 0 | fastai v2 |
///
/// Each stage counts anew, as each `fit` of fastai. Together with [`KeepBest`](super::KeepBest) the stage returns its
/// best epoch instead of its last.
///
/// ```
/// use ulmfit_train::observe::{EarlyStopping, KeepBest};
///
/// let observer = (EarlyStopping::default().with_patience(2), KeepBest::default());
/// # let _ = observer;
/// ```
#[derive(Clone, Debug)]
pub struct EarlyStopping {
    /// What is compared.
    pub monitor: Monitor,
    /// How many epochs may pass without improvement.
    pub patience: usize,
    /// By how much an epoch must be better to count.
    pub min_delta: f64,
    best: Best,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self {
            monitor: Monitor::ValidLoss,
            patience: 1,
            min_delta: 0.0,
            best: Best::default(),
        }
    }
}

impl EarlyStopping {
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
}

impl Observer for EarlyStopping {
    fn stage_start(&mut self, _: &StageStart) {
        self.best = Best::default();
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.after_epoch(epoch).map(|_| ())
    }

    fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
        let better = self
            .best
            .improves(epoch, self.monitor, self.min_delta, "early stopping")?;
        Ok(if !better && self.best.waited >= self.patience {
            Decision::stop()
        } else {
            Decision::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Control;
    use crate::observe::tests::decisions;

    /// The epoch, from 1, after which it stops.
    fn stops(mut observer: EarlyStopping, losses: &[f64]) -> Option<usize> {
        let decided = decisions(&mut observer, losses);
        let stop = decided.iter().position(|d| d.control == Control::Stop);
        stop.map(|at| at + 1)
    }

    #[test]
    fn patience_counts_epochs_without_improvement() {
        let losses = [3.0, 2.0, 2.1, 1.9, 1.95, 1.92];
        assert_eq!(stops(EarlyStopping::default(), &losses), Some(3));
        let patient = EarlyStopping::default().with_patience(2);
        assert_eq!(stops(patient.clone(), &losses), Some(6));
        assert_eq!(stops(patient.with_patience(3), &losses), None);
    }

    #[test]
    fn a_small_improvement_and_a_nan_do_not_count() {
        let strict = EarlyStopping::default().with_min_delta(0.1);
        assert_eq!(stops(strict, &[3.0, 2.95]), Some(2));
        assert_eq!(stops(EarlyStopping::default(), &[3.0, f64::NAN]), Some(2));
    }

    #[test]
    fn a_stage_starts_without_a_past() {
        let mut observer = EarlyStopping::default();
        decisions(&mut observer, &[1.0]);
        let next = decisions(&mut observer, &[5.0]);
        assert_eq!(next[0].control, Control::Continue);
    }
}
