//! The JSON document of a checkpoint: which run, and where in it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use ulmfit_model::Random;

use crate::loss_scale::Dynamic;
use crate::observe::EpochEnd;

/// The version that this library writes, and the only one it reads: a run is finished by the library that began it.
pub(super) const VERSION: u32 = 1;

/// Everything in a checkpoint but the tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) version: u32,
    /// SHA-256 of this document with an empty digest, and of all tensors.
    pub(super) digest: String,
    /// What the run's every number follows from.
    pub(super) run: Vec<(String, String)>,
    /// The stage that goes on, from 0; the number of stages where all are done.
    pub(super) stage: usize,
    /// Batches of the run so far.
    pub(super) steps: u64,
    /// Batches of the stages before.
    pub(super) steps_before: u64,
    /// The epochs that have been reported.
    pub(super) epochs: Vec<EpochRecord>,
    /// Where in the stage, unless at its beginning.
    pub(super) within: Option<Within>,
}

impl Document {
    pub(super) fn to_json(&self) -> String {
        // Strings, numbers and lists of them: nothing that JSON could not hold.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Where in a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Within {
    pub(super) position: Position,
    /// The generator of the masks.
    pub(super) random: Random,
    pub(super) optimizer: Remembered,
    /// What the loss is multiplied by, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) loss_scale: Option<Dynamic>,
    /// Whether the file has a model that the stage is to return.
    pub(super) kept: bool,
    /// Whether the file has the stream's hidden state.
    pub(super) hidden: bool,
}

/// What an optimizer remembers beside its tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Remembered {
    /// The steps of each parameter, by its path.
    pub(super) steps: BTreeMap<String, u32>,
    /// The validation losses that decide when averaging begins.
    pub(super) losses: Vec<Exact>,
    /// Whether it has begun.
    pub(super) averages: bool,
}

/// The place of the next batch in a stage, and the sums of the current epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// Batches of the stage so far.
    pub(crate) step: usize,
    /// The epoch within the stage, from 0.
    pub(crate) epoch: usize,
    /// Batches of the epoch so far.
    pub(crate) batch: usize,
    #[serde(with = "exact")]
    pub(crate) rate_factor: f64,
    #[serde(with = "exact")]
    pub(crate) loss: f64,
    #[serde(with = "exact")]
    pub(crate) weight: f64,
    pub(crate) tokens: usize,
    /// Time that the epoch has taken so far.
    #[serde(with = "exact")]
    pub(crate) seconds: f64,
}

impl Default for Position {
    /// The beginning of a stage.
    fn default() -> Self {
        Self {
            step: 0,
            epoch: 0,
            batch: 0,
            rate_factor: 1.0,
            loss: 0.0,
            weight: 0.0,
            tokens: 0,
            seconds: 0.0,
        }
    }
}

/// An epoch as it was reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpochRecord {
    /// The stage, from 0.
    pub(super) stage: usize,
    /// Batches of the run until its end.
    pub(super) steps: u64,
    pub(super) name: String,
    pub(super) epoch: usize,
    pub(super) epochs: usize,
    pub(super) train_loss: Exact,
    pub(super) valid_loss: Option<Exact>,
    pub(super) metric: Option<Exact>,
    pub(super) rate: Exact,
    pub(super) tokens: usize,
    pub(super) seconds: Exact,
}

impl EpochRecord {
    pub(super) fn new(stage: usize, steps: u64, end: &EpochEnd) -> Self {
        Self {
            stage,
            steps,
            name: end.stage.clone(),
            epoch: end.epoch,
            epochs: end.epochs,
            train_loss: Exact(end.train_loss),
            valid_loss: end.valid_loss.map(Exact),
            metric: end.metric.map(|(_, value)| Exact(value)),
            rate: Exact(end.rate),
            tokens: end.tokens,
            seconds: Exact(end.time.as_secs_f64()),
        }
    }

    /// The report; `metric` is the name of its metric.
    pub(super) fn report(&self, metric: &'static str) -> EpochEnd {
        EpochEnd {
            stage: self.name.clone(),
            epoch: self.epoch,
            epochs: self.epochs,
            train_loss: self.train_loss.0,
            valid_loss: self.valid_loss.map(|loss| loss.0),
            metric: self.metric.map(|value| (metric, value.0)),
            rate: self.rate.0,
            tokens: self.tokens,
            time: Duration::try_from_secs_f64(self.seconds.0).unwrap_or_default(),
        }
    }
}

/// A number that comes back with the same bits: JSON numbers may lose the last one, and have no infinity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Exact(#[serde(with = "exact")] pub(super) f64);

mod exact {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}
