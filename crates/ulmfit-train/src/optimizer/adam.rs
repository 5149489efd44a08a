//! Adam with decoupled or L2 decay.

use burn::module::ParamId;
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};
use ulmfit_kernels::{AdamHyper, adam_update};

use super::state::State;
use super::{Decayed, Optimizer, OptimizerConfig, Step};

/// The kinds of its tensors: the means of the gradients and of their squares.
pub(super) const FIRST: &str = "first";
pub(super) const SECOND: &str = "second";

/// The constants of Adam.
///
/// | field | default | source |
/// |---|---|---|
/// | `beta2` | 0.99 | paper section 4; all fastai generations |
/// | `eps` | 1e-5 | fastai v2 (v1 and the scripts: 1e-8) |
/// | `decay` | 0.01, decoupled | fastai v1 and v2 |
/// | `l2` | 0 | (the paper's scripts: 1e-7 instead of decoupled decay) |
/// | `clip` | none | fastai v2 (opt-in) |
/// | `decayed` | [`Decayed::FastaiV2`] | fastai v2 (v1: all) |
///
/// The first moment's decay comes with every step: it is the schedule's momentum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
    #[serde(with = "crate::none")]
    pub clip: Option<f64>,
    /// The parameters that `decay` and `l2` act on.
    pub decayed: Decayed,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            beta2: 0.99,
            eps: 1e-5,
            decay: 0.01,
            l2: 0.0,
            clip: None,
            decayed: Decayed::FastaiV2,
        }
    }
}

impl AdamConfig {
    /// Returns an optimizer without moments.
    pub fn init(&self) -> Optimizer {
        OptimizerConfig::from(*self).init()
    }
}

/// Returns the parameter after a step. One without a gradient is left exactly as it is: it comes never here.
///
/// Deviation: fastai v2 keeps decaying a frozen weight that once had a gradient.
pub(super) fn update(
    config: &AdamConfig,
    state: &mut State,
    id: ParamId,
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    step: Step,
) -> Tensor<1> {
    // Not `Tensor::zeros`, which writes them: on the CPU what is never written to takes no memory.
    let zeros = || {
        let zeros = TensorData::new(vec![0.0f32; parameter.dims()[0]], parameter.dims());
        Tensor::from_data(zeros, &parameter.device())
    };
    let mut moment = |kind| state.take(kind, id).unwrap_or_else(zeros);
    let (first, second) = (moment(FIRST), moment(SECOND));
    let steps = state.steps.entry(id).or_default();
    *steps += 1;
    let of = |factor: f64| if step.decays { factor } else { 0.0 };
    let hyper = AdamHyper {
        rate: step.rate,
        beta1: step.momentum,
        beta2: config.beta2,
        eps: config.eps,
        decay: of(config.decay),
        l2: of(config.l2),
        gradient_scale: step.scale,
        step: *steps,
    };
    let (parameter, first, second) = adam_update(parameter, gradient, first, second, hyper);
    state.put(FIRST, id, first);
    state.put(SECOND, id, second);
    parameter
}
