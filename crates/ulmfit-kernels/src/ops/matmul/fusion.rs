//! Products on the GPU where Burn joins operations: it has none of rounded operands with a result in `f32`, so that the
//! result is rounded once more.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::DType;

use super::{Products, rounded};

impl Products for Cube {
    fn operand(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match rounded(x.dtype()) {
            Some(to) => Self::float_cast(x, to),
            None => x,
        }
    }

    fn product(lhs: FloatTensor<Self>, rhs: FloatTensor<Self>, dtype: DType) -> FloatTensor<Self> {
        let product = Self::float_matmul(lhs, rhs);
        match product.dtype() == dtype {
            true => product,
            false => Self::float_cast(product, dtype.into()),
        }
    }
}
