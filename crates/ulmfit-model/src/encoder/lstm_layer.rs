//! One LSTM layer in one direction.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use ulmfit_kernels::{Int8Lstm, LstmWeights, lstm_layer};

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
    /// The same weights as whole numbers, which predictions take where they are there.
    #[module(skip)]
    int8: Option<Int8Lstm>,
}

impl LstmLayer {
    pub(crate) fn init(shape: RecurrenceShape, random: &mut Random, device: &Device) -> Self {
        let (width, hidden) = (shape.input, shape.hidden);
        let bound = 1.0 / (hidden as f64).sqrt();
        let [input, recurrent] = [[width, 4 * hidden], [hidden, 4 * hidden]]
            .map(|shape| Param::from_tensor(random.uniform(shape, bound, device)));
        let biases =
            [(); 2].map(|()| Param::from_tensor(random.uniform([4 * hidden], bound, device)));
        Self::new([input, recurrent], biases)
    }

    /// A layer of the weights `[I, 4H]` and `[H, 4H]` and of the biases `[4H]` of both.
    pub fn new(weights: [Param<Tensor<2>>; 2], biases: [Param<Tensor<1>>; 2]) -> Self {
        let ([weight_ih, weight_hh], [bias_ih, bias_hh]) = (weights, biases);
        Self {
            weight_ih,
            weight_hh,
            bias_ih,
            bias_hh,
            int8: None,
        }
    }

    /// Rounds the weights for predictions, where the CPU's kernels are built in.
    pub(crate) fn quantize(&mut self) {
        self.int8 = Int8Lstm::new(&self.weights(0.0, &mut Mode::Eval));
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
        let out = match &self.int8 {
            // Gradients, such as those of word weights, are those of the weights as they were.
            Some(int8) if !x.device().is_autodiff() => int8.forward(x, hidden, cell),
            _ => lstm_layer(
                x,
                &self.weights(weight_drop, mode),
                hidden.clone(),
                cell.clone(),
            ),
        };
        let next = RecurrentState::Lstm {
            hidden: last_step(&out.hidden),
            cell: out.cell,
        };
        (out.hidden, next)
    }

    fn weights(&self, weight_drop: f64, mode: &mut Mode) -> LstmWeights {
        LstmWeights {
            input: self.weight_ih.val(),
            hidden: self.weight_hh.val(),
            kept: mode.kept(self.weight_hh.shape().num_elements(), weight_drop),
            bias: self.bias_ih.val() + self.bias_hh.val(),
        }
    }
}
