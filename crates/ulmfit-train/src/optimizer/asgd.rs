//! NT-ASGD (Merity et al. 2018, section 2.3): descent that turns to averaging when the validation loss stops falling.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::rule::{Rule, Step};
use super::state::State;
use super::{Decayed, Sgd, SgdConfig};

/// When averaging begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Averaging {
    /// After the epoch in which [`NonMonotonic`] triggers.
    NonMonotonic {
        /// Its number of epochs; 5 in AWD-LSTM.
        epochs: usize,
    },
    /// With the first step: AWD-LSTM's fine-tuning.
    FromStart,
}

/// The constants of averaged stochastic gradient descent.
///
/// | field | default | source |
/// |---|---|---|
/// | `sgd` | L2 1.2e-6, clipped at 0.25, no momentum | AWD-LSTM |
/// | `averaging` | non-monotonic, 5 epochs | AWD-LSTM |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NtAsgdConfig {
    /// The steps, which averaging does not change.
    pub sgd: SgdConfig,
    /// When averaging begins.
    pub averaging: Averaging,
}

impl Default for NtAsgdConfig {
    fn default() -> Self {
        Self {
            sgd: SgdConfig::default(),
            averaging: Averaging::NonMonotonic { epochs: 5 },
        }
    }
}

impl NtAsgdConfig {
    /// Returns an optimizer that has not begun to average, unless it is to from the start.
    pub fn init(&self) -> NtAsgd {
        let (trigger, averages) = match self.averaging {
            Averaging::NonMonotonic { epochs } => (NonMonotonic::new(epochs), None),
            Averaging::FromStart => (NonMonotonic::new(0), Some(HashMap::new())),
        };
        NtAsgd {
            sgd: self.sgd.init(),
            trigger,
            averages,
        }
    }
}

/// The non-monotonic trigger: it fires when an epoch's validation loss is above the best of all but the last `epochs`.
///
/// ```
/// use ulmfit_train::optimizer::NonMonotonic;
///
/// let mut trigger = NonMonotonic::new(2);
/// let fired: Vec<bool> = [4.0, 4.2, 4.3, 4.1].map(|loss| trigger.epoch(loss)).into();
/// assert_eq!(fired, [false, false, false, true]); // 4.1 is above 4.0, the best but for the last two
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NonMonotonic {
    epochs: usize,
    history: Vec<f64>,
}

impl NonMonotonic {
    /// Returns a trigger that looks back past the last `epochs` losses.
    pub fn new(epochs: usize) -> Self {
        let history = Vec::new();
        Self { epochs, history }
    }

    /// Takes the validation loss of an epoch and returns whether it fires the trigger.
    pub fn epoch(&mut self, loss: f64) -> bool {
        let old = self.history.len().saturating_sub(self.epochs);
        let best = self.history[..old]
            .iter()
            .fold(f64::INFINITY, |best, &loss| best.min(loss));
        self.history.push(loss);
        loss > best
    }
}

/// The mean of a parameter over its steps.
#[derive(Clone, Debug)]
struct Average {
    mean: Tensor<1>,
    steps: u32,
}

/// Stochastic gradient descent that averages its weights from some point on. The steps go on from the weights
/// themselves; validated and saved is the average.
#[derive(Clone, Debug)]
pub struct NtAsgd {
    sgd: Sgd,
    trigger: NonMonotonic,
    averages: Option<HashMap<ParamId, Average>>,
}

impl NtAsgd {
    /// Whether averaging has begun.
    pub fn averages(&self) -> bool {
        self.averages.is_some()
    }

    /// Whether averaging waits for a validation loss.
    pub(super) fn waits(&self) -> bool {
        self.averages.is_none()
    }

    /// Takes the validation loss of an epoch; averaging may begin with the next step.
    pub(super) fn epoch_end(&mut self, loss: f64) {
        if self.averages.is_none() && self.trigger.epoch(loss) {
            self.averages = Some(HashMap::new());
        }
    }

    /// The model with the averages in place of its parameters.
    pub(super) fn averaged<M: Module>(&self, model: &M) -> Option<M> {
        let averages = self.averages.as_ref()?;
        Some(model.clone().map(&mut Replace(averages)))
    }

    pub(super) fn state(&self) -> State {
        let mut state = self.sgd.state();
        let all = || self.averages.iter().flatten();
        let means = all().map(|(id, average)| (*id, average.mean.clone()));
        state.tensors.insert("mean", means.collect());
        state.steps = all().map(|(id, average)| (*id, average.steps)).collect();
        state.losses = self.trigger.history.clone();
        state.averages = self.averages.is_some();
        state
    }

    pub(super) fn restore(&mut self, mut state: State) -> Result<(), &'static str> {
        let mut averages = HashMap::new();
        for (id, mean) in state.take("mean") {
            let steps = state.steps.remove(&id).ok_or("steps")?;
            averages.insert(id, Average { mean, steps });
        }
        if !state.steps.is_empty() {
            return Err("mean");
        }
        self.averages = state.averages.then_some(averages);
        self.trigger.history = std::mem::take(&mut state.losses);
        self.sgd.restore(state);
        Ok(())
    }
}

impl Rule for NtAsgd {
    fn clip(&self) -> Option<f64> {
        self.sgd.clip()
    }

    fn decayed(&self) -> Decayed {
        self.sgd.decayed()
    }

    fn update(
        &mut self,
        id: ParamId,
        parameter: Tensor<1>,
        gradient: Tensor<1>,
        step: Step,
    ) -> Tensor<1> {
        let parameter = self.sgd.update(id, parameter, gradient, step);
        if let Some(averages) = &mut self.averages {
            let average = match averages.remove(&id) {
                // As in PyTorch the share is 1 / max(1, steps before this one): the first step does not count.
                Some(Average { mean, steps }) if steps > 1 => Average {
                    mean: mean.clone() + (parameter.clone() - mean) / f64::from(steps),
                    steps: steps + 1,
                },
                before => Average {
                    mean: parameter.clone(),
                    steps: before.map_or(0, |average| average.steps) + 1,
                },
            };
            averages.insert(id, average);
        }
        parameter
    }
}

struct Replace<'a>(&'a HashMap<ParamId, Average>);

impl ModuleMapper for Replace<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(average) = self.0.get(&param.id) else {
            return param;
        };
        let (id, tensor, mapper) = param.consume();
        let mean = average.mean.clone().reshape(tensor.dims());
        Param::from_mapped_value(id, Tensor::from_inner(mean).require_grad(), mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_trigger_fires_on_a_recorded_history_as_in_awd_lstm() {
        // The validation losses of a run that stalls: in AWD-LSTM's words,
        // `len(hist) > 5 and loss > min(hist[:-5])`, the history without the current epoch.
        let losses = [
            5.61, 5.12, 4.95, 4.88, 4.90, 4.86, 4.87, 4.85, 4.89, 4.87, 4.91, 4.84, 4.88,
        ];
        let mut trigger = NonMonotonic::new(5);
        let fired: Vec<bool> = losses.iter().map(|&loss| trigger.epoch(loss)).collect();
        let expected = losses.iter().enumerate().map(|(at, &loss)| {
            let (history, n) = (&losses[..at], 5);
            at > n && history[..at - n].iter().any(|&old| loss > old)
        });
        assert_eq!(fired, expected.collect::<Vec<_>>());
        // Epoch 10 (4.91) is the first above the best of all but the last five before it (4.88).
        assert_eq!(fired.iter().position(|&fired| fired), Some(10));
    }

    #[test]
    fn a_falling_loss_never_fires() {
        let mut trigger = NonMonotonic::new(5);
        assert!((0..50).all(|epoch| !trigger.epoch(5.0 - 0.01 * f64::from(epoch))));
    }

    #[test]
    fn the_average_is_that_of_pytorch() {
        let device = Device::default();
        let config = NtAsgdConfig {
            sgd: SgdConfig {
                l2: 0.0,
                ..SgdConfig::default()
            },
            averaging: Averaging::FromStart,
        };
        let (mut asgd, id) = (config.init(), ParamId::new());
        let step = Step {
            rate: 1.0,
            momentum: 0.0,
            scale: 1.0,
            decays: false,
        };
        let mut parameter = Tensor::<1>::zeros([1], &device);
        let mut means = Vec::new();
        for _ in 0..4 {
            parameter = asgd.update(id, parameter, Tensor::ones([1], &device), step);
            let mean = asgd.averages.as_ref().and_then(|means| means.get(&id));
            means.extend(mean.map(|average| average.mean.clone().into_scalar::<f32>()));
        }
        // The parameter is -1, -2, -3, -4; from the second on the mean runs.
        for (found, expected) in means.iter().zip([-1.0, -2.0, -2.5, -3.0]) {
            assert!((found - expected).abs() < 1e-6, "{means:?}");
        }
        assert_eq!(means.len(), 4);
    }
}
