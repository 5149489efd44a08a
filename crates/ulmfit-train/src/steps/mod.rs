//! The three steps of ULMFiT, each a function over public parts.

mod classifier;
mod language_model;
mod self_train;

use burn::module::Module;
use burn::tensor::Device;

pub use classifier::{class_loader, classify, new_classifier};
pub(crate) use language_model::{Start, Texts, train_lm};
pub use language_model::{adapt, adapted, adapted_to, finetune, new_language_model, pretrain};
pub use self_train::self_train;

/// The module on the device's autodiff side, ready for training.
fn on_autodiff<M: Module>(module: M, device: &Device) -> M {
    module.valid().to_device(&device.clone().inner()).train()
}
