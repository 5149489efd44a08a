//! One LSTM layer in one direction.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use ulmfit_kernels::{LstmWeights, lstm_layer};

use crate::encoder::awd_lstm_config::RecurrenceShape;
use crate::encoder::dropout::Mode;
use crate::encoder::state::{RecurrentState, last_step};
use crate::random::Random;

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
    pub(crate) fn init(shape: RecurrenceShape, random: &mut Random, device: &Device) -> Self {
        let (width, hidden) = (shape.input, shape.hidden);
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

    /// A zero state for `rows` rows.
    pub(crate) fn initial_state(&self, rows: usize) -> RecurrentState {
        let zeros = Tensor::zeros([rows, self.width()], &self.weight_hh.device());
        RecurrentState::Lstm {
            hidden: zeros.clone(),
            cell: zeros,
        }
    }

    /// All hidden states `[T, B, H]` and the state after the last step, detached.
    pub(crate) fn run(
        &self,
        x: Tensor<3>,
        hidden: &Tensor<2>,
        cell: &Tensor<2>,
        weight_drop: f64,
        mode: &mut Mode,
    ) -> (Tensor<3>, RecurrentState) {
        let weights = LstmWeights {
            input: self.weight_ih.val(),
            hidden: mode.drop_elements(self.weight_hh.val(), weight_drop),
            bias: self.bias_ih.val() + self.bias_hh.val(),
        };
        let out = lstm_layer(x, &weights, hidden.clone(), cell.clone());
        let next = RecurrentState::Lstm {
            hidden: last_step(&out.hidden),
            cell: out.cell,
        };
        (out.hidden, next)
    }
}
