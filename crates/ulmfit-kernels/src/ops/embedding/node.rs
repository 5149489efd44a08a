//! The autodiff node: what is kept for the way back is the ids.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, TensorMetadata, backend_extension};
use burn::tensor::Shape;

use super::generic;

/// The operation as the dispatcher sees it; `shares` `[N, 1]` is what each row's gradient is multiplied by.
#[backend_extension(
    Autodiff,
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "gpu")
)]
pub(crate) trait EmbeddingOps: Backend {
    fn embedding_rows(
        weight: FloatTensor<Self>,
        ids: IntTensor<Self>,
        shares: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// Which rows were taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken<B: Backend> {
    /// `[N]`
    pub(crate) ids: IntTensor<B>,
    /// `[N, 1]`
    pub(crate) shares: FloatTensor<B>,
    /// `[V, E]`
    pub(crate) shape: Shape,
}

/// The operation without autodiff. The default body runs on every backend.
pub(crate) trait EmbeddingKernels: Backend {
    fn rows_backward(taken: Taken<Self>, d_rows: FloatTensor<Self>) -> FloatTensor<Self> {
        generic::backward::<Self>(taken, d_rows)
    }
}

#[derive(Debug)]
struct EmbeddingBackward;

impl<B: EmbeddingKernels> Backward<B, 1> for EmbeddingBackward {
    type State = Taken<B>;

    fn backward(self, ops: Ops<Taken<B>, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let d_rows = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            let gradient = B::rows_backward(ops.state, d_rows);
            // With a tied decoder there is a dense gradient already. The two are added in place of the one that has a
            // single owner: that must be the dense one, which has its memory.
            let _second_owner = gradient.clone();
            grads.register::<B>(node.id, gradient);
        }
    }
}

impl<B: EmbeddingKernels, C: CheckpointStrategy> EmbeddingOps for Autodiff<B, C> {
    fn embedding_rows(
        weight: FloatTensor<Self>,
        ids: IntTensor<Self>,
        shares: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let prepared = EmbeddingBackward
            .prepare::<C>([weight.node()])
            .compute_bound()
            .stateful();
        let weight = weight.into_primitive();
        let shape = weight.shape();
        let rows = generic::forward::<B>(weight, ids.clone());
        match prepared {
            OpsKind::Tracked(prep) => {
                let shares = shares.into_primitive();
                prep.finish(Taken { ids, shares, shape }, rows)
            }
            OpsKind::UnTracked(prep) => prep.finish(rows),
        }
    }
}

without_autodiff!(EmbeddingOps by EmbeddingKernels;
    fn embedding_rows(
        weight: FloatTensor<Self>,
        ids: IntTensor<Self>,
        _: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        generic::forward::<Self>(weight, ids)
    }
);

#[cfg(all(feature = "gpu", not(feature = "fusion")))]
impl EmbeddingKernels for burn::backend::Cube {}
