//! The autodiff node: the forward pass makes the gradients, the backward pass scales them.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, AutodiffBackend, Backend, TensorMetadata, backend_extension};
use burn::tensor::Shape;

use super::generic;
use crate::ops::matmul::Products;

/// The operation as the dispatcher sees it: loss `[1]` and number of right predictions `[1]`.
#[backend_extension(
    Autodiff,
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "gpu")
)]
pub(crate) trait TiedLossOps: Backend {
    fn tied_loss(
        hidden: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
        row_weights: FloatTensor<Self>,
        target_weights: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Everything the operation reads.
#[derive(Clone, Debug)]
pub(crate) struct Inputs<B: Backend> {
    /// `[N, E]`
    pub(crate) hidden: FloatTensor<B>,
    /// `[V, E]`
    pub(crate) weight: FloatTensor<B>,
    /// `[V]`
    pub(crate) bias: FloatTensor<B>,
    /// `[N]`
    pub(crate) targets: IntTensor<B>,
    /// The share of each row's log of the sum of exponentials in the loss, `[N]`; zero where it is ignored.
    pub(crate) row_weights: FloatTensor<B>,
    /// The share of the target's logit, which is subtracted, `[N]`; the same without smoothing and class weights.
    pub(crate) target_weights: FloatTensor<B>,
}

/// The gradients of the loss.
#[derive(Clone, Debug)]
pub(crate) struct LossGrads<B: Backend> {
    pub(crate) hidden: FloatTensor<B>,
    pub(crate) weight: FloatTensor<B>,
    pub(crate) bias: FloatTensor<B>,
}

/// What the forward pass makes; `grads` only where asked for.
pub(crate) struct Outputs<B: Backend> {
    pub(crate) loss: FloatTensor<B>,
    pub(crate) correct: FloatTensor<B>,
    pub(crate) grads: Option<LossGrads<B>>,
}

/// The operation without autodiff. The default body runs on every backend.
pub(crate) trait TiedLossKernels: Products {
    fn tied_loss_forward(inputs: &Inputs<Self>, with_grads: bool) -> Outputs<Self> {
        generic::forward::<Self>(inputs, with_grads)
    }
}

#[derive(Debug)]
struct TiedLossBackward;

impl<B: TiedLossKernels> Backward<B, 3> for TiedLossBackward {
    type State = LossGrads<B>;

    fn backward(self, ops: Ops<LossGrads<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let d_loss = grads.consume::<B>(&ops.node);
        let scaled = |gradient: FloatTensor<B>| {
            let rank = gradient.shape().num_dims();
            let factor = B::float_reshape(d_loss.clone(), Shape::from(vec![1; rank]));
            B::float_mul(gradient, factor)
        };
        let made = [ops.state.hidden, ops.state.weight, ops.state.bias];
        for (node, gradient) in ops.parents.into_iter().zip(made) {
            if let Some(node) = node {
                grads.register::<B>(node.id, scaled(gradient));
            }
        }
    }
}

impl<B: TiedLossKernels, C: CheckpointStrategy> TiedLossOps for Autodiff<B, C> {
    fn tied_loss(
        hidden: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
        row_weights: FloatTensor<Self>,
        target_weights: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let parents = [hidden.node(), weight.node(), bias.node()];
        let prepared = TiedLossBackward
            .prepare::<C>(parents)
            .compute_bound()
            .stateful();
        let inputs = Inputs::<B> {
            hidden: hidden.into_primitive(),
            weight: weight.into_primitive(),
            bias: bias.into_primitive(),
            targets,
            row_weights: row_weights.into_primitive(),
            target_weights: target_weights.into_primitive(),
        };
        match prepared {
            OpsKind::Tracked(prep) => {
                let out = B::tied_loss_forward(&inputs, true);
                let Some(grads) = out.grads else {
                    unreachable!("asked for gradients")
                };
                (prep.finish(grads, out.loss), Self::from_inner(out.correct))
            }
            OpsKind::UnTracked(prep) => {
                let out = B::tied_loss_forward(&inputs, false);
                (prep.finish(out.loss), Self::from_inner(out.correct))
            }
        }
    }
}

without_autodiff!(TiedLossOps by TiedLossKernels;
    fn tied_loss(
        hidden: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
        row_weights: FloatTensor<Self>,
        target_weights: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = Inputs { hidden, weight, bias, targets, row_weights, target_weights };
        let out = Self::tied_loss_forward(&inputs, false);
        (out.loss, out.correct)
    }
);
