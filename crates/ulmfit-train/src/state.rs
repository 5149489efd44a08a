//! The state of a training run, as plain data: everything that the next batch depends on.

use serde::{Deserialize, Serialize};
use ulmfit_model::Mode;

use crate::loss_scale::LossScale;
use crate::observe::EpochEnd;
use crate::optimizer::OptimizerState;
use crate::tensors::Tensors;

/// The state of a training run between two batches, as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainState {
    /// The stage that is next or running, from 0; the number of stages where all are done.
    pub stage: usize,
    /// Batches of the run so far.
    pub steps: u64,
    /// Batches of the stages before.
    pub steps_before: u64,
    /// The epochs that have been reported.
    pub epochs: Vec<EpochRecord>,
    /// Where in the stage, unless at its beginning.
    pub within: Option<StageState>,
    /// Weights and running statistics.
    #[serde(skip)]
    pub model: Tensors,
}

/// The state of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageState {
    /// The next batch, and the sums of its epoch.
    pub position: Position,
    /// The generator of the masks.
    pub mode: Mode,
    /// Moments, velocities, averages.
    pub optimizer: OptimizerState,
    /// The factor on the loss, where it has one.
    pub loss_scale: LossScale,
    /// The model that an observer has kept.
    #[serde(skip)]
    pub kept: Option<Tensors>,
    /// What travels to the next batch.
    #[serde(skip)]
    pub carry: Option<Tensors>,
}

/// The place of the next batch in a stage, and the sums of its epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Batches of the stage so far.
    pub step: usize,
    /// The epoch within the stage, from 0.
    pub epoch: usize,
    /// Batches of the epoch so far.
    pub batch: usize,
    /// The factor that observers have put on the rates.
    #[serde(with = "crate::exact")]
    pub rate_factor: f64,
    /// The sum of the losses, each times its weight.
    #[serde(with = "crate::exact")]
    pub loss: f64,
    /// The sum of the weights.
    #[serde(with = "crate::exact")]
    pub weight: f64,
    /// Tokens or rows that were read.
    pub tokens: usize,
    /// Time that the epoch has taken so far.
    #[serde(with = "crate::exact")]
    pub seconds: f64,
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

/// An epoch that has been reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// The stage, from 0.
    pub stage: usize,
    /// Batches of the run until its end.
    pub steps: u64,
    /// The report.
    pub end: EpochEnd,
}
