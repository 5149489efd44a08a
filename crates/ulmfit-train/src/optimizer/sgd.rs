//! Stochastic gradient descent, with momentum where it is wanted.

use burn::module::ParamId;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::state::State;
use super::{Decayed, Optimizer, OptimizerConfig, Step};

/// The kind of its tensors.
pub(super) const VELOCITY: &str = "velocity";

/// The momentum of stochastic gradient descent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Momentum {
    /// None: AWD-LSTM.
    #[default]
    None,
    /// Always this much, 0 to below 1.
    Fixed(f64),
    /// The schedule's, which may change at every step: fastai.
    Schedule,
}

/// The constants of stochastic gradient descent.
///
/// | field | default | source |
/// |---|---|---|
/// | `momentum` | none | AWD-LSTM |
/// | `decay` | 0 | (fastai v2: decoupled, 0 for SGD) |
/// | `l2` | 1.2e-6 | AWD-LSTM |
/// | `clip` | 0.25 | AWD-LSTM |
/// | `decayed` | [`Decayed::All`] | AWD-LSTM |
///
/// AWD-LSTM trains at a rate of 30.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdConfig {
    /// Whether steps keep some of their direction.
    pub momentum: Momentum,
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

impl Default for SgdConfig {
    fn default() -> Self {
        Self {
            momentum: Momentum::None,
            decay: 0.0,
            l2: 1.2e-6,
            clip: Some(0.25),
            decayed: Decayed::All,
        }
    }
}

impl SgdConfig {
    /// Returns an optimizer at rest.
    pub fn init(&self) -> Optimizer {
        OptimizerConfig::from(*self).init()
    }
}

/// Returns the parameter after a step: `v = momentum v + g; p = p - rate v`, undampened as in PyTorch and fastai.
pub(super) fn update(
    config: &SgdConfig,
    state: &mut State,
    id: ParamId,
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    step: Step,
) -> Tensor<1> {
    let (mut parameter, mut gradient) = (parameter, gradient);
    if step.decays && config.decay != 0.0 {
        parameter = parameter * (1.0 - step.rate * config.decay);
    }
    if step.scale != 1.0 {
        gradient = gradient * step.scale;
    }
    if step.decays && config.l2 != 0.0 {
        gradient = gradient + parameter.clone() * config.l2;
    }
    let momentum = match config.momentum {
        Momentum::None => return parameter - gradient * step.rate,
        Momentum::Fixed(momentum) => momentum,
        Momentum::Schedule => step.momentum,
    };
    let velocity = match state.take(VELOCITY, id) {
        Some(velocity) => velocity * momentum + gradient,
        None => gradient,
    };
    state.put(VELOCITY, id, velocity.clone());
    parameter - velocity * step.rate
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// The parameter after three steps with gradient 1 from 0 at rate 1.
    fn three_steps(momentum: Momentum) -> f32 {
        let config = SgdConfig {
            momentum,
            l2: 0.0,
            ..SgdConfig::default()
        };
        let mut state = State::default();
        let device = Device::default();
        let id = ParamId::new();
        let step = Step {
            rate: 1.0,
            momentum: 0.5,
            scale: 1.0,
            decays: true,
        };
        let mut parameter = Tensor::<1>::zeros([1], &device);
        for _ in 0..3 {
            let gradient = Tensor::ones([1], &device);
            parameter = update(&config, &mut state, id, parameter, gradient, step);
        }
        parameter.into_scalar::<f32>()
    }

    #[test]
    fn momentum_adds_up_undampened() {
        assert_eq!(three_steps(Momentum::None), -3.0);
        // Velocities 1, 1.5, 1.75.
        assert_eq!(three_steps(Momentum::Fixed(0.5)), -4.25);
        assert_eq!(three_steps(Momentum::Schedule), -4.25);
    }
}
