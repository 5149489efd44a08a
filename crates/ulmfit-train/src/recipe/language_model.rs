//! The numbers of steps 1 and 2.

use serde::{Deserialize, Serialize};
use ulmfit_data::Lengths;
use ulmfit_model::{Dropouts, Regularization};

use crate::observe::{Observer, deciders};
use crate::optimizer::OptimizerConfig;
use crate::stage::{Stage, Training};

/// Steps 1 and 2: training the language model. The values named here are those of the recipe `default`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LmRecipe {
    /// Rows of a batch; default 64 (paper section 4, fastai).
    pub batch_size: usize,
    /// Rows of a batch in step 1; default none: as in step 2.
    #[serde(with = "crate::none")]
    pub pretrain_batch_size: Option<usize>,
    /// Tokens of a row; default 70 (paper section 4; fastai v2: 72).
    pub seq_len: usize,
    /// Whether cuts move from epoch to epoch; default fixed (fastai v1 and v2).
    pub lengths: Lengths,
    /// The factor on `dropouts`, fastai's `drop_mult`; default 0.3 (fastbook chapter 10).
    pub drop_mult: f64,
    /// The factor on `dropouts` in step 1; default none: as in step 2.
    #[serde(with = "crate::none")]
    pub pretrain_drop_mult: Option<f64>,
    /// Batches whose gradients are averaged before each step of the optimizer; default 1.
    pub accumulate: usize,
    /// The epochs without a lower validation loss after which a stage ends; default none: all epochs.
    #[serde(with = "crate::none")]
    pub early_stop: Option<usize>,
    /// Whether a stage hands on the model of its epoch with the lowest validation loss; default no: that of the last one.
    pub keep_best: bool,
    /// Step 2, from a model of another vocabulary: whether words that the model knows stay where the text lacks them, so
    /// that the classifier may meet them later; default no (all fastai).
    pub keep_words: bool,
    /// Dropouts before the factor; default [`Dropouts::language_model`].
    pub dropouts: Dropouts,
    /// AR and TAR; default 2 and 1.
    pub regularization: Regularization,
    /// The optimizer; default Adam.
    pub optimizer: OptimizerConfig,
    /// Step 1, from scratch; default one epoch of all groups at 1e-2.
    pub pretrain: Vec<Stage>,
    /// Step 2, from a model of another vocabulary: first what trains new words alone; default one epoch of embedding
    /// and decoder at 2e-2.
    pub adapt: Vec<Stage>,
    /// Step 2, then all groups; default one epoch, the last group at 4e-3 (paper section 4), each lower one 2.6 times
    /// lower (paper section 3.2).
    pub finetune: Vec<Stage>,
}

impl LmRecipe {
    /// The observers that stop early and keep the best epoch, where the recipe says so.
    pub fn observers(&self) -> Vec<Box<dyn Observer>> {
        deciders(self.early_stop, self.keep_best)
    }

    /// These stages with the recipe's optimizer and accumulation.
    pub fn training(&self, stages: &[Stage]) -> Training {
        Training::new(stages)
            .with_optimizer(self.optimizer)
            .with_accumulate(self.accumulate)
    }

    /// The dropouts of step 1, the factor included.
    pub fn pretrain_dropouts(&self) -> Dropouts {
        let factor = self.pretrain_drop_mult.unwrap_or(self.drop_mult);
        self.dropouts.scaled(factor)
    }

    /// The dropouts of step 2, the factor included.
    pub fn finetune_dropouts(&self) -> Dropouts {
        self.dropouts.scaled(self.drop_mult)
    }
}
