//! Watching a training run: typed hooks, and what they are told.

#[cfg(feature = "console")]
mod console;
mod history;

use std::time::Duration;

#[cfg(feature = "console")]
pub use console::Console;
pub use history::History;

/// What is about to be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct StageStart {
    /// The stage's name.
    pub stage: String,
    /// Its epochs.
    pub epochs: usize,
    /// Batches in an epoch.
    pub batches: usize,
    /// What the metric of [`EpochEnd`] is.
    pub metric: &'static str,
}

/// A batch has been trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchEnd {
    /// The epoch within the stage, from 1.
    pub epoch: usize,
    /// The batch within the epoch, from 1.
    pub batch: usize,
    /// Batches in an epoch.
    pub batches: usize,
    /// Tokens in the batch.
    pub tokens: usize,
    /// The batch's mean loss in nats, without AR and TAR.
    pub loss: f64,
    /// The learning rate of the last group.
    pub rate: f64,
}

/// An epoch has been trained and evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEnd {
    /// The stage's name.
    pub stage: String,
    /// The epoch within the stage, from 1.
    pub epoch: usize,
    /// The epochs of the stage.
    pub epochs: usize,
    /// Mean loss over the epoch's tokens or rows in nats, without AR and TAR.
    ///
    /// Deviation: fastai shows an exponential mean over the last batches.
    pub train_loss: f64,
    /// Mean loss on the validation data in nats, where there is some.
    pub valid_loss: Option<f64>,
    /// The metric's name and its value on the validation data: perplexity or accuracy.
    pub metric: Option<(&'static str, f64)>,
    /// The peak learning rate of the last group.
    pub rate: f64,
    /// Tokens that were trained on.
    pub tokens: usize,
    /// Time for training and evaluation.
    pub time: Duration,
}

/// Hooks into a run; all do nothing by default.
///
/// ```
/// use ulmfit_train::observe::{EpochEnd, Observer};
///
/// struct Losses(Vec<f64>);
/// impl Observer for Losses {
///     fn epoch_end(&mut self, epoch: &EpochEnd) {
///         self.0.push(epoch.train_loss);
///     }
/// }
/// ```
pub trait Observer {
    /// A stage begins.
    fn stage_start(&mut self, _: &StageStart) {}
    /// A batch has been trained on.
    fn batch_end(&mut self, _: &BatchEnd) {}
    /// An epoch has been trained and evaluated.
    fn epoch_end(&mut self, _: &EpochEnd) {}
}

/// Watches nothing.
impl Observer for () {}

/// Two observers, told in order.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn stage_start(&mut self, start: &StageStart) {
        self.0.stage_start(start);
        self.1.stage_start(start);
    }

    fn batch_end(&mut self, batch: &BatchEnd) {
        self.0.batch_end(batch);
        self.1.batch_end(batch);
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        self.0.epoch_end(epoch);
        self.1.epoch_end(epoch);
    }
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn stage_start(&mut self, start: &StageStart) {
        (**self).stage_start(start);
    }

    fn batch_end(&mut self, batch: &BatchEnd) {
        (**self).batch_end(batch);
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        (**self).epoch_end(epoch);
    }
}
