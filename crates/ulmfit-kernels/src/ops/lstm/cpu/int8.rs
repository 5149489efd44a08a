//! The layer in int8, for prediction on the CPU: weights rounded and packed once, a quarter of the bytes to read.
//!
//! Inputs and hidden states are rounded for their products, to 127 steps of the largest value of their row; the sums are
//! exact, so that a row has the same bits on every processor and in every batch up to the gates, which are in `f32`.

use std::fmt;
use std::sync::Arc;

use burn::tensor::Tensor;

use super::super::{LstmOutput, LstmWeights};
use super::recurrence::Recurrence;
use super::sequence::{Sequence, Weights};
use crate::cpu::gemm::{Element, Matrix, Packed};
use crate::cpu::team::Team;

/// One layer's weights as integers from -127 to 127, with a factor for each output; see [`crate::int8`].
///
/// Copies share the weights.
#[derive(Clone)]
pub struct Int8Lstm(Arc<Packs>);

struct Packs {
    projection: Packed,
    recurrence: Recurrence,
    bias: Vec<f32>,
}

impl fmt::Debug for Int8Lstm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.0.bias.len() / 4;
        f.debug_struct("Int8Lstm").field("hidden", &hidden).finish()
    }
}

impl Int8Lstm {
    /// Rounds the weights of a layer, all of them kept, and packs them; `None` where the CPU's kernels (feature `flex`) are
    /// not built in.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use ulmfit_kernels::{Int8Lstm, LstmWeights};
    ///
    /// let device = Device::default();
    /// let layer = Int8Lstm::new(&LstmWeights {
    ///     input: Tensor::ones([3, 8], &device),
    ///     hidden: Tensor::ones([2, 8], &device),
    ///     kept: None,
    ///     bias: Tensor::zeros([8], &device),
    /// });
    /// let layer = layer.ok_or("needs the feature flex")?;
    /// let zeros = Tensor::<2>::zeros([4, 2], &device);
    /// let out = layer.forward(Tensor::ones([5, 4, 3], &device), &zeros, &zeros);
    /// assert_eq!(out.hidden.dims(), [5, 4, 2]);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn new(weights: &LstmWeights) -> Option<Self> {
        let [width, h4] = weights.input.dims();
        let hidden = h4 / 4;
        let input = contents(weights.input.clone());
        let recurrent = contents(weights.hidden.clone());
        let bias = contents(weights.bias.clone());
        let pack = |team: &Team| Packs {
            projection: Packed::new(team, Element::Int8, Matrix::new(&input, h4), [width, h4]),
            recurrence: Recurrence::forward_of(team, Element::Int8, &recurrent, None, hidden),
            bias,
        };
        Some(Self(Arc::new(Team::run(pack))))
    }

    /// As [`lstm_layer`](crate::lstm_layer) with the rounded weights, on the CPU and without gradients.
    ///
    /// # Panics
    /// If the shapes do not fit together.
    pub fn forward(&self, inputs: Tensor<3>, hidden: &Tensor<2>, cell: &Tensor<2>) -> LstmOutput {
        let (shape, device) = (inputs.dims(), inputs.device());
        let [_, rows, _] = shape;
        let h = self.0.bias.len() / 4;
        assert_eq!(hidden.dims(), [rows, h], "hidden state must be [B, H]");
        assert_eq!(cell.dims(), [rows, h], "cell state must be [B, H]");
        let (x, h0, c0) = (
            contents(inputs),
            contents(hidden.clone()),
            contents(cell.clone()),
        );
        let sequence = Sequence {
            shape,
            x: &x,
            bias: &self.0.bias,
            h0: &h0,
            c0: &c0,
        };
        let out = Team::run(|team| sequence.forward(team, &mut &*self.0, false));
        LstmOutput {
            hidden: Tensor::from_data(out.hidden.into_data(), &device),
            cell: Tensor::from_data(out.last_cell.into_data(), &device),
        }
    }
}

impl Weights for &Packs {
    fn project(&self, team: &Team, dst: &mut [f32], rows: usize, left: Matrix<'_>) {
        self.projection.multiply(team, dst, rows, left);
    }

    fn recurrence(&mut self, _: &Team, _: usize, _: bool) -> &Recurrence {
        &self.recurrence
    }
}

fn contents<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data().convert::<f32>();
    data.try_into_vec().expect("values were converted to f32")
}
