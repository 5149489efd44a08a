//! The operation from Burn's own operations, and the reference that the override is tested against.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::IndexingUpdateOp;

use super::node::Taken;

pub(crate) fn forward<B: Backend>(weight: FloatTensor<B>, ids: IntTensor<B>) -> FloatTensor<B> {
    B::float_select(weight, 0, ids)
}

pub(crate) fn backward<B: Backend>(taken: Taken<B>, d_rows: FloatTensor<B>) -> FloatTensor<B> {
    let zeros = B::float_zeros(taken.shape, &d_rows.device(), d_rows.dtype().into());
    let d_rows = B::float_mul(d_rows, taken.shares);
    B::float_select_assign(zeros, 0, taken.ids, d_rows, IndexingUpdateOp::Add)
}
