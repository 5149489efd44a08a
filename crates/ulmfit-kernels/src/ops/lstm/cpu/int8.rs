//! The layer with weights as whole numbers, for prediction on the CPU: packed once, a quarter of the bytes to read.
//!
//! Hidden states, which lie between -1 and 1, are rounded to whole numbers for their product with the recurrent weights,
//! in steps of 1/32,767 or of as much as leaves the sums below 2^31 (1/14,678 for 1,152 of them); these sums are exact. The
//! rounding is a hundredth of that of the weights. All else stays in single precision.

use std::fmt;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};

use super::super::{LstmOutput, LstmWeights};
use super::recurrence::Recurrence;
use super::sequence::{Sequence, Weights};
use crate::cpu::gemm::{Element, Matrix, Packed};
use crate::cpu::team::Team;
use crate::ops::flex_tensors::values;

/// One layer's weights as whole numbers from -127 to 127, with a factor for each output; see [`crate::int8`].
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

    /// As [`lstm_layer`](super::lstm_layer) with the rounded weights, on the CPU and without gradients.
    ///
    /// Of a given hidden state, what is beyond -1 and 1 counts as -1 and 1, which no LSTM leaves.
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
        let data = |values: &[f32], shape: &[usize]| TensorData::new(values.to_vec(), shape);
        let [steps, rows, _] = shape;
        LstmOutput {
            hidden: Tensor::from_data(data(values(&out.hidden), &[steps, rows, h]), &device),
            cell: Tensor::from_data(data(values(&out.last_cell), &[rows, h]), &device),
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
    tensor.into_data().iter::<f32>().collect()
}
