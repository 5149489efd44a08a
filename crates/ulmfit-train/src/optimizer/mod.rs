//! Optimizers over layer groups: a rate for each group, a momentum that follows the schedule, clipping by the global
//! norm.
//!
//! | optimizer | source |
//! |---|---|
//! | [`Adam`] (default) | paper section 4; all fastai generations |
//! | [`Sgd`] | AWD-LSTM, before averaging |
//! | [`NtAsgd`] | AWD-LSTM: SGD that averages its weights once the validation loss no longer falls |
//!
//! To add one, write one file beside this one that implements `Rule` (`rule.rs`), and add its variants to [`OptimizerConfig`] and
//! [`Optimizer`] and its line to [`ALL`]. What it remembers goes into checkpoints by `memory` and `recall`.

mod adam;
mod asgd;
mod memory;
mod rule;
mod sgd;

pub use adam::{Adam, AdamConfig, Moments};
pub use asgd::{Averaging, NonMonotonic, NtAsgd, NtAsgdConfig};
pub use sgd::{Momentum, Sgd, SgdConfig};

use burn::module::Module;
use burn::tensor::Gradients;
use serde::{Deserialize, Serialize};

use crate::gradients::ParamGradients;
use crate::groups::LayerGroups;
pub(crate) use memory::Memory;
use rule::sweep;

/// Which parameters weight decay (decoupled or L2) acts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decayed {
    /// All but the decoder's bias and the head's normalizations. The biases of the LSTM layers do decay: fastai v2.
    #[default]
    FastaiV2,
    /// All: fastai v1 and AWD-LSTM.
    All,
}

/// An optimizer's numbers, as data.
///
/// ```
/// use ulmfit_train::optimizer::{AdamConfig, OptimizerConfig};
///
/// let config = OptimizerConfig::default();
/// assert_eq!(config, AdamConfig::default().into());
/// assert_eq!(config.name(), "adam");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizerConfig {
    /// Adam.
    Adam(AdamConfig),
    /// Stochastic gradient descent.
    Sgd(SgdConfig),
    /// Stochastic gradient descent with averaging.
    NtAsgd(NtAsgdConfig),
}

/// A line of the registry: a name and the configuration it stands for, with its source's defaults.
pub type OptimizerEntry = (&'static str, fn() -> OptimizerConfig);

/// Every optimizer by name.
pub const ALL: &[OptimizerEntry] = &[
    ("adam", || OptimizerConfig::Adam(AdamConfig::default())),
    ("sgd", || OptimizerConfig::Sgd(SgdConfig::default())),
    ("nt_asgd", || {
        OptimizerConfig::NtAsgd(NtAsgdConfig::default())
    }),
];

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(AdamConfig::default())
    }
}

impl From<AdamConfig> for OptimizerConfig {
    fn from(config: AdamConfig) -> Self {
        Self::Adam(config)
    }
}

impl OptimizerConfig {
    /// Returns the name under which the optimizer is registered.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Adam(_) => "adam",
            Self::Sgd(_) => "sgd",
            Self::NtAsgd(_) => "nt_asgd",
        }
    }

    /// Returns an optimizer without memory of earlier steps.
    pub fn init(&self) -> Optimizer {
        match self {
            Self::Adam(config) => config.init(),
            Self::Sgd(config) => Optimizer::Sgd(config.init()),
            Self::NtAsgd(config) => Optimizer::NtAsgd(config.init()),
        }
    }
}

/// An optimizer with its memory.
#[derive(Clone, Debug)]
pub enum Optimizer {
    /// Adam.
    Adam(Adam),
    /// Stochastic gradient descent.
    Sgd(Sgd),
    /// Stochastic gradient descent with averaging.
    NtAsgd(NtAsgd),
}

impl Optimizer {
    /// Returns the model after one step along `gradients`, with `rates[g]` for group `g` and `momentum` for all.
    ///
    /// # Panics
    /// If there is not one rate a group.
    pub fn step<M: Module>(
        &mut self,
        model: M,
        gradients: Gradients,
        groups: &LayerGroups,
        rates: &[f64],
        momentum: f64,
    ) -> M {
        let gradients = ParamGradients::of(&model, gradients, 1.0);
        self.apply(model, gradients, groups, rates, momentum)
    }

    /// As [`Self::step`], with gradients that may come from several batches.
    ///
    /// # Panics
    /// If there is not one rate a group.
    pub fn apply<M: Module>(
        &mut self,
        model: M,
        gradients: ParamGradients,
        groups: &LayerGroups,
        rates: &[f64],
        momentum: f64,
    ) -> M {
        match self {
            Self::Adam(rule) => sweep(rule, model, gradients, groups, rates, momentum),
            Self::Sgd(rule) => sweep(rule, model, gradients, groups, rates, momentum),
            Self::NtAsgd(rule) => sweep(rule, model, gradients, groups, rates, momentum),
        }
    }

    /// Returns the model to validate and to save where it is not the one that is trained: the average of [`NtAsgd`].
    pub fn averaged<M: Module>(&self, model: &M) -> Option<M> {
        match self {
            Self::Adam(_) | Self::Sgd(_) => None,
            Self::NtAsgd(asgd) => asgd.averaged(model),
        }
    }

    /// Tells the optimizer the validation loss of an epoch, which starts the averaging of [`NtAsgd`].
    pub fn epoch_end(&mut self, valid_loss: Option<f64>) {
        if let (Self::NtAsgd(asgd), Some(loss)) = (self, valid_loss) {
            asgd.epoch_end(loss);
        }
    }

    /// The kinds of tensors that it remembers.
    pub(crate) fn kinds(&self) -> &'static [&'static str] {
        match self {
            Self::Adam(_) => &["first", "second"],
            Self::Sgd(_) => &["velocity"],
            Self::NtAsgd(_) => &["velocity", "mean"],
        }
    }

    /// Everything that it remembers of earlier steps.
    pub(crate) fn memory(&self) -> Memory {
        match self {
            Self::Adam(rule) => rule.memory(),
            Self::Sgd(rule) => rule.memory(),
            Self::NtAsgd(rule) => rule.memory(),
        }
    }

    /// Brings an optimizer at rest to where the memory was taken.
    ///
    /// # Errors
    /// The kind of a tensor or number that is missing.
    pub(crate) fn recall(&mut self, memory: Memory) -> Result<(), &'static str> {
        match self {
            Self::Adam(rule) => rule.recall(memory),
            Self::Sgd(rule) => rule.recall(memory),
            Self::NtAsgd(rule) => rule.recall(memory),
        }
    }

    /// Whether it needs a validation loss after every epoch.
    pub(crate) fn needs_validation(&self) -> bool {
        matches!(self, Self::NtAsgd(asgd) if asgd.waits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::{Param, ParamGroup};
    use burn::tensor::{Device, Tensor};

    #[test]
    fn every_optimizer_is_registered_under_its_own_name() {
        for (name, config) in ALL {
            assert_eq!(config().name(), *name);
        }
    }

    /// One step of `config` on the parameters 1 and 1, of which the second has no gradient, at rate 0.1.
    fn after_a_step(config: OptimizerConfig) -> (f32, f32) {
        let device = Device::default().autodiff();
        let one = || Param::from_tensor(Tensor::<1>::ones([1], &device));
        let pair = vec![one(), one()];
        let groups = LayerGroups::new(
            vec![ParamGroup::ids_from_module(pair.clone())],
            ParamGroup::ids_from_module(Vec::<Param<Tensor<1>>>::new()),
        );
        let gradients = (pair[0].val() * 30.0).backward();
        let pair = config.init().step(pair, gradients, &groups, &[0.1], 0.5);
        let value = |at: usize| pair[at].val().into_scalar::<f32>();
        (value(0), value(1))
    }

    #[test]
    fn a_parameter_without_a_gradient_stays_and_the_others_move() {
        for (name, config) in ALL {
            let (moved, stayed) = after_a_step(config());
            assert!(moved < 1.0, "{name}: {moved}");
            assert_eq!(stayed, 1.0, "{name}");
        }
    }

    #[test]
    fn clipping_limits_the_step_of_a_descent() {
        let config = SgdConfig {
            clip: Some(0.25),
            l2: 0.0,
            ..SgdConfig::default()
        };
        let (moved, _) = after_a_step(OptimizerConfig::Sgd(config));
        // 1 - 0.1 * 0.25: the gradient of 30 is scaled to a norm of 0.25.
        assert!((moved - 0.975).abs() < 1e-6, "{moved}");
    }
}
