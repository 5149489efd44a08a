//! Adam over layer groups: a rate for each group, a momentum that follows the schedule, decoupled or L2 decay,
//! clipping by the global norm.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Gradients, Tensor};
use serde::{Deserialize, Serialize};
use ulmfit_kernels::{AdamHyper, adam_update};

use crate::groups::LayerGroups;

/// The constants of Adam.
///
/// | field | default | source |
/// |---|---|---|
/// | `beta2` | 0.99 | paper section 4; all fastai generations |
/// | `eps` | 1e-5 | fastai v2 (v1 and the scripts: 1e-8) |
/// | `decay` | 0.01, decoupled | fastai v1 and v2 |
/// | `l2` | 0 | (the paper's scripts: 1e-7 instead of decoupled decay) |
/// | `clip` | none | fastai v2 (opt-in) |
///
/// The first moment's decay comes with every step: it is the schedule's momentum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamConfig {
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decoupled weight decay.
    pub decay: f64,
    /// L2 penalty, added to the gradient.
    pub l2: f64,
    /// The largest global norm of the gradient; larger ones are scaled down to it.
    pub clip: Option<f64>,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            beta2: 0.99,
            eps: 1e-5,
            decay: 0.01,
            l2: 0.0,
            clip: None,
        }
    }
}

impl AdamConfig {
    /// An optimizer without moments.
    pub fn init(&self) -> Adam {
        Adam {
            config: *self,
            moments: HashMap::new(),
        }
    }
}

/// The moments of one parameter, flat, and the number of its steps.
#[derive(Clone, Debug)]
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
    steps: u32,
}

/// Adam with its moments.
///
/// A parameter without a gradient is left exactly as it is.
/// Deviation: fastai v2 keeps decaying a frozen weight that once had a gradient.
#[derive(Clone, Debug)]
pub struct Adam {
    config: AdamConfig,
    moments: HashMap<ParamId, Moments>,
}

impl Adam {
    /// One step: the model after `gradients`, with `rates[g]` for group `g` and `momentum` for all.
    ///
    /// # Panics
    /// If there is not one rate a group.
    pub fn step<M: Module>(
        &mut self,
        model: M,
        mut gradients: Gradients,
        groups: &LayerGroups,
        rates: &[f64],
        momentum: f64,
    ) -> M {
        assert_eq!(
            rates.len(),
            groups.len(),
            "one learning rate for each layer group"
        );
        let gradient_scale = match self.config.clip {
            Some(limit) => (limit / (global_norm(&model, &gradients) + 1e-6)).min(1.0),
            None => 1.0,
        };
        let mut sweep = Sweep {
            adam: self,
            gradients: &mut gradients,
            groups,
            rates,
            momentum,
            gradient_scale,
        };
        model.map(&mut sweep)
    }
}

/// Walks over the parameters and updates those that have a gradient.
struct Sweep<'a> {
    adam: &'a mut Adam,
    gradients: &'a mut Gradients,
    groups: &'a LayerGroups,
    rates: &'a [f64],
    momentum: f64,
    gradient_scale: f64,
}

impl ModuleMapper for Sweep<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(group) = self.groups.group_of(param.id) else {
            return param;
        };
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = tensor.grad_remove(self.gradients) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let shape = tensor.dims();
        let flat = [shape.iter().product::<usize>()];
        let parameter = tensor.inner().reshape(flat);
        let zeros = || Tensor::zeros(flat, &parameter.device());
        let Moments {
            first,
            second,
            steps,
        } = self.adam.moments.remove(&id).unwrap_or_else(|| Moments {
            first: zeros(),
            second: zeros(),
            steps: 0,
        });
        let config = self.adam.config;
        let decays = self.groups.decays(id);
        let hyper = AdamHyper {
            rate: self.rates[group],
            beta1: self.momentum,
            beta2: config.beta2,
            eps: config.eps,
            decay: if decays { config.decay } else { 0.0 },
            l2: if decays { config.l2 } else { 0.0 },
            gradient_scale: self.gradient_scale,
            step: steps + 1,
        };
        let (parameter, first, second) =
            adam_update(parameter, gradient.reshape(flat), first, second, hyper);
        self.adam.moments.insert(
            id,
            Moments {
                first,
                second,
                steps: steps + 1,
            },
        );
        let updated = Tensor::from_inner(parameter.reshape(shape)).require_grad();
        Param::from_mapped_value(id, updated, mapper)
    }
}

/// The L2 norm of all gradients together.
fn global_norm<M: Module>(model: &M, gradients: &Gradients) -> f64 {
    struct Norm<'a> {
        gradients: &'a Gradients,
        sum: Option<Tensor<1>>,
    }
    impl ModuleVisitor for Norm<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.gradients) {
                let square = (gradient.clone() * gradient).sum();
                self.sum = Some(match self.sum.take() {
                    Some(sum) => sum + square,
                    None => square,
                });
            }
        }
    }
    let mut norm = Norm {
        gradients,
        sum: None,
    };
    model.visit(&mut norm);
    norm.sum
        .map_or(0.0, |sum| f64::from(sum.into_scalar::<f32>()).sqrt())
}
