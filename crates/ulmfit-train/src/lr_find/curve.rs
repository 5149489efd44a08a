//! The losses of a search over its rates.

use super::Suggestion;

/// The smoothed losses of a search, in nats, over its rising rates.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    /// The rate of each step.
    pub rates: Vec<f64>,
    /// The exponential mean of the losses at each step.
    pub losses: Vec<f64>,
    /// The number of steps the search was to have.
    pub steps: usize,
}

impl RateCurve {
    pub(super) fn new(steps: usize) -> Self {
        let (rates, losses) = (Vec::new(), Vec::new());
        Self {
            rates,
            losses,
            steps,
        }
    }

    /// Returns the curve of `raw` losses in nats at `rates`, smoothed as in a search of `steps` steps.
    ///
    /// ```
    /// use ulmfit_train::RateCurve;
    ///
    /// let curve = RateCurve::smoothed(&[0.1, 0.2], &[2.0, 1.0], 0.5, 100);
    /// assert_eq!(curve.losses, [2.0, 4.0 / 3.0]); // (0.25 * 2 + 0.5 * 1) / 0.75
    /// ```
    pub fn smoothed(rates: &[f64], raw: &[f64], smoothing: f64, steps: usize) -> Self {
        let mut mean = SmoothedLoss::new(smoothing);
        Self {
            rates: rates.to_vec(),
            losses: raw.iter().map(|&loss| mean.add(loss)).collect(),
            steps,
        }
    }

    /// Returns the rate that a rule suggests; nothing if the search ended too early for it.
    ///
    /// As in fastai the first tenth of the steps and the last five points do not count.
    pub fn suggest(&self, rule: Suggestion) -> Option<f64> {
        let n = self.rates.len().min(self.losses.len());
        let part = self.steps / 10..n.saturating_sub(5);
        let rates = self.rates.get(part.clone())?;
        rule.of(rates, self.losses.get(part)?)
    }
}

/// An exponential mean without the bias towards its start at 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct SmoothedLoss {
    smoothing: f64,
    mean: f64,
    weight: f64,
}

impl SmoothedLoss {
    pub(super) fn new(smoothing: f64) -> Self {
        Self {
            smoothing,
            mean: 0.0,
            weight: 0.0,
        }
    }

    /// Takes a loss and returns the mean so far.
    pub(super) fn add(&mut self, loss: f64) -> f64 {
        self.mean = self.smoothing * self.mean + (1.0 - self.smoothing) * loss;
        self.weight = self.smoothing * self.weight + (1.0 - self.smoothing);
        self.mean / self.weight
    }
}
