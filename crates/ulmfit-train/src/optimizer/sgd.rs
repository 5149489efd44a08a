//! Stochastic gradient descent, with momentum where it is wanted.

use std::collections::HashMap;

use burn::module::ParamId;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::Decayed;
use super::rule::{Rule, Step};
use super::state::State;

/// The momentum of [`Sgd`].
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
    pub fn init(&self) -> Sgd {
        Sgd {
            config: *self,
            velocities: HashMap::new(),
        }
    }
}

/// Stochastic gradient descent: `v = momentum v + g; p = p - rate v`, undampened as in PyTorch and fastai.
#[derive(Clone, Debug)]
pub struct Sgd {
    config: SgdConfig,
    velocities: HashMap<ParamId, Tensor<1>>,
}

impl Sgd {
    pub(super) fn state(&self) -> State {
        let mut state = State::default();
        state.tensors.insert("velocity", self.velocities.clone());
        state
    }

    pub(super) fn restore(&mut self, mut state: State) {
        self.velocities = state.take("velocity");
    }
}

impl Rule for Sgd {
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
        let (mut parameter, mut gradient) = (parameter, gradient);
        if step.decays && self.config.decay != 0.0 {
            parameter = parameter * (1.0 - step.rate * self.config.decay);
        }
        if step.scale != 1.0 {
            gradient = gradient * step.scale;
        }
        if step.decays && self.config.l2 != 0.0 {
            gradient = gradient + parameter.clone() * self.config.l2;
        }
        let momentum = match self.config.momentum {
            Momentum::None => return parameter - gradient * step.rate,
            Momentum::Fixed(momentum) => momentum,
            Momentum::Schedule => step.momentum,
        };
        let velocity = match self.velocities.remove(&id) {
            Some(velocity) => velocity * momentum + gradient,
            None => gradient,
        };
        self.velocities.insert(id, velocity.clone());
        parameter - velocity * step.rate
    }
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
        let mut sgd = config.init();
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
            parameter = sgd.update(id, parameter, Tensor::ones([1], &device), step);
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
