//! The training method of ULMFiT: what is trained when, at which rates, along which schedule.
//!
//! A tour, top down:
//!
//! * [`Ulmfit`]: all three steps in one call; [`Recipe`] holds every number of them, and knows the published ones
//!   by name.
//! * [`steps`]: each step as a function.
//! * [`fit`]: the one loop, for whatever implements [`Learner`]: [`LmLearner`], [`ClassifierLearner`], or a network of your
//!   own. [`Run`] says how it is carried out, [`Training`] holds its numbers.
//! * [`Stage`]: epochs, [`Trained`] groups, [`schedule::GroupRates`] and a [`schedule::Schedule`].
//! * [`LayerGroups`] and [`optimizer`]: freezing, discriminative rates and the optimizers, for any Burn module.
//! * [`linear`]: linear models that judge, speed up and teach.
//! * [`lr_find`]: which learning rate to begin with.
//! * [`checkpoint`]: runs that can be killed anywhere and resumed.
//! * [`metrics`] and [`observe`]: what is measured, who watches, and who may stop a stage.
//!
//! Top and bottom of the tour: a recipe with what differs, and what one of its stages comes to.
//!
//! ```
//! use ulmfit_train::{Recipe, Trained};
//!
//! let recipe = Recipe::from_toml("name = \"fastbook\"\nclassifier.drop_mult = 0.7\n")?;
//! let head = &recipe.classifier.stages[0];
//! assert_eq!(head.trained, Trained::Last(1));
//! let rates = head.rates.rates(5)?; // a classifier of three layers has five groups
//! let early = head.schedule.at(0, 100);
//! assert!(early.rate * rates[4] < rates[4]); // one-cycle begins below the peak
//! # Ok::<(), ulmfit_train::Error>(())
//! ```

#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod both;
pub mod checkpoint;
mod classifier;
mod classifier_scores;
mod copy;
mod error;
mod exact;
mod fit;
mod gradients;
mod groups;
mod language_model;
mod learned;
mod learner;
pub mod linear;
mod loss_scale;
pub mod lr_find;
pub mod metrics;
mod none;
pub mod observe;
pub mod optimizer;
mod parts;
mod peers;
mod pretrained;
mod recipe;
mod run;
pub mod schedule;
mod scores;
mod settings;
mod stage;
mod state;
mod step;
pub mod steps;
mod task;
mod tensors;
mod ulmfit;
mod validate;

pub use both::BothDirections;
pub use checkpoint::{Checkpoints, Interrupt, Resume};
pub use classifier::ClassifierLearner;
pub use classifier_scores::{ClassifierScores, evaluate_classifier};
pub use error::{Error, Result};
pub use fit::{Scored, fit};
pub use gradients::ParamGradients;
pub use groups::{LayerGroups, Trained};
pub use language_model::{LmLearner, LmScores, StreamModel, Weighting, evaluate_language_model};
pub use learned::Learned;
pub use learner::{BatchLoss, Carry, Learner, epoch_order};
pub use loss_scale::LossScale;
pub use lr_find::{LrFind, RateCurve, Suggestion};
pub use optimizer::{AdamConfig, Optimizer, OptimizerConfig, OptimizerState};
pub use parts::LmParts;
pub use peers::Peers;
pub use pretrained::Pretrained;
pub use recipe::{
    Amount, ClassWeights, ClassifierRecipe, LmRecipe, LossRecipe, Recipe, SizePreset, Sizes,
};
pub use run::Run;
pub use scores::{Metric, Scores};
pub use settings::Settings;
pub use stage::{Plan, Stage, Training};
pub use state::{EpochRecord, Position, StageState, TrainState};
pub use task::targets;
pub use tensors::Tensors;
pub use ulmfit::Ulmfit;
pub use validate::Validate;
