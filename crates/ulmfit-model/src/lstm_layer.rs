//! One LSTM layer in one direction.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use ulmfit_kernels::{LstmWeights, lstm_layer};

use crate::dropout::Mode;
use crate::random::Random;
use crate::state::RecurrentState;

/// The weights of one LSTM layer in one direction, gates in PyTorch's order `i, f, g, o`, transposed against PyTorch.
#[derive(Module, Debug)]
pub struct LstmLayer {
    /// `[I, 4H]`
    pub weight_ih: Param<Tensor<2>>,
    /// `[H, 4H]`, before weight dropout.
    pub weight_hh: Param<Tensor<2>>,
    /// `[4H]`
    pub bias_ih: Param<Tensor<1>>,
    /// `[4H]`; PyTorch has two biases, and weight decay acts on each.
    pub bias_hh: Param<Tensor<1>>,
}

impl LstmLayer {
    pub(crate) fn init(width: usize, hidden: usize, random: &mut Random, device: &Device) -> Self {
        let bound = 1.0 / (hidden as f64).sqrt();
        Self {
            weight_ih: Param::from_tensor(random.uniform([width, 4 * hidden], bound, device)),
            weight_hh: Param::from_tensor(random.uniform([hidden, 4 * hidden], bound, device)),
            bias_ih: Param::from_tensor(random.uniform([4 * hidden], bound, device)),
            bias_hh: Param::from_tensor(random.uniform([4 * hidden], bound, device)),
        }
    }

    /// The width of the hidden state (`H`).
    pub(crate) fn width(&self) -> usize {
        self.weight_hh.dims()[0]
    }

    /// All hidden states `[T, B, H]` and the state after the last step, detached.
    pub(crate) fn run(
        &self,
        x: Tensor<3>,
        state: &RecurrentState,
        weight_drop: f64,
        mode: &mut Mode,
    ) -> (Tensor<3>, RecurrentState) {
        let [steps, rows, _] = x.dims();
        let weights = LstmWeights {
            input: self.weight_ih.val(),
            hidden: mode.drop_elements(self.weight_hh.val(), weight_drop),
            bias: self.bias_ih.val() + self.bias_hh.val(),
        };
        let out = lstm_layer(x, &weights, state.hidden.clone(), state.cell.clone());
        let width = out.hidden.dims()[2];
        let last = out
            .hidden
            .clone()
            .detach()
            .slice([steps - 1..steps, 0..rows, 0..width]);
        let next = RecurrentState {
            hidden: last.reshape([rows, width]),
            cell: out.cell,
        };
        (out.hidden, next)
    }
}
