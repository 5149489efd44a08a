//! The operation from Burn's own operations: the body of every backend that has no override, and the reference that
//! the overrides are tested against.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{IndexingUpdateOp, Shape, Slice};

use super::node::{Inputs, LossGrads, Outputs, TiedLossKernels};
use crate::precision::MatmulPrecision;

/// Logits in a chunk: 16 Mi values are 64 MB.
const CHUNK_VALUES: usize = 16 << 20;

/// The rows of one chunk of logits over `vocabulary` tokens.
fn chunk_rows(rows: usize, vocabulary: usize) -> usize {
    (CHUNK_VALUES / vocabulary.max(1)).clamp(1, rows.max(1))
}

pub(crate) fn forward<B: TiedLossKernels>(inputs: &Inputs<B>, with_grads: bool) -> Outputs<B> {
    let [rows, width] = inputs.hidden.shape().dims();
    let [vocabulary, _] = inputs.weight.shape().dims();
    let chunk = chunk_rows(rows, vocabulary);
    let mut loss: Option<FloatTensor<B>> = None;
    let mut correct: Option<FloatTensor<B>> = None;
    let weight = B::operand(inputs.weight.clone());
    let mut gradients = ChunkGradients::new(weight.clone());
    for from in (0..rows).step_by(chunk) {
        let to = rows.min(from + chunk);
        let cut = Slice::from(from..to);
        let h = B::float_slice(inputs.hidden.clone(), &[cut, Slice::from(0..width)]);
        let [weights, at_targets] = [&inputs.row_weights, &inputs.target_weights].map(|all| {
            let part = B::float_slice(all.clone(), &[cut]);
            B::float_reshape(part, Shape::new([to - from, 1]))
        });
        let targets = B::int_slice(inputs.targets.clone(), &[cut]);
        let targets: IntTensor<B> = B::int_reshape(targets, Shape::new([to - from, 1]));
        let bias = B::float_reshape(inputs.bias.clone(), Shape::new([1, vocabulary]));
        let dtype = h.dtype();
        let h = B::operand(h);
        let logits = B::product(h.clone(), B::float_transpose(weight.clone()), dtype);
        let logits = B::float_add(logits, bias);

        let top = B::float_max_dim(logits.clone(), 1);
        let at_target = B::float_gather(1, logits.clone(), targets.clone());
        let exp = B::float_exp(B::float_sub(logits, top.clone()));
        let sum = B::float_sum_dim(exp.clone(), 1);
        // -log softmax = log sum + top - logit
        let nll = B::float_add(
            B::float_log(sum.clone()),
            B::float_sub(top.clone(), at_target.clone()),
        );
        let nll = B::float_mul(nll, weights.clone());
        // The target's logit counts otherwise than the rest.
        let differ = B::float_sub(weights.clone(), at_targets.clone());
        let rest = B::float_mul(differ, at_target.clone());
        accumulate::<B>(&mut loss, B::float_sum(B::float_add(nll, rest)));
        // Right where no logit is above the target's, and the row counts.
        let right = B::float_mul(
            ones_where_zero::<B>(B::float_sub(top, at_target)),
            sign::<B>(&weights),
        );
        accumulate::<B>(&mut correct, B::float_sum(right));
        if with_grads {
            let share = B::float_div(weights.clone(), sum);
            let d = B::float_mul(exp, share);
            let at_targets = B::float_neg(at_targets);
            let d = B::float_scatter(1, d, targets, at_targets, IndexingUpdateOp::Add);
            gradients.add(d, h);
        }
    }
    let (Some(loss), Some(correct)) = (loss, correct) else {
        panic!("no rows")
    };
    Outputs {
        loss,
        correct,
        grads: gradients.all(),
    }
}

/// Gradients of the operands, gathered chunk by chunk.
pub(super) struct ChunkGradients<B: Backend> {
    /// `[V, E]`, as an operand.
    operand: FloatTensor<B>,
    hidden: Vec<FloatTensor<B>>,
    weight: Option<FloatTensor<B>>,
    bias: Option<FloatTensor<B>>,
}

/// The gradients of logits are at most 1, and most of them are far below what fp16 tells from 0: so many times as large
/// they are multiplied, and their products divided again.
const LIFT: f32 = 32_768.0;

impl<B: TiedLossKernels> ChunkGradients<B> {
    /// None yet, for the weight `[V, E]` as an operand.
    pub(super) fn new(weight: FloatTensor<B>) -> Self {
        Self {
            operand: weight,
            hidden: Vec::new(),
            weight: None,
            bias: None,
        }
    }

    /// A chunk with the gradient `d` `[R, V]` of its logits and the hidden states `h` `[R, E]`, as an operand.
    pub(super) fn add(&mut self, d: FloatTensor<B>, h: FloatTensor<B>) {
        let [_, vocabulary] = d.shape().dims();
        let dtype = d.dtype();
        let d_bias = B::float_sum_dim(d.clone(), 0);
        let d_bias = B::float_reshape(d_bias, Shape::new([vocabulary]));
        accumulate::<B>(&mut self.bias, d_bias);
        let lifts = MatmulPrecision::current() == MatmulPrecision::Fp16;
        let times = |x: FloatTensor<B>, factor: f32| match lifts {
            true => B::float_mul_scalar(x, factor.into()),
            false => x,
        };
        let d = B::operand(times(d, LIFT));
        let d_hidden = B::product(d.clone(), self.operand.clone(), dtype);
        self.hidden.push(times(d_hidden, 1.0 / LIFT));
        let d_weight = B::product(B::float_transpose(d), h, dtype);
        accumulate::<B>(&mut self.weight, times(d_weight, 1.0 / LIFT));
    }

    /// Those of all chunks; none where no chunk was added.
    pub(super) fn all(self) -> Option<LossGrads<B>> {
        Some(LossGrads {
            weight: self.weight?,
            bias: self.bias?,
            hidden: B::float_cat(self.hidden, 0),
        })
    }
}

fn accumulate<B: Backend>(sum: &mut Option<FloatTensor<B>>, part: FloatTensor<B>) {
    *sum = Some(match sum.take() {
        Some(before) => B::float_add(before, part),
        None => part,
    });
}

/// 1 where `x` is 0 (for `x >= 0`), else 0.
fn ones_where_zero<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_add_scalar(B::float_neg(sign::<B>(&x)), 1f32.into())
}

/// 1 where `x > 0`, 0 where `x` is 0.
fn sign<B: Backend>(x: &FloatTensor<B>) -> FloatTensor<B> {
    B::float_sign(x.clone())
}
