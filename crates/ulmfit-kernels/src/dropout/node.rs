//! The autodiff node: what is kept for the way back is the bits.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, backend_extension};

use super::{KeptElements, generic};

/// The operation as the dispatcher sees it.
#[backend_extension(
    Autodiff,
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(any(feature = "wgpu", feature = "cuda"))
)]
pub(crate) trait DropoutOps: Backend {
    fn drop_elements(x: FloatTensor<Self>, kept: KeptElements) -> FloatTensor<Self>;
}

/// The operation without autodiff. The default body runs on every backend.
pub(crate) trait DropoutKernels: Backend {
    fn multiply(x: FloatTensor<Self>, kept: &KeptElements) -> FloatTensor<Self> {
        generic::multiply::<Self>(x, kept)
    }
}

#[derive(Debug)]
struct DropoutBackward;

impl<B: DropoutKernels> Backward<B, 1> for DropoutBackward {
    type State = KeptElements;

    fn backward(self, ops: Ops<KeptElements, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let d_out = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<B>(node.id, B::multiply(d_out, &ops.state));
        }
    }
}

impl<B: DropoutKernels, C: CheckpointStrategy> DropoutOps for Autodiff<B, C> {
    fn drop_elements(x: FloatTensor<Self>, kept: KeptElements) -> FloatTensor<Self> {
        let prepared = DropoutBackward
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful();
        let out = B::multiply(x.into_primitive(), &kept);
        match prepared {
            OpsKind::Tracked(prep) => prep.finish(kept, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }
}

/// A backend without autodiff multiplies.
macro_rules! forward_only {
    ($backend:ty) => {
        impl DropoutOps for $backend {
            fn drop_elements(x: FloatTensor<Self>, kept: KeptElements) -> FloatTensor<Self> {
                <Self as DropoutKernels>::multiply(x, &kept)
            }
        }
    };
}

#[cfg(feature = "flex")]
forward_only!(burn::backend::Flex);

#[cfg(feature = "ndarray")]
impl DropoutKernels for burn::backend::NdArray {}
#[cfg(feature = "ndarray")]
forward_only!(burn::backend::NdArray);

#[cfg(any(feature = "wgpu", feature = "cuda"))]
impl DropoutKernels for burn::backend::Cube {}
#[cfg(any(feature = "wgpu", feature = "cuda"))]
forward_only!(burn::backend::Cube);
