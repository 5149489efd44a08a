//! What optimizers share: the walk over the parameters, clipping by the global norm, and which of them decay.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;

use super::state::State;
use super::{Decayed, OptimizerConfig, Step, adam, asgd, sgd};
use crate::gradients::ParamGradients;
use crate::groups::LayerGroups;

/// Updates every parameter that has a group and a gradient.
pub(super) fn sweep<M: Module>(
    config: &OptimizerConfig,
    state: &mut State,
    model: M,
    gradients: ParamGradients,
    groups: &LayerGroups,
    rates: &[f64],
    momentum: f64,
) -> M {
    assert_eq!(
        rates.len(),
        groups.len(),
        "one learning rate for each layer group"
    );
    // The same small number as in PyTorch's `clip_grad_norm_` keeps a norm of 0 out of the denominator.
    let clip = config
        .clip()
        .map_or(1.0, |limit| (limit / (gradients.norm() + 1e-6)).min(1.0));
    let scale = clip * gradients.factor();
    model.map(&mut Sweep {
        config,
        state,
        gradients,
        groups,
        rates,
        momentum,
        scale,
    })
}

struct Sweep<'a> {
    config: &'a OptimizerConfig,
    state: &'a mut State,
    gradients: ParamGradients,
    groups: &'a LayerGroups,
    rates: &'a [f64],
    momentum: f64,
    scale: f64,
}

impl ModuleMapper for Sweep<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(group) = self.groups.group_of(param.id) else {
            return param;
        };
        let Some(gradient) = self.gradients.take(param.id) else {
            return param;
        };
        let (id, tensor, mapper) = param.consume();
        let shape = tensor.dims();
        let step = Step {
            rate: self.rates[group],
            momentum: self.momentum,
            scale: self.scale,
            decays: match self.config.decayed() {
                Decayed::FastaiV2 => self.groups.decays(id),
                Decayed::All => true,
            },
        };
        let flat = tensor.inner().reshape([shape.iter().product::<usize>()]);
        let state = &mut *self.state;
        let updated = match self.config {
            OptimizerConfig::Adam(config) => adam::update(config, state, id, flat, gradient, step),
            OptimizerConfig::Sgd(config) => sgd::update(config, state, id, flat, gradient, step),
            OptimizerConfig::NtAsgd(config) => {
                asgd::update(config, state, id, flat, gradient, step)
            }
        };
        let updated = Tensor::from_inner(updated.reshape(shape)).require_grad();
        Param::from_mapped_value(id, updated, mapper)
    }
}
