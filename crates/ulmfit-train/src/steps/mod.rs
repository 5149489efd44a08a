//! The three steps of ULMFiT, each a function over public parts.

mod classifier;
mod language_model;
mod self_train;

use burn::module::Module;
use burn::tensor::Device;

use crate::checkpoint::Checkpoints;
use crate::fit::{FitConfig, Validate};
use crate::observe::Observer;

pub use classifier::{class_loader, classify, new_classifier};
pub use language_model::{
    adapt, adapted, adapted_to, build_vocab, finetune, new_language_model, pretrain,
};
pub use self_train::self_train;

/// Seed, observer, checkpoints and scoring of a run of steps.
///
/// ```
/// use ulmfit_train::Validate;
/// use ulmfit_train::observe::History;
/// use ulmfit_train::steps::Run;
///
/// let mut history = History::default();
/// let run = Run::new(&mut history).with_seed(3).with_validate(Validate::AtEnd);
/// assert_eq!(run.seed, 3);
/// ```
pub struct Run<'a> {
    /// Every random number of the run follows from this.
    pub seed: u64,
    /// Where the run is stored, so that it can be cut anywhere: each step in a folder of its own within this one, named
    /// `pretrain`, `adapt`, `finetune` and `classify`.
    pub checkpoints: Option<Checkpoints>,
    /// How often validation data are scored.
    pub validate: Validate,
    /// Told of every batch and epoch.
    pub observer: &'a mut dyn Observer,
}

impl<'a> Run<'a> {
    /// A run with seed 0, scored after each epoch, that is not stored; `&mut ()` watches nothing.
    pub fn new(observer: &'a mut dyn Observer) -> Self {
        Self {
            seed: 0,
            checkpoints: None,
            validate: Validate::default(),
            observer,
        }
    }

    /// With this seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
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

    /// With validation data scored more rarely.
    #[must_use]
    pub fn with_validate(self, validate: Validate) -> Self {
        Self { validate, ..self }
    }

    /// What the loop of one step begins with.
    fn fit(&mut self, step: &str) -> FitConfig<'_> {
        let checkpoints = self.checkpoints.as_ref().map(|all| all.within(step));
        FitConfig::new(self.observer)
            .with_checkpoints(checkpoints)
            .with_validate(self.validate)
            .with_seed(self.seed)
    }
}

/// The module on the device's autodiff side, ready for training.
fn on_autodiff<M: Module>(module: M, device: &Device) -> M {
    module.valid().to_device(&device.clone().inner()).train()
}
