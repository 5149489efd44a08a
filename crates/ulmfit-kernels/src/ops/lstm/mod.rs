//! A whole LSTM layer as one differentiable operation.
//!
//! Forward (Hochreiter & Schmidhuber 1997, gates in PyTorch's order `i, f, g, o`), for every step `t`:
//!
//! ```text
//! z = x_t W_ih + h_{t-1} W_hh + b        [B, 4H]
//! i, f, o = sigmoid(z_i, z_f, z_o);  g = tanh(z_g)
//! c_t = f * c_{t-1} + i * g;  h_t = o * tanh(c_t)
//! ```

#[cfg(feature = "flex")]
mod cpu;
mod generic;
#[cfg(all(feature = "gpu", not(feature = "fusion")))]
mod gpu;
#[cfg(not(feature = "flex"))]
mod no_int8;
mod node;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::mask::KeptElements;
#[cfg(feature = "flex")]
pub use cpu::Int8Lstm;
#[cfg(not(feature = "flex"))]
pub use no_int8::Int8Lstm;
use node::LstmOps;

/// The weights of one layer in the layout that the kernels read.
#[derive(Clone, Debug)]
pub struct LstmWeights {
    /// Input to gates, `[I, 4H]`.
    pub input: Tensor<2>,
    /// Hidden to gates, `[H, 4H]`.
    pub hidden: Tensor<2>,
    /// Weight dropout: which elements of `hidden` are kept, in row-major order, for all steps of the call; all where
    /// there is `None`. The kernels drop while they read, so that no dropped copy of the weight is ever made on the CPU.
    pub kept: Option<KeptElements>,
    /// The sum of both of PyTorch's biases, `[4H]`.
    pub bias: Tensor<1>,
}

/// What a layer gives back.
#[derive(Clone, Debug)]
pub struct LstmOutput {
    /// Every step's hidden state, `[T, B, H]`, differentiable.
    pub hidden: Tensor<3>,
    /// The last cell state, `[B, H]`, detached: back-propagation is truncated where a call ends.
    pub cell: Tensor<2>,
}

/// Runs an LSTM layer over all steps of `inputs` and returns all hidden states and the last cell state.
///
/// Gradients reach `inputs` and the weights. `hidden` and `cell` (the state at the start) take none, and the returned
/// cell carries none: ULMFiT truncates back-propagation at the window's border. The last hidden state is the last
/// step of [`LstmOutput::hidden`].
///
/// # Shapes
/// * `inputs`: `[T, B, I]`, time first
/// * `hidden`, `cell`: `[B, H]`
///
/// # Panics
/// If the shapes do not fit together, or there is no step, row or unit.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_kernels::{LstmWeights, lstm_layer};
///
/// let device = Device::default();
/// let weights = LstmWeights {
///     input: Tensor::zeros([3, 8], &device),
///     hidden: Tensor::zeros([2, 8], &device),
///     kept: None,
///     bias: Tensor::zeros([8], &device),
/// };
/// let zeros = Tensor::<2>::zeros([4, 2], &device);
/// let out = lstm_layer(Tensor::ones([5, 4, 3], &device), &weights, zeros.clone(), zeros);
/// assert_eq!(out.hidden.dims(), [5, 4, 2]);
/// assert_eq!(out.cell.dims(), [4, 2]);
/// ```
pub fn lstm_layer(
    inputs: Tensor<3>,
    weights: &LstmWeights,
    hidden: Tensor<2>,
    cell: Tensor<2>,
) -> LstmOutput {
    let [steps, rows, width] = inputs.dims();
    let [h, gates] = weights.hidden.dims();
    assert_eq!(
        gates,
        4 * h,
        "recurrent weight must be [H, 4H], found [{h}, {gates}]"
    );
    assert_eq!(
        weights.input.dims(),
        [width, gates],
        "input weight must be [I, 4H]"
    );
    assert_eq!(weights.bias.dims(), [gates], "bias must be [4H]");
    assert_eq!(hidden.dims(), [rows, h], "hidden state must be [B, H]");
    assert_eq!(cell.dims(), [rows, h], "cell state must be [B, H]");
    if let Some(kept) = &weights.kept {
        assert_eq!(kept.len, h * gates, "one factor a recurrent weight");
    }
    assert!(steps > 0, "a sequence has at least one step");
    assert!(
        rows > 0 && h > 0,
        "a batch has at least one row, a layer at least one unit"
    );
    let (hidden, cell) = Dispatch::lstm_layer(
        inputs.into_dispatch(),
        weights.input.clone().into_dispatch(),
        weights.hidden.clone().into_dispatch(),
        weights.kept.clone(),
        weights.bias.clone().into_dispatch(),
        hidden.detach().into_dispatch(),
        cell.detach().into_dispatch(),
    );
    LstmOutput {
        hidden: Tensor::from_dispatch(hidden),
        cell: Tensor::from_dispatch(cell),
    }
}
