//! The three steps of ULMFiT, each a function over public parts.

mod classifier;
mod language_model;

use burn::module::Module;
use burn::tensor::Device;

use crate::checkpoint::Checkpoints;
use crate::observe::Observer;

pub use classifier::{class_loader, classify, new_classifier};
pub use language_model::{
    adapt, adapted, adapted_to, build_vocab, finetune, new_language_model, pretrain,
};

/// Seed, observer and checkpoints of a run of steps.
pub struct Run<'a> {
    /// Every random number of the run follows from this.
    pub seed: u64,
    /// Where the run is stored, so that it can be cut anywhere: each step in a folder of its own within this one, named
    /// `pretrain`, `adapt`, `finetune` and `classify`.
    pub checkpoints: Option<Checkpoints>,
    /// Told of every batch and epoch.
    pub observer: &'a mut dyn Observer,
}

impl Run<'_> {
    /// The checkpoints of one step.
    fn checkpoints_of(&self, step: &str) -> Option<Checkpoints> {
        self.checkpoints.as_ref().map(|all| all.within(step))
    }
}

/// The module on the device's autodiff side, ready for training.
fn on_autodiff<M: Module>(module: M, device: &Device) -> M {
    module.valid().to_device(&device.clone().inner()).train()
}
