//! What optimizers share: the walk over the parameters, clipping by the global norm, and which of them decay.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::Tensor;

use super::Decayed;
use crate::gradients::ParamGradients;
use crate::groups::LayerGroups;

/// The numbers of one step of one parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) rate: f64,
    pub(super) momentum: f64,
    /// The gradient is multiplied by this first.
    pub(super) scale: f64,
    /// Whether weight decay acts on this parameter.
    pub(super) decays: bool,
}

/// What an optimizer does with one parameter.
pub(super) trait Rule {
    /// The largest global norm of the gradient.
    fn clip(&self) -> Option<f64>;

    /// Which parameters decay.
    fn decayed(&self) -> Decayed;

    /// Returns the parameter after the step; all tensors are flat and outside of autodiff.
    fn update(
        &mut self,
        id: ParamId,
        parameter: Tensor<1>,
        gradient: Tensor<1>,
        step: Step,
    ) -> Tensor<1>;
}

/// Updates every parameter that has a group and a gradient.
pub(super) fn sweep<R: Rule, M: Module>(
    rule: &mut R,
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
    let clip = rule
        .clip()
        .map_or(1.0, |limit| (limit / (gradients.norm() + 1e-6)).min(1.0));
    let scale = clip * gradients.factor();
    model.map(&mut Sweep {
        rule,
        gradients,
        groups,
        rates,
        momentum,
        scale,
    })
}

struct Sweep<'a, R> {
    rule: &'a mut R,
    gradients: ParamGradients,
    groups: &'a LayerGroups,
    rates: &'a [f64],
    momentum: f64,
    scale: f64,
}

impl<R: Rule> ModuleMapper for Sweep<'_, R> {
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
            decays: match self.rule.decayed() {
                Decayed::FastaiV2 => self.groups.decays(id),
                Decayed::All => true,
            },
        };
        let flat = tensor.inner().reshape([shape.iter().product::<usize>()]);
        let updated = self.rule.update(id, flat, gradient, step);
        let updated = Tensor::from_inner(updated.reshape(shape)).require_grad();
        Param::from_mapped_value(id, updated, mapper)
    }
}
