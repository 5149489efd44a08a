//! Decoder, softmax and cross-entropy as one differentiable operation over chunks of rows.
//!
//! ```text
//! logits = h W^T + b              [N, V], only a chunk of rows at a time
//! loss   = sum_n w_n * -log softmax(logits_n)[target_n]
//! dlogits_n = w_n (softmax(logits_n) - onehot(target_n)),  dh = dlogits W,  dW = dlogits^T h,  db = sum dlogits
//! ```
//!
//! The loss is the end of the graph, so its gradient is known up to one factor: it is made in the forward pass, while
//! the chunk is in the cache, and the backward pass only scales it.

#[cfg(feature = "flex")]
mod flex;
mod generic;
mod node;
#[cfg(feature = "flex")]
mod softmax;

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor, TensorData};

use node::TiedLossOps;

/// The target of a position that takes part in neither the loss nor the accuracy.
pub const IGNORED: u32 = u32::MAX;

/// What the decoder's loss gives back.
#[derive(Clone, Debug)]
pub struct TiedLoss {
    /// Mean cross-entropy in nats over the counted positions, `[1]`, differentiable.
    pub loss: Tensor<1>,
    /// How many of the counted positions have their target as the most probable token, `[1]`, detached.
    pub correct: Tensor<1>,
    /// The number of positions that are not [`IGNORED`].
    pub counted: usize,
}

/// Mean cross-entropy of `softmax(hidden * weight^T + bias)` against `targets`, without ever holding all logits.
///
/// Gradients reach `hidden`, `weight` and `bias`. With a tied decoder `weight` is the embedding matrix, and autodiff
/// adds this gradient to that of the input side.
///
/// # Shapes
/// * `hidden`: `[N, E]`
/// * `weight`: `[V, E]`
/// * `bias`: `[V]`
/// * `targets`: `N` ids below `V`, or [`IGNORED`]
///
/// # Panics
/// If the shapes do not fit together or a target is not below `V`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_kernels::{IGNORED, tied_cross_entropy};
///
/// let device = Device::default();
/// let hidden = Tensor::zeros([3, 2], &device);
/// let weight = Tensor::ones([4, 2], &device);
/// let out = tied_cross_entropy(hidden, weight, Tensor::zeros([4], &device), &[0, 3, IGNORED]);
/// // All logits are zero: the loss is ln 4.
/// assert!((out.loss.into_scalar::<f32>() - 4f32.ln()).abs() < 1e-6);
/// assert_eq!(out.counted, 2);
/// ```
pub fn tied_cross_entropy(
    hidden: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    targets: &[u32],
) -> TiedLoss {
    let [rows, width] = hidden.dims();
    let [vocabulary, _] = weight.dims();
    assert_eq!(weight.dims(), [vocabulary, width], "weight must be [V, E]");
    assert_eq!(bias.dims(), [vocabulary], "bias must be [V]");
    assert_eq!(targets.len(), rows, "one target for each row");
    let counted = targets.iter().filter(|&&id| id != IGNORED).count();
    let share = 1.0 / counted.max(1) as f32;
    let weights = targets
        .iter()
        .map(|&id| if id == IGNORED { 0.0 } else { share })
        .collect();
    let ids = targets
        .iter()
        .map(|&id| {
            assert!(
                id == IGNORED || (id as usize) < vocabulary,
                "target {id} of {vocabulary}"
            );
            if id == IGNORED { 0 } else { i64::from(id) }
        })
        .collect();
    // Constants on the plain device: they join the graph of the other operands without taking gradients.
    let device = hidden.device();
    let ids = Tensor::<1, Int>::from_data(TensorData::new::<i64, _>(ids, [rows]), &device);
    let weights = Tensor::<1>::from_data(TensorData::new::<f32, _>(weights, [rows]), &device);
    let (loss, correct) = Dispatch::tied_loss(
        hidden.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        ids.into_dispatch(),
        weights.into_dispatch(),
    );
    TiedLoss {
        loss: Tensor::from_dispatch(loss),
        correct: Tensor::from_dispatch(correct),
        counted,
    }
}
