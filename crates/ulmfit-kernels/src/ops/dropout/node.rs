//! The autodiff node: what is kept for the way back is the bits. An operation that asks for the product again, as a QRNN's
//! projection asks for its dropped weights, has it made anew: each chunk of a document drops the weights in its own way,
//! and all those copies would wait for the way back.

use std::marker::PhantomData;

use burn::backend::autodiff::{
    NodeId,
    checkpoint::{
        base::Checkpointer,
        retro_forward::RetroForward,
        state::BackwardStates,
        strategy::{BalancedCheckpointing, CheckpointStrategy},
    },
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, backend_extension};

use super::generic;
use crate::mask::KeptElements;

/// The operation as the dispatcher sees it.
#[backend_extension(
    Autodiff,
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "gpu")
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

/// The product, made again from `x`.
#[derive(Debug)]
struct Again<B> {
    x: NodeId,
    kept: KeptElements,
    backend: PhantomData<B>,
}

impl<B: DropoutKernels> RetroForward for Again<B> {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let x = states.get_state::<FloatTensor<B>>(&self.x);
        states.save(out, B::multiply(x, &self.kept));
    }
}

impl<B: DropoutKernels, C: CheckpointStrategy> DropoutOps for Autodiff<B, C> {
    fn drop_elements(x: FloatTensor<Self>, kept: KeptElements) -> FloatTensor<Self> {
        let again = Again::<B> {
            x: x.id(),
            kept: kept.clone(),
            backend: PhantomData,
        };
        // Whatever the device's strategy, this product is cheaper to make than to keep.
        let prepared = DropoutBackward
            .prepare::<BalancedCheckpointing>([x.node()])
            .memory_bound()
            .retro_forward(again)
            .parents([&x])
            .stateful();
        let out = B::multiply(x.into_primitive(), &kept);
        match prepared {
            OpsKind::Tracked(prep) => prep.finish(kept, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }
}

without_autodiff!(DropoutOps by DropoutKernels;
    fn drop_elements(x: FloatTensor<Self>, kept: KeptElements) -> FloatTensor<Self> {
        <Self as DropoutKernels>::multiply(x, &kept)
    }
);
