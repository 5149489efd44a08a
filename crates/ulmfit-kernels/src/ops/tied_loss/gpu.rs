//! The operation on the GPU: between its products one launch for each chunk, a group of units for each row of logits, which
//! reads them twice and writes their gradient over them. Sums are in `f32` whatever the tensors hold.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::ops::FloatTensorOps;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::Slice;
use burn_cubecl::kernel::into_contiguous;
use cubecl::prelude::*;

use crate::ops::gpu_memory::empty;
use crate::ops::matmul::Products;

use super::generic::ChunkGradients;
use super::node::{Inputs, Outputs, TiedLossKernels};

/// Logits in a chunk: 32 Mi values are 128 MB.
const CHUNK_VALUES: usize = 32 << 20;

/// Units that share a row; a power of two, at most what every GPU has.
const UNITS: u32 = 256;

/// The most groups along one dimension of a launch.
const MOST_ROWS: usize = 65_535;

impl TiedLossKernels for Cube {
    fn tied_loss_forward(inputs: &Inputs<Self>, with_grads: bool) -> Outputs<Self> {
        let [rows, width] = inputs.hidden.shape().dims();
        let [vocabulary, _] = inputs.weight.shape().dims();
        let chunk = (CHUNK_VALUES / vocabulary.max(1)).clamp(1, rows.clamp(1, MOST_ROWS));
        let bias = into_contiguous(inputs.bias.clone());
        let targets = into_contiguous(inputs.targets.clone());
        let shares = [&inputs.row_weights, &inputs.target_weights];
        let [weights, at_targets] = shares.map(|all| into_contiguous(all.clone()));
        let [losses, right] = [0, 1].map(|_| empty(&bias, [rows]));
        let weight = Self::operand(inputs.weight.clone());
        let mut gradients = ChunkGradients::new(weight.clone());
        for from in (0..rows).step_by(chunk) {
            let to = rows.min(from + chunk);
            let cut = [Slice::from(from..to), Slice::from(0..width)];
            let h = Self::float_slice(inputs.hidden.clone(), &cut);
            let dtype = h.dtype;
            let h = Self::operand(h);
            let w_t = Self::float_transpose(weight.clone());
            let logits = into_contiguous(Self::product(h.clone(), w_t, dtype));
            rows_softmax::launch(
                &logits.client,
                CubeCount::Static((to - from) as u32, 1, 1),
                CubeDim::new_1d(UNITS),
                logits.clone().into_tensor_arg(),
                bias.clone().into_tensor_arg(),
                targets.clone().into_tensor_arg(),
                weights.clone().into_tensor_arg(),
                at_targets.clone().into_tensor_arg(),
                losses.clone().into_tensor_arg(),
                right.clone().into_tensor_arg(),
                from as u32,
                vocabulary as u32,
                with_grads,
                [logits.dtype, targets.dtype].map(dtype_to_storage_type),
            );
            if with_grads {
                gradients.add(logits, h);
            }
        }
        Outputs {
            loss: Self::float_sum(losses),
            correct: Self::float_sum(right),
            grads: gradients.all(),
        }
    }
}

/// The rows of a chunk that begins at row `from`: their losses, whether they are right, and where `with_grads` the
/// gradient of the logits in their place.
#[cube(launch)]
fn rows_softmax<F: Float, I: Int>(
    logits: &mut Tensor<F>, // [R, V], without the bias
    bias: &Tensor<F>,       // [V]
    targets: &Tensor<I>,    // [N]
    weights: &Tensor<F>,    // [N]
    at_targets: &Tensor<F>, // [N]
    losses: &mut Tensor<F>, // [N]
    right: &mut Tensor<F>,  // [N]
    from: u32,
    vocabulary: u32,
    #[comptime] with_grads: bool,
    #[define(F, I)] _dtypes: [ElemType; 2],
) {
    let vocabulary = vocabulary as usize;
    let (unit, units) = (UNIT_POS_X as usize, CUBE_DIM_X as usize);
    let first = CUBE_POS_X as usize * vocabulary;
    let row = from as usize + CUBE_POS_X as usize;

    // The largest logit, and the sum of exponentials relative to it, of this unit's share, then of all.
    let mut top = f32::new(-3.0e38f32);
    let mut sum = f32::new(0.0f32);
    let mut v = unit;
    while v < vocabulary {
        let z = f32::cast_from(logits[first + v]) + f32::cast_from(bias[v]);
        if z > top {
            sum = sum * (top - z).exp() + 1.0f32;
            top = z;
        } else {
            sum += (z - top).exp();
        }
        v += units;
    }
    let mut tops = Shared::new_slice(UNITS as usize);
    let mut sums = Shared::new_slice(UNITS as usize);
    tops[unit] = top;
    sums[unit] = sum;
    sync_cube();
    let mut half = units / 2;
    while half > 0 {
        if unit < half {
            let (a, b) = (tops[unit], tops[unit + half]);
            let mut both = a;
            if b > a {
                both = b;
            }
            sums[unit] = sums[unit] * (a - both).exp() + sums[unit + half] * (b - both).exp();
            tops[unit] = both;
        }
        sync_cube();
        half /= 2;
    }
    let top = tops[0];
    let sum = sums[0];
    let target = u32::cast_from(targets[row]) as usize;
    let weight = f32::cast_from(weights[row]);
    let at_target = f32::cast_from(at_targets[row]);
    if unit == 0 {
        let z = f32::cast_from(logits[first + target]) + f32::cast_from(bias[target]);
        losses[row] = F::cast_from(weight * (sum.ln() + top) - at_target * z);
        let mut hit = f32::new(0.0f32);
        if z >= top && weight > 0.0f32 {
            hit = f32::new(1.0f32);
        }
        right[row] = F::cast_from(hit);
    }
    if with_grads {
        // The target's logit is read before it is overwritten.
        sync_cube();
        let share = weight / sum;
        let mut v = unit;
        while v < vocabulary {
            let z = f32::cast_from(logits[first + v]) + f32::cast_from(bias[v]);
            let mut d = (z - top).exp() * share;
            if v == target {
                d -= at_target;
            }
            logits[first + v] = F::cast_from(d);
            v += units;
        }
    }
}
