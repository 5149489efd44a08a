//! Optimizers over layer groups: a rate for each group, a momentum that follows the schedule, clipping by the global
//! norm.
//!
//! | optimizer | source |
//! |---|---|
//! | [`AdamConfig`] (default) | paper section 4; all fastai generations |
//! | [`SgdConfig`] | AWD-LSTM, before averaging |
//! | [`NtAsgdConfig`] | AWD-LSTM: SGD that averages its weights once the validation loss no longer falls |
//!
//! To add one, write one file beside this one with its configuration and the step of one parameter, and add its variant to
//! [`OptimizerConfig`] with its arms. What it holds of earlier steps in its state goes into checkpoints by itself.

mod adam;
mod asgd;
mod sgd;
mod state;
mod sweep;

pub use adam::AdamConfig;
pub use asgd::{Averaging, NtAsgdConfig};
pub use sgd::{Momentum, SgdConfig};
pub use state::OptimizerState;

use burn::module::{Module, ParamId};
use burn::tensor::{Gradients, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::gradients::ParamGradients;
use crate::groups::LayerGroups;
use state::State;
use sweep::sweep;

/// The numbers of one step of one parameter.
#[derive(Clone, Copy, Debug)]
struct Step {
    rate: f64,
    momentum: f64,
    /// The gradient is multiplied by this first.
    scale: f64,
    /// Whether weight decay acts on this parameter.
    decays: bool,
}

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

impl From<SgdConfig> for OptimizerConfig {
    fn from(config: SgdConfig) -> Self {
        Self::Sgd(config)
    }
}

impl From<NtAsgdConfig> for OptimizerConfig {
    fn from(config: NtAsgdConfig) -> Self {
        Self::NtAsgd(config)
    }
}

impl OptimizerConfig {
    /// Returns the optimizer's name in recipes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Adam(_) => "adam",
            Self::Sgd(_) => "sgd",
            Self::NtAsgd(_) => "nt_asgd",
        }
    }

    /// With gradients scaled down to this global norm where it is larger, or not at all.
    ///
    /// ```
    /// use ulmfit_train::optimizer::{OptimizerConfig, SgdConfig};
    ///
    /// let sgd = OptimizerConfig::from(SgdConfig::default()).with_clip(Some(0.5));
    /// assert_eq!(sgd.clip(), Some(0.5));
    /// ```
    #[must_use]
    pub fn with_clip(mut self, clip: Option<f64>) -> Self {
        match &mut self {
            Self::Adam(config) => config.clip = clip,
            Self::Sgd(config) => config.clip = clip,
            Self::NtAsgd(config) => config.sgd.clip = clip,
        }
        self
    }

    /// Returns the largest global norm of the gradient.
    pub fn clip(&self) -> Option<f64> {
        match self {
            Self::Adam(config) => config.clip,
            Self::Sgd(config) => config.clip,
            Self::NtAsgd(config) => config.sgd.clip,
        }
    }

    /// Returns which parameters decay.
    pub fn decayed(&self) -> Decayed {
        match self {
            Self::Adam(config) => config.decayed,
            Self::Sgd(config) => config.decayed,
            Self::NtAsgd(config) => config.sgd.decayed,
        }
    }

    /// Returns an optimizer without a past.
    pub fn init(&self) -> Optimizer {
        let averages = matches!(
            self,
            Self::NtAsgd(NtAsgdConfig {
                averaging: Averaging::FromStart,
                ..
            })
        );
        Optimizer {
            config: *self,
            state: State {
                averages,
                ..State::default()
            },
        }
    }
}

/// An optimizer with its state.
#[derive(Clone, Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    state: State,
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
        let Self { config, state } = self;
        sweep(config, state, model, gradients, groups, rates, momentum)
    }

    /// Returns the model to validate and to save where it is not the one that is trained: the average of NT-ASGD.
    pub fn averaged<M: Module>(&self, model: &M) -> Option<M> {
        asgd::averaged(&self.state, model)
    }

    /// Tells the optimizer the validation loss of an epoch, after which NT-ASGD may begin to average.
    pub fn epoch_end(&mut self, valid_loss: Option<f64>) {
        if let (OptimizerConfig::NtAsgd(config), Some(loss)) = (&self.config, valid_loss)
            && !self.state.averages
        {
            self.state.averages = config.triggers(&self.state.losses, loss);
            self.state.losses.push(loss);
        }
    }

    /// Returns a tensor of a parameter that has been stepped, flat: `first` and `second` of Adam's moments, `velocity` of
    /// a descent with momentum, `mean` of averages.
    pub fn tensor(&self, kind: &str, id: ParamId) -> Option<&Tensor<1>> {
        self.state.tensors.get(kind)?.get(&id)
    }

    /// Returns the steps of a parameter that are counted: those of Adam, and those that were averaged.
    pub fn steps(&self, id: ParamId) -> u32 {
        self.state.steps.get(&id).copied().unwrap_or(0)
    }

    /// Returns everything that it holds of earlier steps, `model`'s parameters by their paths.
    ///
    /// ```
    /// use burn::module::Param;
    /// use burn::tensor::{Device, Tensor};
    /// use ulmfit_train::{AdamConfig, LayerGroups, Optimizer};
    ///
    /// let model = vec![Param::from_tensor(Tensor::<1>::ones([2], &Device::default().autodiff()))];
    /// let (groups, config) = (LayerGroups::whole(&model), AdamConfig::default());
    /// let mut adam = config.init();
    /// let gradients = model[0].val().sum().backward();
    /// let model = adam.step(model, gradients, &groups, &[0.1], 0.9);
    ///
    /// let state = adam.state(&model);
    /// let again = Optimizer::from_state(&config.into(), state.clone(), &model)?;
    /// assert_eq!(again.state(&model), state);
    /// # Ok::<(), ulmfit_train::Error>(())
    /// ```
    pub fn state<M: Module>(&self, model: &M) -> OptimizerState {
        self.state.store(model)
    }

    /// Returns the optimizer of which [`state`](Self::state) was taken; `model` has the same parameters.
    ///
    /// # Errors
    /// [`Error::Tensor`](crate::Error::Tensor) for a tensor that is missing, of another size, or of no parameter.
    pub fn from_state<M: Module>(
        config: &OptimizerConfig,
        state: OptimizerState,
        model: &M,
    ) -> Result<Self> {
        let (kinds, counted): (&[_], &[_]) = match config {
            OptimizerConfig::Adam(_) => {
                (&[adam::FIRST, adam::SECOND], &[adam::FIRST, adam::SECOND])
            }
            OptimizerConfig::Sgd(_) => (&[sgd::VELOCITY], &[]),
            OptimizerConfig::NtAsgd(_) => (&[sgd::VELOCITY, asgd::MEAN], &[asgd::MEAN]),
        };
        Ok(Self {
            config: *config,
            state: State::read(kinds, counted, state, model)?,
        })
    }

    /// Whether it needs a validation loss after every epoch.
    pub(crate) fn needs_validation(&self) -> bool {
        matches!(self.config, OptimizerConfig::NtAsgd(_)) && !self.state.averages
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use burn::module::{Param, ParamGroup};
    use burn::tensor::{Device, Tensor};

    fn all() -> [OptimizerConfig; 3] {
        let (adam, sgd) = (AdamConfig::default(), SgdConfig::default());
        [adam.into(), sgd.into(), NtAsgdConfig::default().into()]
    }

    #[test]
    fn every_optimizer_has_the_name_that_recipes_give_it() {
        for config in all() {
            let json = serde_json::to_value(config).unwrap();
            assert!(json.get(config.name()).is_some(), "{json}");
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
        for config in all() {
            let (name, (moved, stayed)) = (config.name(), after_a_step(config));
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
