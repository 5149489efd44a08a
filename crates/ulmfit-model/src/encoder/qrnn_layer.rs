//! One QRNN layer in one direction (Bradbury et al. 2017): the gates see no earlier output, only earlier inputs.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};

use crate::encoder::awd_lstm_config::RecurrenceShape;
use crate::encoder::dropout::Mode;
use crate::encoder::linear_recurrence::linear_recurrence;
use crate::encoder::state::{RecurrentState, last_step};
use crate::random::Random;

/// The weights of one QRNN layer, gates in fastai v1's order `z, f, o`.
///
/// ```text
/// z, f, o = x_t W + x_{t-1} W_previous + b;  z = tanh(z);  f, o = sigmoid(f, o)
/// c_t = f * z + (1 - f) * c_{t-1};  h_t = o * c_t
/// ```
///
/// fastai's one weight `[3H, 2I]` is `[W, W_previous]` side by side, transposed.
#[derive(Module, Debug)]
pub struct QrnnLayer {
    /// `[I, 3H]`, before weight dropout.
    pub weight: Param<Tensor<2>>,
    /// `[I, 3H]`, before weight dropout: what the input before contributes. Only the lowest layer looks back (fastai
    /// v1: a window of 2 there, of 1 above).
    pub weight_previous: Option<Param<Tensor<2>>>,
    /// `[3H]`
    pub bias: Param<Tensor<1>>,
}

impl QrnnLayer {
    /// Weights and bias `U(-1/sqrt(n), 1/sqrt(n))` with `n` the number of inputs that a gate reads.
    pub(crate) fn init(shape: RecurrenceShape, random: &mut Random, device: &Device) -> Self {
        let window = if shape.looks_back { 2 } else { 1 };
        let bound = 1.0 / ((window * shape.input) as f64).sqrt();
        let gates = 3 * shape.hidden;
        let mut weight = || Param::from_tensor(random.uniform([shape.input, gates], bound, device));
        Self {
            weight: weight(),
            weight_previous: shape.looks_back.then(weight),
            bias: Param::from_tensor(random.uniform([gates], bound, device)),
        }
    }

    /// The width of the output (`H`).
    pub(crate) fn width(&self) -> usize {
        self.bias.dims()[0] / 3
    }

    /// A zero state for `rows` rows.
    pub(crate) fn initial_state(&self, rows: usize) -> RecurrentState {
        let device = self.bias.device();
        let previous = self.weight_previous.as_ref();
        RecurrentState::Qrnn {
            cell: Tensor::zeros([rows, self.width()], &device),
            previous: previous.map(|w| Tensor::zeros([rows, w.dims()[0]], &device)),
        }
    }

    /// All outputs `[T, B, H]` and, detached, the last cell state and the last input where the layer looks back.
    ///
    /// Weight dropout acts on the whole weight, as in fastai v1: there is no recurrent one.
    pub(crate) fn run(
        &self,
        x: Tensor<3>,
        cell: &Tensor<2>,
        previous: Option<&Tensor<2>>,
        weight_drop: f64,
        mode: &mut Mode,
    ) -> (Tensor<3>, RecurrentState) {
        let [steps, rows, input] = x.dims();
        let (n, h) = (steps * rows, self.width());
        assert_eq!(
            self.weight_previous.is_some(),
            previous.is_some(),
            "the state must hold the last input where the layer looks back"
        );
        let weight = mode.dropout(self.weight.val(), weight_drop);
        let mut gates = x.clone().reshape([n, input]).matmul(weight);
        if let (Some(weight), Some(previous)) = (&self.weight_previous, previous) {
            let weight = mode.dropout(weight.val(), weight_drop);
            let before = one_step_later(x.clone(), previous);
            gates = gates + before.reshape([n, input]).matmul(weight);
        }
        let gates = gates + self.bias.val().unsqueeze::<2>();
        let gate = |index: usize| gates.clone().slice([0..n, index * h..(index + 1) * h]);
        let z = gate(0).tanh();
        let f = activation::sigmoid(gate(1));
        let o = activation::sigmoid(gate(2));
        let by_step = |x: Tensor<2>| x.reshape([steps, rows * h]);
        let cells = linear_recurrence(
            by_step(f.clone().neg() + 1.0),
            by_step(f * z),
            cell.clone().detach().reshape([1, rows * h]),
        );
        let next = RecurrentState::Qrnn {
            cell: last_step(&cells.clone().reshape([steps, rows, h])),
            previous: previous.map(|_| last_step(&x)),
        };
        let hidden = by_step(o) * cells;
        (hidden.reshape([steps, rows, h]), next)
    }
}

/// `[T, B, I]` moved by one step: `previous`, then all inputs but the last.
fn one_step_later(x: Tensor<3>, previous: &Tensor<2>) -> Tensor<3> {
    let [steps, rows, width] = x.dims();
    let first = previous.clone().detach().reshape([1, rows, width]);
    if steps == 1 {
        return first;
    }
    Tensor::cat(vec![first, x.slice([0..steps - 1, 0..rows, 0..width])], 0)
}
