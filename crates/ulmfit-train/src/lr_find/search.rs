//! The rising rates of a search and the record of its losses.

use burn::module::Module;

use super::LrFind;
use super::curve::{RateCurve, SmoothedLoss};
use crate::copy::deep_copy;
use crate::error::{Error, Result};
use crate::groups::LayerGroups;
use crate::learner::BatchLoss;
use crate::peers::Ranks;
use crate::step::{Stepper, require_autodiff};

/// A running search: trains a copy and ends by itself.
pub(super) struct Search<'a> {
    config: &'a LrFind,
    groups: &'a LayerGroups,
    stepper: Stepper,
    curve: RateCurve,
    mean: SmoothedLoss,
    best: f64,
    last: f64,
}

impl<'a> Search<'a> {
    pub(super) fn begin<M: Module>(
        config: &'a LrFind,
        model: &M,
        groups: &'a LayerGroups,
    ) -> Result<Self> {
        config.validate()?;
        config.trained.check("lr_find", groups.len())?;
        require_autodiff(model, groups, config.trained)?;
        Ok(Self {
            config,
            groups,
            stepper: Stepper::new(config.optimizer.init(), 1),
            curve: RateCurve::new(config.steps),
            mean: SmoothedLoss::new(config.smoothing),
            best: f64::INFINITY,
            last: f64::NAN,
        })
    }

    /// The copy to train, with the groups of the search trainable.
    pub(super) fn copy<M: Module>(&self, model: &M) -> M {
        self.groups.train(deep_copy(model), self.config.trained)
    }

    pub(super) fn step<M: Module>(&mut self, model: M, loss: BatchLoss) -> Result<M> {
        let rates = vec![self.rate(); self.groups.len()];
        let rates = (rates, self.config.momentum);
        let alone = Ranks(None);
        self.stepper
            .step(model, loss, true, self.groups, rates, alone)
    }

    /// Records the loss of the step that has just been made; whether the search is over.
    pub(super) fn ends_with(&mut self, loss: f64) -> bool {
        self.last = loss;
        // Deviation: fastai goes on after a loss that is not a number, and cuts the curve there.
        if !loss.is_finite() {
            return true;
        }
        let smoothed = self.mean.add(loss);
        let rate = self.rate();
        self.curve.rates.push(rate);
        self.curve.losses.push(smoothed);
        self.best = self.best.min(smoothed);
        smoothed > self.config.stop_factor * self.best
            || self.curve.rates.len() >= self.config.steps
    }

    pub(super) fn curve(self) -> Result<RateCurve> {
        if self.curve.rates.is_empty() {
            return Err(Error::NotFinite {
                stage: "lr_find".to_owned(),
                epoch: 1,
                batch: 1,
                loss: self.last,
            });
        }
        Ok(self.curve)
    }

    /// The rate of the step that is next, or was last until its loss is recorded.
    fn rate(&self) -> f64 {
        let share = self.curve.rates.len() as f64 / self.config.steps as f64;
        self.config.start * (self.config.end / self.config.start).powf(share)
    }
}
