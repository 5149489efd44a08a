//! The operation on the CPU: two or three products a chunk, softmax and gradient in place in between.

use burn::backend::{Flex, TensorMetadata};
use rayon::prelude::*;

use super::generic::chunk_rows;
use super::node::{Inputs, LossGrads, Outputs, TiedLossKernels};
use crate::flex_slices::{tensor, values};
use crate::gemm_slices::{Into, Matrix, matmul};
use crate::math::exp;

/// Independent partial sums, so that the compiler can use vector registers; the order of summation is fixed.
const LANES: usize = 16;

impl TiedLossKernels for Flex {
    fn tied_loss_forward(inputs: &Inputs<Flex>, with_grads: bool) -> Outputs<Flex> {
        let [rows, e] = inputs.hidden.shape().dims();
        let [v, _] = inputs.weight.shape().dims();
        let (hidden, weight) = (inputs.hidden.to_contiguous(), inputs.weight.to_contiguous());
        let (bias, shares) = (
            inputs.bias.to_contiguous(),
            inputs.row_weights.to_contiguous(),
        );
        let (hidden, weight) = (values(&hidden), values(&weight));
        let (bias, shares) = (values(&bias), values(&shares));
        let targets = target_ids(inputs);

        let chunk = chunk_rows(rows, v);
        let mut logits = vec![0.0; chunk * v];
        let mut row_results = vec![RowResult::default(); rows];
        let grad_values = if with_grads { 1 } else { 0 };
        let mut d_hidden = vec![0.0; grad_values * rows * e];
        let mut d_weight = vec![0.0; grad_values * v * e];
        let mut d_bias = vec![0.0; grad_values * v];
        for from in (0..rows).step_by(chunk) {
            let n = chunk.min(rows - from);
            let logits = &mut logits[..n * v];
            let h = Matrix::new(&hidden[from * e..], e);
            logits
                .par_chunks_exact_mut(v)
                .for_each(|row| row.copy_from_slice(bias));
            matmul(
                logits,
                Into::Add,
                [n, e, v],
                h,
                Matrix::new(weight, e).transposed(),
            );
            logits
                .par_chunks_exact_mut(v)
                .zip(&targets[from..from + n])
                .zip(&shares[from..from + n])
                .zip(&mut row_results[from..from + n])
                .for_each(|(((row, &target), &share), result)| {
                    *result = softmax_gradient(row, target, share, with_grads);
                });
            if with_grads {
                let d = Matrix::new(logits, v);
                let d_h = &mut d_hidden[from * e..][..n * e];
                matmul(d_h, Into::Replace, [n, v, e], d, Matrix::new(weight, e));
                matmul(&mut d_weight, Into::Add, [v, n, e], d.transposed(), h);
                for row in logits.chunks_exact(v) {
                    for (sum, value) in d_bias.iter_mut().zip(row) {
                        *sum += value;
                    }
                }
            }
        }
        // In row order, so that the sum does not depend on the threads.
        let loss = row_results
            .iter()
            .map(|row| f64::from(row.loss))
            .sum::<f64>() as f32;
        let correct = row_results.iter().filter(|row| row.correct).count() as f32;
        let grads = with_grads.then(|| LossGrads {
            hidden: tensor(d_hidden, [rows, e]),
            weight: tensor(d_weight, [v, e]),
            bias: tensor(d_bias, [v]),
        });
        Outputs {
            loss: tensor(vec![loss], [1]),
            correct: tensor(vec![correct], [1]),
            grads,
        }
    }
}

/// The target ids, whichever integer type the device is set to.
fn target_ids(inputs: &Inputs<Flex>) -> Vec<usize> {
    let ids = inputs.targets.to_contiguous().into_data();
    ids.iter::<i64>().map(|id| id as usize).collect()
}

#[derive(Clone, Copy, Debug, Default)]
struct RowResult {
    loss: f32,
    correct: bool,
}

/// Turns the logits of one row into the gradient of its share of the loss (into nothing useful without `with_grad`).
fn softmax_gradient(row: &mut [f32], target: usize, share: f32, with_grad: bool) -> RowResult {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has the feature.
        return unsafe { softmax_gradient_512(row, target, share, with_grad) };
    }
    softmax_gradient_any(row, target, share, with_grad)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn softmax_gradient_512(row: &mut [f32], target: usize, share: f32, with_grad: bool) -> RowResult {
    softmax_gradient_any(row, target, share, with_grad)
}

#[inline(always)]
fn softmax_gradient_any(row: &mut [f32], target: usize, share: f32, with_grad: bool) -> RowResult {
    let at_target = row[target];
    let mut tops = [f32::NEG_INFINITY; LANES];
    for part in row.chunks(LANES) {
        for (top, &x) in tops.iter_mut().zip(part) {
            *top = if x > *top { x } else { *top };
        }
    }
    let top = tops.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let mut sums = [0.0f32; LANES];
    for part in row.chunks_mut(LANES) {
        for (sum, x) in sums.iter_mut().zip(part) {
            *x = exp(*x - top);
            *sum += *x;
        }
    }
    let sum: f32 = sums.iter().sum();
    if with_grad {
        let scale = share / sum;
        for x in row.iter_mut() {
            *x *= scale;
        }
        row[target] -= share;
    }
    RowResult {
        loss: share * (sum.ln() + top - at_target),
        correct: share > 0.0 && at_target >= top,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_by_hand() {
        // logits 0 and ln 3: probabilities 1/4 and 3/4; target 0: loss ln 4, gradient (1/4 - 1, 3/4).
        let mut row = [0.0, 3f32.ln()];
        let out = softmax_gradient(&mut row, 0, 1.0, true);
        assert!((out.loss - 4f32.ln()).abs() < 1e-6 && !out.correct);
        assert!((row[0] + 0.75).abs() < 1e-6 && (row[1] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn an_ignored_row_has_no_loss_and_no_gradient() {
        let mut row = [1.0, 2.0];
        let out = softmax_gradient(&mut row, 0, 0.0, true);
        assert!(out.loss == 0.0 && !out.correct && row == [0.0, 0.0]);
    }
}
