//! Watching a training run: typed hooks, what they are told, and what they may decide.
//!
//! | observer | does |
//! |---|---|
//! | [`Curves`] | keeps the losses and rates of single batches |
//! | [`History`], [`Console`], [`CsvLog`], [`JsonLog`] | keep, show or write every epoch |
//! | [`EarlyStopping`] | ends a stage that no longer improves |
//! | [`KeepBest`] | makes a stage return the model of its best epoch |
//! | [`ReduceOnPlateau`] | lowers the rates where a stage no longer improves |
//! | [`EachEpoch`] | calls a function with the model of each epoch |
//!
//! A pair of observers is an observer, and so is a vector of boxed ones. One that looks at the model, to sample text after
//! each epoch, is [`EachEpoch`] or an [`epoch_model`](Observer::epoch_model) of your own.

#[cfg(feature = "console")]
mod console;
mod csv_log;
mod curves;
mod decision;
mod each_epoch;
mod early_stopping;
mod forward;
mod history;
mod json_log;
mod keep_best;
mod log_file;
mod monitor;
mod reduce_on_plateau;

use std::any::Any;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::scores::Metric;

#[cfg(feature = "console")]
pub use console::Console;
pub use csv_log::CsvLog;
pub use curves::{CurvePoint, Curves, StageCurve};
pub use decision::{Control, Decision};
pub use each_epoch::EachEpoch;
pub use early_stopping::EarlyStopping;
pub use history::History;
pub use json_log::JsonLog;
pub use keep_best::KeepBest;
pub use monitor::Monitor;
pub use reduce_on_plateau::ReduceOnPlateau;

/// What is about to be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct StageStart {
    /// The stage's name.
    pub stage: String,
    /// Its epochs.
    pub epochs: usize,
    /// Batches in an epoch.
    pub batches: usize,
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
    /// The momentum, Adam's beta1.
    pub momentum: f64,
}

/// An epoch has been trained and evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(with = "crate::exact")]
    pub train_loss: f64,
    /// Mean loss on the validation data in nats, where there is some.
    #[serde(with = "crate::exact::option")]
    pub valid_loss: Option<f64>,
    /// What else the learner says of the validation data, the most telling first: perplexity and accuracy of a language
    /// model, or what fits the classifier's task.
    pub metrics: Vec<Metric>,
    /// The peak learning rate of the last group.
    #[serde(with = "crate::exact")]
    pub rate: f64,
    /// Tokens that were trained on.
    pub tokens: usize,
    /// Time for training and evaluation.
    pub time: Duration,
}

impl EpochEnd {
    /// The first metric: its name and value.
    pub fn metric(&self) -> Option<(&str, f64)> {
        let first = self.metrics.first()?;
        Some((&first.name, first.value))
    }
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

    /// Shows the model of the epoch that has just ended, the one that was evaluated, on its autodiff device; `model` is the
    /// [`Learner::Model`](crate::Learner::Model), such as a
    /// [`LanguageModel`](ulmfit_model::LanguageModel), to be downcast.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn epoch_model(&mut self, _: &EpochEnd, _model: &dyn Any) -> Result<()> {
        Ok(())
    }

    /// In a run that is resumed: an epoch of the stage that was reported before it was stopped. Observers that remember
    /// epochs bring themselves up to date; decisions were taken then and are not asked for again. By default it does
    /// nothing, so that a log is not written twice.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn epoch_replayed(&mut self, _: &EpochEnd) -> Result<()> {
        Ok(())
    }

    /// Decides, after [`batch_end`](Self::batch_end), whether the stage goes on. A stage that stops here ends without
    /// evaluation, and the next begins.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn after_batch(&mut self, _: &BatchEnd) -> Result<Control> {
        Ok(Control::Continue)
    }

    /// Decides, after [`epoch_end`](Self::epoch_end), how the stage goes on.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn after_epoch(&mut self, _: &EpochEnd) -> Result<Decision> {
        Ok(Decision::default())
    }
}

/// The observers that end a stage after so many epochs without improvement, and that keep its best epoch, if asked for.
pub(crate) fn deciders(early_stop: Option<usize>, keep_best: bool) -> Vec<Box<dyn Observer>> {
    let mut all: Vec<Box<dyn Observer>> = Vec::new();
    if let Some(patience) = early_stop {
        all.push(Box::new(EarlyStopping::default().with_patience(patience)));
    }
    if keep_best {
        all.push(Box::new(KeepBest::default()));
    }
    all
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
pub(crate) mod tests {
    use super::*;
    use crate::scores::Scores;

    /// An epoch with these losses.
    pub(crate) fn epoch(number: usize, train_loss: f64, valid_loss: Option<f64>) -> EpochEnd {
        EpochEnd {
            stage: "all, \"slowly\"".to_owned(),
            epoch: number,
            epochs: 9,
            train_loss,
            valid_loss,
            metrics: valid_loss.map_or(Vec::new(), |loss| {
                let scores = Scores::new(loss).lower_is_better("perplexity", loss.exp());
                scores.metrics
            }),
            rate: 0.01,
            tokens: 100,
            time: Duration::from_millis(1500),
        }
    }

    pub(crate) fn start() -> StageStart {
        StageStart {
            stage: "all".to_owned(),
            epochs: 9,
            batches: 2,
        }
    }

    /// What an observer decides after epochs with these validation losses.
    pub(crate) fn decisions(observer: &mut dyn Observer, losses: &[f64]) -> Vec<Decision> {
        observer.stage_start(&start());
        let ends = losses.iter().enumerate();
        ends.map(|(at, &loss)| {
            observer
                .after_epoch(&epoch(at + 1, loss, Some(loss)))
                .unwrap()
        })
        .collect()
    }

    #[test]
    fn a_falling_loss_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<Box<dyn Observer>> = vec![
            Box::new(History::default()),
            Box::new(Curves::default()),
            #[cfg(feature = "console")]
            Box::new(Console::new()),
            Box::new(CsvLog::create(folder.path().join("h.csv")).unwrap()),
            Box::new(JsonLog::create(folder.path().join("h.jsonl")).unwrap()),
            Box::new(EarlyStopping::default()),
            Box::new(KeepBest::default()),
            Box::new(ReduceOnPlateau::default()),
        ];
        for mut observer in all {
            for decision in decisions(observer.as_mut(), &[3.0, 2.0, 1.0]) {
                assert_eq!(decision.control, Control::Continue);
                assert_eq!(decision.rate_factor, 1.0);
            }
        }
    }

    #[test]
    fn a_pair_stops_when_one_of_them_does() {
        let mut pair = (
            EarlyStopping::default(),
            vec![Box::new(KeepBest::default()) as Box<dyn Observer>],
        );
        let decided = decisions(&mut pair, &[2.0, 1.0, 1.5]);
        let seen: Vec<_> = decided.iter().map(|d| (d.control, d.keep)).collect();
        let go = Control::Continue;
        assert_eq!(seen, [(go, true), (go, true), (Control::Stop, false)]);
    }
}
