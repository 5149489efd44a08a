//! NT-ASGD (Merity et al. 2018, section 2.3): descent that turns to averaging when the validation loss stops falling.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::state::State;
use super::{Optimizer, OptimizerConfig, SgdConfig, Step, sgd};

/// The kind of its tensors, beside those of the descent.
pub(super) const MEAN: &str = "mean";

/// When averaging begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Averaging {
    /// After the first epoch that [`triggers`](NtAsgdConfig::triggers) it.
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
    pub fn init(&self) -> Optimizer {
        OptimizerConfig::from(*self).init()
    }

    /// Whether averaging begins after an epoch of validation loss `loss`, where those before had `history`: if it is above
    /// the best of all but the last epochs.
    ///
    /// ```
    /// use ulmfit_train::optimizer::{Averaging, NtAsgdConfig};
    ///
    /// let averaging = Averaging::NonMonotonic { epochs: 2 };
    /// let config = NtAsgdConfig { averaging, ..NtAsgdConfig::default() };
    /// assert!(!config.triggers(&[4.0, 4.2], 4.3));
    /// assert!(config.triggers(&[4.0, 4.2, 4.3], 4.1)); // above 4.0, the best but for the last two
    /// ```
    pub fn triggers(&self, history: &[f64], loss: f64) -> bool {
        let epochs = match self.averaging {
            Averaging::NonMonotonic { epochs } => epochs,
            Averaging::FromStart => 0,
        };
        let old = &history[..history.len().saturating_sub(epochs)];
        loss > old.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// Returns the parameter after a step of descent, which averaging does not change; the average of the weights joins it in
/// the state, once it has begun. What is validated and saved is the average.
pub(super) fn update(
    config: &NtAsgdConfig,
    state: &mut State,
    id: ParamId,
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    step: Step,
) -> Tensor<1> {
    let parameter = sgd::update(&config.sgd, state, id, parameter, gradient, step);
    if state.averages {
        // As in PyTorch the newest counts 1 / max(1, steps before this one): the first step does not count.
        let before = state.steps.get(&id).copied().unwrap_or(0);
        let mean = match state.take(MEAN, id) {
            Some(mean) if before > 1 => {
                mean.clone() + (parameter.clone() - mean) / f64::from(before)
            }
            _ => parameter.clone(),
        };
        state.put(MEAN, id, mean);
        state.steps.insert(id, before + 1);
    }
    parameter
}

/// The model with the averages in place of its parameters, where averaging has begun.
pub(super) fn averaged<M: Module>(state: &State, model: &M) -> Option<M> {
    let means = || state.tensors.get(MEAN).cloned().unwrap_or_default();
    let replaced = || model.clone().map(&mut Replace(means()));
    state.averages.then(replaced)
}

struct Replace(HashMap<ParamId, Tensor<1>>);

impl ModuleMapper for Replace {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(mean) = self.0.remove(&param.id) else {
            return param;
        };
        let (id, tensor, mapper) = param.consume();
        let mean = Tensor::from_inner(mean.reshape(tensor.dims()));
        Param::from_mapped_value(id, mean.require_grad(), mapper)
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
        let config = NtAsgdConfig::default();
        let fires = |at: usize| config.triggers(&losses[..at], losses[at]);
        let fired: Vec<bool> = (0..losses.len()).map(fires).collect();
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
        let losses: Vec<f64> = (0..50).map(|epoch| 5.0 - 0.01 * f64::from(epoch)).collect();
        let config = NtAsgdConfig::default();
        assert!((0..50).all(|at| !config.triggers(&losses[..at], losses[at])));
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
        let id = ParamId::new();
        let mut state = State {
            averages: true,
            ..State::default()
        };
        let step = Step {
            rate: 1.0,
            momentum: 0.0,
            scale: 1.0,
            decays: false,
        };
        let mut parameter = Tensor::<1>::zeros([1], &device);
        let mut means = Vec::new();
        for _ in 0..4 {
            let gradient = Tensor::ones([1], &device);
            parameter = update(&config, &mut state, id, parameter, gradient, step);
            let mean = state.tensors[MEAN][&id].clone();
            means.push(mean.into_scalar::<f32>());
        }
        // The parameter is -1, -2, -3, -4; from the second on the mean runs.
        for (found, expected) in means.iter().zip([-1.0, -2.0, -2.5, -3.0]) {
            assert!((found - expected).abs() < 1e-6, "{means:?}");
        }
        assert_eq!(means.len(), 4);
    }
}
