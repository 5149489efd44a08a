//! The autodiff node: which tensors are kept for the way back, and where each gradient goes.

use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, backend_extension};

use super::generic;
use crate::mask::KeptElements;
use crate::ops::dropout::DropoutKernels;
use crate::ops::matmul::Products;

/// The layer as the dispatcher sees it: hidden states of all steps and the last cell state.
#[backend_extension(
    Autodiff,
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "gpu")
)]
pub(crate) trait LstmOps: Backend {
    fn lstm_layer(
        x: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        w_hh: FloatTensor<Self>,
        kept: Option<KeptElements>,
        bias: FloatTensor<Self>,
        h0: FloatTensor<Self>,
        c0: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Everything a layer reads.
#[derive(Clone, Debug)]
pub(crate) struct Inputs<B: Backend> {
    /// `[T, B, I]`
    pub(crate) x: FloatTensor<B>,
    /// `[I, 4H]`
    pub(crate) w_ih: FloatTensor<B>,
    /// `[H, 4H]`
    pub(crate) w_hh: FloatTensor<B>,
    /// What weight dropout leaves of `w_hh`; all of it where there is none.
    pub(crate) kept: Option<KeptElements>,
    /// `[4H]`
    pub(crate) bias: FloatTensor<B>,
    /// `[B, H]`
    pub(crate) h0: FloatTensor<B>,
    /// `[B, H]`
    pub(crate) c0: FloatTensor<B>,
}

impl<B: DropoutKernels> Inputs<B> {
    /// The recurrent weight, or its gradient, without what weight dropout takes.
    pub(crate) fn dropped(&self, weight: FloatTensor<B>) -> FloatTensor<B> {
        match &self.kept {
            Some(kept) => B::multiply(weight, kept),
            None => weight,
        }
    }
}

/// What the forward pass makes; `gates` is `None` when no gradient will be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Outputs<B: Backend> {
    /// `[T, B, H]`
    pub(crate) hidden: FloatTensor<B>,
    /// `[B, H]`
    pub(crate) last_cell: FloatTensor<B>,
    pub(crate) saved: Option<Saved<B>>,
}

/// What the way back needs beside the inputs and the hidden states.
#[derive(Clone, Debug)]
pub(crate) struct Saved<B: Backend> {
    /// Activated gates `i, f, g, o`, `[T, B, 4H]`.
    pub(crate) gates: FloatTensor<B>,
    /// `[T, B, H]`
    pub(crate) cells: FloatTensor<B>,
}

/// Gradients of the differentiable inputs; `x` only when something below asks for it.
pub(crate) struct InputGrads<B: Backend> {
    pub(crate) x: Option<FloatTensor<B>>,
    pub(crate) w_ih: FloatTensor<B>,
    pub(crate) w_hh: FloatTensor<B>,
    pub(crate) bias: FloatTensor<B>,
}

/// Forward and backward without autodiff. The default bodies run on every backend.
pub(crate) trait LstmKernels: DropoutKernels + Products {
    fn lstm_forward(inputs: &Inputs<Self>, save: bool) -> Outputs<Self> {
        generic::forward::<Self>(inputs, save)
    }

    fn lstm_backward(
        inputs: &Inputs<Self>,
        hidden: FloatTensor<Self>,
        saved: Saved<Self>,
        d_hidden: FloatTensor<Self>,
        need_dx: bool,
    ) -> InputGrads<Self> {
        generic::backward::<Self>(inputs, hidden, saved, d_hidden, need_dx)
    }
}

#[derive(Debug)]
struct LstmBackward;

/// Inputs by node (the checkpointer keeps them), the rest by value.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    x: NodeId,
    w_ih: NodeId,
    w_hh: NodeId,
    kept: Option<KeptElements>,
    bias: FloatTensor<B>,
    h0: FloatTensor<B>,
    c0: FloatTensor<B>,
    hidden: FloatTensor<B>,
    saved: Saved<B>,
}

impl<B: LstmKernels> Backward<B, 4> for LstmBackward {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<State<B>, 4>,
        grads: &mut Gradients,
        checkpoints: &mut Checkpointer,
    ) {
        let [node_x, node_ih, node_hh, node_b] = ops.parents;
        let d_hidden = grads.consume::<B>(&ops.node);
        let state = ops.state;
        let inputs = Inputs {
            x: checkpoints.retrieve_node_output(state.x),
            w_ih: checkpoints.retrieve_node_output(state.w_ih),
            w_hh: checkpoints.retrieve_node_output(state.w_hh),
            kept: state.kept,
            bias: state.bias,
            h0: state.h0,
            c0: state.c0,
        };
        let need_dx = node_x.is_some();
        let d = B::lstm_backward(&inputs, state.hidden, state.saved, d_hidden, need_dx);
        if let (Some(node), Some(dx)) = (node_x, d.x) {
            grads.register::<B>(node.id, dx);
        }
        for (node, gradient) in [(node_ih, d.w_ih), (node_hh, d.w_hh), (node_b, d.bias)] {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: LstmKernels, C: CheckpointStrategy> LstmOps for Autodiff<B, C> {
    fn lstm_layer(
        x: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        w_hh: FloatTensor<Self>,
        kept: Option<KeptElements>,
        bias: FloatTensor<Self>,
        h0: FloatTensor<Self>,
        c0: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let prepared = LstmBackward
            .prepare::<C>([x.node(), w_ih.node(), w_hh.node(), bias.node()])
            .compute_bound()
            .stateful();
        let kept_by_node = [x.clone(), w_ih.clone(), w_hh.clone()];
        let inputs = Inputs {
            x: x.into_primitive(),
            w_ih: w_ih.into_primitive(),
            w_hh: w_hh.into_primitive(),
            kept,
            bias: bias.into_primitive(),
            h0: h0.into_primitive(),
            c0: c0.into_primitive(),
        };
        match prepared {
            OpsKind::Tracked(mut prep) => {
                let [x, w_ih, w_hh] = kept_by_node.map(|tensor| prep.checkpoint(&tensor));
                let out = B::lstm_forward(&inputs, true);
                let hidden = out.hidden;
                let Some(saved) = out.saved else {
                    unreachable!("asked to save")
                };
                let state = State {
                    x,
                    w_ih,
                    w_hh,
                    kept: inputs.kept,
                    bias: inputs.bias,
                    h0: inputs.h0,
                    c0: inputs.c0,
                    hidden: hidden.clone(),
                    saved,
                };
                (prep.finish(state, hidden), Self::from_inner(out.last_cell))
            }
            OpsKind::UnTracked(prep) => {
                let out = B::lstm_forward(&inputs, false);
                (prep.finish(out.hidden), Self::from_inner(out.last_cell))
            }
        }
    }
}

without_autodiff!(LstmOps by LstmKernels;
    fn lstm_layer(
        x: FloatTensor<Self>,
        w_ih: FloatTensor<Self>,
        w_hh: FloatTensor<Self>,
        kept: Option<KeptElements>,
        bias: FloatTensor<Self>,
        h0: FloatTensor<Self>,
        c0: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = Inputs { x, w_ih, w_hh, kept, bias, h0, c0 };
        let out = Self::lstm_forward(&inputs, false);
        (out.hidden, out.last_cell)
    }
);
