//! Adam with decoupled or L2 decay.

use std::collections::HashMap;

use burn::module::ParamId;
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};
use ulmfit_kernels::{AdamHyper, adam_update};

use super::rule::{Rule, Step};
use super::state::State;
use super::{Decayed, Optimizer};

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
        Optimizer::Adam(Adam {
            config: *self,
            moments: HashMap::new(),
        })
    }
}

/// The moments of one parameter, flat, and the number of its steps.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Mean of the gradients.
    pub first: Tensor<1>,
    /// Mean of their squares.
    pub second: Tensor<1>,
    /// Steps so far.
    pub steps: u32,
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
    /// Returns the moments of a parameter that has been stepped.
    pub fn moments(&self, id: ParamId) -> Option<&Moments> {
        self.moments.get(&id)
    }

    pub(super) fn state(&self) -> State {
        let mut state = State::default();
        let all = || self.moments.iter();
        let first = all().map(|(id, moments)| (*id, moments.first.clone()));
        let second = all().map(|(id, moments)| (*id, moments.second.clone()));
        state.tensors.insert("first", first.collect());
        state.tensors.insert("second", second.collect());
        state.steps = all().map(|(id, moments)| (*id, moments.steps)).collect();
        state
    }

    pub(super) fn restore(&mut self, mut state: State) -> Result<(), &'static str> {
        let mut second = state.take("second");
        for (id, first) in state.take("first") {
            let moments = Moments {
                first,
                second: second.remove(&id).ok_or("second")?,
                steps: state.steps.remove(&id).ok_or("steps")?,
            };
            self.moments.insert(id, moments);
        }
        match (second.is_empty(), state.steps.is_empty()) {
            (true, true) => Ok(()),
            _ => Err("first"),
        }
    }
}

impl Rule for Adam {
    fn clip(&self) -> Option<f64> {
        self.config.clip
    }

    fn decayed(&self) -> Decayed {
        self.config.decayed
    }

    fn update(
        &mut self,
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
        // Taken out of the map, so that the sweep can write in place.
        let Moments {
            first,
            second,
            steps,
        } = self.moments.remove(&id).unwrap_or_else(|| Moments {
            first: zeros(),
            second: zeros(),
            steps: 0,
        });
        let of = |factor: f64| if step.decays { factor } else { 0.0 };
        let steps = steps + 1;
        let hyper = AdamHyper {
            rate: step.rate,
            beta1: step.momentum,
            beta2: self.config.beta2,
            eps: self.config.eps,
            decay: of(self.config.decay),
            l2: of(self.config.l2),
            gradient_scale: step.scale,
            step: steps,
        };
        let (parameter, first, second) = adam_update(parameter, gradient, first, second, hyper);
        let moments = Moments {
            first,
            second,
            steps,
        };
        self.moments.insert(id, moments);
        parameter
    }
}
