//! The operation from Burn's own operations, and the reference that the override is tested against.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::TensorData;

use crate::mask::KeptElements;

pub(crate) fn multiply<B: Backend>(x: FloatTensor<B>, kept: &KeptElements) -> FloatTensor<B> {
    let factors = (0..kept.len).map(|n| kept.factor(n)).collect::<Vec<f32>>();
    let factors = TensorData::new(factors, x.shape());
    let factors = B::float_from_data(factors, &x.device());
    B::float_mul(x, factors)
}
