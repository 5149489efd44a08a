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
mod cpu;
mod generic;
#[cfg(all(feature = "gpu", not(feature = "fusion")))]
mod gpu;
mod node;

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
/// If the shapes do not fit together, there is no row, or a target is not below `V`.
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
    tied_cross_entropy_with(hidden, weight, bias, targets, &CrossEntropy::default())
}

/// What a cross-entropy is, as PyTorch's `CrossEntropyLoss` has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// The share of the loss that all classes have alike, instead of the target: 0 (default) to 1.
    pub smoothing: f32,
    /// A weight for each class, `V` of them; default: all alike.
    pub weights: Option<Vec<f32>>,
}

/// As [`tied_cross_entropy`], with label smoothing and weights of the classes.
///
/// With weights `w` the loss of a row is `(1 - s) w_y nll_y + s / V sum_v w_v nll_v`, and the mean is over the sum of the
/// rows' `w_y`: PyTorch's.
///
/// # Panics
/// As [`tied_cross_entropy`], and if there are weights but not `V` of them, or the smoothing is not from 0 to 1.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_kernels::{CrossEntropy, tied_cross_entropy_with};
///
/// let device = Device::default();
/// let config = CrossEntropy { smoothing: 0.1, weights: Some(vec![1.0, 3.0]) };
/// let (hidden, weight) = (Tensor::zeros([2, 2], &device), Tensor::ones([2, 2], &device));
/// let out = tied_cross_entropy_with(hidden, weight, Tensor::zeros([2], &device), &[0, 1], &config);
/// // Both probabilities are 1/2: 0.9 (1 + 3) ln 2 + 0.1 / 2 * 2 (1 + 3) ln 2, over 1 + 3.
/// assert!((out.loss.into_scalar::<f32>() - 2f32.ln()).abs() < 1e-6);
/// ```
pub fn tied_cross_entropy_with(
    hidden: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    targets: &[u32],
    config: &CrossEntropy,
) -> TiedLoss {
    let [rows, width] = hidden.dims();
    let [vocabulary, _] = weight.dims();
    assert_eq!(weight.dims(), [vocabulary, width], "weight must be [V, E]");
    assert_eq!(bias.dims(), [vocabulary], "bias must be [V]");
    assert_eq!(targets.len(), rows, "one target for each row");
    assert!(
        rows > 0 && width > 0,
        "at least one row, and one value in it"
    );
    for &id in targets {
        let known = id == IGNORED || (id as usize) < vocabulary;
        assert!(known, "target {id} of {vocabulary}");
    }
    let shares = Shares::new(targets, vocabulary, config);
    let ids = targets
        .iter()
        .map(|&id| if id == IGNORED { 0 } else { i64::from(id) });
    // Constants on the plain device: they join the graph of the other operands without taking gradients.
    let device = hidden.device();
    let floats = |values: Vec<f32>| {
        let shape = [values.len()];
        Tensor::<1>::from_data(TensorData::new(values, shape), &device)
    };
    let ids = TensorData::new::<i64, _>(ids.collect(), [rows]);
    let evenly = shares.evenly.map(|(class, row)| {
        let (class, row) = (
            floats(class).unsqueeze_dim::<2>(0),
            floats(row).unsqueeze_dim(0),
        );
        // sum over rows and classes of r_n w_v z_nv = (r H) (w W)^T + (sum of r) (w b): no logit is needed.
        let (hidden, weight) = (
            row.clone().matmul(hidden.clone()),
            class.clone().matmul(weight.clone()),
        );
        let bias = class.matmul(bias.clone().unsqueeze_dim(1)) * row.sum().unsqueeze();
        (hidden * weight).sum() + bias.sum()
    });
    let (loss, correct) = Dispatch::tied_loss(
        hidden.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        Tensor::<1, Int>::from_data(ids, &device).into_dispatch(),
        floats(shares.rows).into_dispatch(),
        floats(shares.targets).into_dispatch(),
    );
    let loss = Tensor::from_dispatch(loss);
    TiedLoss {
        loss: match evenly {
            Some(evenly) => loss - evenly,
            None => loss,
        },
        correct: Tensor::from_dispatch(correct),
        counted: targets.iter().filter(|&&id| id != IGNORED).count(),
    }
}

/// How much each row, its target's logit and, with smoothing, the logits of all classes count.
struct Shares {
    rows: Vec<f32>,
    targets: Vec<f32>,
    /// A factor for each class and one for each row.
    evenly: Option<(Vec<f32>, Vec<f32>)>,
}

impl Shares {
    fn new(targets: &[u32], vocabulary: usize, config: &CrossEntropy) -> Self {
        let CrossEntropy { smoothing, weights } = config;
        assert!(
            (0.0..=1.0).contains(smoothing),
            "smoothing {smoothing} is not from 0 to 1"
        );
        if let Some(weights) = weights {
            assert_eq!(weights.len(), vocabulary, "one weight for each class");
        }
        let weight = |id: u32| match (id, weights) {
            (IGNORED, _) => 0.0,
            (_, None) => 1.0,
            (id, Some(weights)) => weights[id as usize],
        };
        let total: f32 = targets.iter().map(|&id| weight(id)).sum();
        // Nothing counted: nothing lost.
        let mean = if total > 0.0 { 1.0 / total } else { 0.0 };
        let at = |id: u32| (1.0 - smoothing) * weight(id) * mean;
        let at_targets: Vec<f32> = targets.iter().map(|&id| at(id)).collect();
        if *smoothing == 0.0 {
            return Self {
                rows: at_targets.clone(),
                targets: at_targets,
                evenly: None,
            };
        }
        let all = weights.clone().unwrap_or_else(|| vec![1.0; vocabulary]);
        let each = smoothing * mean / vocabulary as f32;
        let counted = |&id: &u32| if id == IGNORED { 0.0 } else { each };
        let every: Vec<f32> = targets.iter().map(counted).collect();
        let sum: f32 = all.iter().sum();
        let rows = at_targets.iter().zip(&every);
        Self {
            rows: rows.map(|(own, every)| own + every * sum).collect(),
            targets: at_targets,
            evenly: Some((all, every)),
        }
    }
}
