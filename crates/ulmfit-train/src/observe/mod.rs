//! Watching a training run: typed hooks, what they are told, and what they may decide.
//!
//! | observer | does |
//! |---|---|
//! | [`Curves`] | keeps the losses and rates of single batches |
//! | [`History`], [`Console`], [`CsvLog`], [`JsonLog`] | keep, show or write every epoch |
//! | [`EarlyStopping`] | ends a stage that no longer improves |
//! | [`KeepBest`] | makes a stage return the model of its best epoch |
//! | [`ReduceOnPlateau`] | lowers the rates where a stage no longer improves |
//!
//! To add one, write one file beside this one and add its line to [`ALL`]. A pair of observers is an observer, and so is
//! a vector of boxed ones.

#[cfg(feature = "console")]
mod console;
mod csv_log;
mod curves;
mod decision;
mod early_stopping;
mod forward;
mod history;
mod json_log;
mod keep_best;
mod log_file;
mod monitor;
mod reduce_on_plateau;

use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};

#[cfg(feature = "console")]
pub use console::Console;
pub use csv_log::CsvLog;
pub use curves::{CurvePoint, Curves, StageCurve};
pub use decision::{Control, Decision};
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
    /// The momentum, Adam's beta1.
    pub momentum: f64,
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
    /// The metric's name and its value on the validation data: perplexity, or what fits the classifier's task.
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

    /// In a run that is resumed: an epoch of the stage that was reported before it was cut. Observers that remember
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

/// A line of the registry: a name and the observer it stands for, with its source's defaults. Logs are written into the
/// given folder.
pub type ObserverEntry = (&'static str, fn(&Path) -> Result<Box<dyn Observer>>);

/// Every observer by name.
pub const ALL: &[ObserverEntry] = &[
    ("history", |_| Ok(Box::new(History::default()))),
    ("curves", |_| Ok(Box::new(Curves::default()))),
    #[cfg(feature = "console")]
    ("console", |_| Ok(Box::new(Console::new()))),
    ("csv_log", |folder| {
        Ok(Box::new(CsvLog::create(folder.join("history.csv"))?))
    }),
    ("json_log", |folder| {
        Ok(Box::new(JsonLog::create(folder.join("history.jsonl"))?))
    }),
    ("early_stopping", |_| Ok(Box::new(EarlyStopping::default()))),
    ("keep_best", |_| Ok(Box::new(KeepBest::default()))),
    ("reduce_on_plateau", |_| {
        Ok(Box::new(ReduceOnPlateau::default()))
    }),
];

/// Returns the observer registered under `name`; a log is written into `folder`.
///
/// # Errors
/// [`Error::UnknownObserver`], whose text lists the names there are, and [`Error::Log`].
///
/// ```
/// use ulmfit_train::observe;
///
/// assert!(observe::by_name("early_stopping", ".".as_ref()).is_ok());
/// let message = observe::by_name("early", ".".as_ref()).err().map(|error| error.to_string());
/// assert!(message.unwrap_or_default().contains("known: history, "));
/// ```
pub fn by_name(name: &str, folder: &Path) -> Result<Box<dyn Observer>> {
    match ALL.iter().find(|(known, _)| *known == name) {
        Some((_, make)) => make(folder),
        None => Err(Error::UnknownObserver {
            name: name.to_owned(),
            known: ALL
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
pub(crate) mod tests {
    use super::*;

    /// An epoch with these losses.
    pub(crate) fn epoch(number: usize, train_loss: f64, valid_loss: Option<f64>) -> EpochEnd {
        EpochEnd {
            stage: "all, \"slowly\"".to_owned(),
            epoch: number,
            epochs: 9,
            train_loss,
            valid_loss,
            metric: valid_loss.map(|loss| ("perplexity", loss.exp())),
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
            metric: "perplexity",
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
    fn every_registered_observer_takes_a_falling_loss_without_stopping() {
        let folder = tempfile::tempdir().unwrap();
        for (at, (name, make)) in ALL.iter().enumerate() {
            assert!(
                ALL[at + 1..].iter().all(|(other, _)| other != name),
                "{name} twice"
            );
            let mut observer = make(folder.path()).unwrap();
            for decision in decisions(observer.as_mut(), &[3.0, 2.0, 1.0]) {
                assert_eq!(decision.control, Control::Continue, "{name}");
                assert_eq!(decision.rate_factor, 1.0, "{name}");
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
