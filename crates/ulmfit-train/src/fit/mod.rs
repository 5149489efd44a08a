//! The training loops. Each is short and made of public parts only, so that a loop of your own can do the same: see
//! the package `tests/downstream`.

mod classifier;
mod language_model;
mod progress;
mod scores;
mod task;
mod validate;

use crate::checkpoint::Checkpoints;
use crate::observe::Observer;
use crate::optimizer::OptimizerConfig;

pub use classifier::{Scored, fit_classifier};
pub use language_model::{
    LmScores, Weighting, evaluate_language_model, evaluate_language_model_by, fit_language_model,
};
pub(crate) use progress::{Progress, Scores};
pub use scores::{ClassifierScores, evaluate_classifier};
pub use task::targets;
pub(crate) use task::{check as check_labels, task_of};
pub use validate::Validate;

/// What a loop needs beside model, data and stages.
///
/// | field | default | source |
/// |---|---|---|
/// | `optimizer` | Adam | paper section 4 |
/// | `seed` | 0 | |
/// | `accumulate` | 1 | |
/// | `weighting` | [`Weighting::Tokens`] | (fastai v1 and v2: rows) |
/// | `validate` | [`Validate::EachEpoch`] | all fastai |
/// | `checkpoints` | none | (fastai: the model alone, after an epoch) |
///
/// ```
/// use ulmfit_train::FitConfig;
/// use ulmfit_train::observe::History;
///
/// let mut history = History::default();
/// let fit = FitConfig::new(&mut history).with_seed(3).with_accumulate(4);
/// assert_eq!(fit.accumulate, 4);
/// ```
pub struct FitConfig<'a> {
    /// The optimizer; its memory starts anew with every stage, as after fastai's `freeze_to`.
    pub optimizer: OptimizerConfig,
    /// Every mask of the run follows from this seed.
    pub seed: u64,
    /// Batches whose gradients are averaged, by tokens or rows, before each step of the optimizer. The last step of an
    /// epoch takes what is left. The schedule counts batches.
    ///
    /// Deviation: fastai's `GradientAccumulation` counts rows and carries what is left into the next epoch.
    pub accumulate: usize,
    /// How a language model's batches weigh in the validation loss.
    pub weighting: Weighting,
    /// How often the validation data are scored.
    pub validate: Validate,
    /// Where the run is stored, so that it can be cut anywhere.
    pub checkpoints: Option<Checkpoints>,
    /// Told of every batch and epoch; may stop a stage.
    pub observer: &'a mut dyn Observer,
}

impl<'a> FitConfig<'a> {
    /// Returns the defaults with an observer; `&mut ()` watches nothing.
    pub fn new(observer: &'a mut dyn Observer) -> Self {
        Self {
            optimizer: OptimizerConfig::default(),
            seed: 0,
            accumulate: 1,
            weighting: Weighting::default(),
            validate: Validate::default(),
            checkpoints: None,
            observer,
        }
    }

    /// With another optimizer.
    #[must_use]
    pub fn with_optimizer(self, optimizer: impl Into<OptimizerConfig>) -> Self {
        let optimizer = optimizer.into();
        Self { optimizer, ..self }
    }

    /// With this seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// With a step of the optimizer every `accumulate` batches.
    #[must_use]
    pub fn with_accumulate(self, accumulate: usize) -> Self {
        Self { accumulate, ..self }
    }

    /// With another weighting of the validation loss.
    #[must_use]
    pub fn with_weighting(self, weighting: Weighting) -> Self {
        Self { weighting, ..self }
    }

    /// With validation data scored more rarely.
    #[must_use]
    pub fn with_validate(self, validate: Validate) -> Self {
        Self { validate, ..self }
    }

    /// With checkpoints, or none.
    #[must_use]
    pub fn with_checkpoints(self, checkpoints: impl Into<Option<Checkpoints>>) -> Self {
        let checkpoints = checkpoints.into();
        Self {
            checkpoints,
            ..self
        }
    }
}

/// The seed of one stage's masks: stages of one run must not share them.
fn stage_seed(seed: u64, stage: usize) -> u64 {
    // The odd constant of Fibonacci hashing spreads neighbouring stages over all bits.
    seed ^ (stage as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
