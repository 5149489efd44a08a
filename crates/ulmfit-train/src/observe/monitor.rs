//! The number of an epoch by which it is better or worse than others.

use serde::{Deserialize, Serialize};

use super::EpochEnd;
use crate::error::{Error, Result};

/// What is compared between epochs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// The validation loss; smaller is better. fastai's default.
    #[default]
    ValidLoss,
    /// The training loss; smaller is better.
    TrainLoss,
    /// The first metric of the validation data; it knows in which direction it is better.
    Metric,
}

impl Monitor {
    /// Returns the number of an epoch, with its sign such that smaller is better; nothing without validation data.
    pub fn cost(self, epoch: &EpochEnd) -> Option<f64> {
        match self {
            Self::ValidLoss => epoch.valid_loss,
            Self::TrainLoss => Some(epoch.train_loss),
            Self::Metric => {
                let metric = epoch.metrics.first()?;
                let sign = if metric.higher_is_better { -1.0 } else { 1.0 };
                Some(sign * metric.value)
            }
        }
    }
}

/// The best epoch so far, and how many have passed since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    cost: f64,
    pub(super) waited: usize,
}

impl Default for Best {
    fn default() -> Self {
        Self {
            cost: f64::INFINITY,
            waited: 0,
        }
    }
}

impl Best {
    /// Takes an epoch; whether it is better than the best before by more than `min_delta`. NaN is never better.
    pub(super) fn improves(
        &mut self,
        epoch: &EpochEnd,
        monitor: Monitor,
        min_delta: f64,
        who: &'static str,
    ) -> Result<bool> {
        let what = match monitor {
            Monitor::ValidLoss | Monitor::TrainLoss => "the loss",
            Monitor::Metric => "the metric",
        };
        let cost = monitor
            .cost(epoch)
            .ok_or(Error::NoValidation { who, what })?;
        // The first finite cost is an improvement however large `min_delta` is.
        let better = cost < self.cost - min_delta;
        if better {
            self.cost = cost;
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        Ok(better)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::observe::tests::epoch;
    use crate::scores::Scores;

    #[test]
    fn a_larger_accuracy_and_a_smaller_perplexity_are_better() {
        let mut end = epoch(1, 2.0, Some(1.0));
        assert!(Monitor::Metric.cost(&end).unwrap() > 0.0);
        end.metrics = Scores::new(1.0).higher_is_better("own", 0.9).metrics;
        assert_eq!(Monitor::Metric.cost(&end), Some(-0.9));
        assert_eq!(Monitor::TrainLoss.cost(&end), Some(2.0));
    }

    #[test]
    fn without_validation_data_the_error_says_what_to_do() {
        let mut best = Best::default();
        let result = best.improves(
            &epoch(1, 2.0, None),
            Monitor::ValidLoss,
            0.0,
            "early stopping",
        );
        let message = result.unwrap_err().to_string();
        assert!(message.contains("early stopping"), "{message}");
        assert!(message.contains("give validation data"), "{message}");
    }
}
