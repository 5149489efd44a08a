//! Products on the GPU. A product of rounded operands sums, and gives its result, in `f32`.

use burn::backend::Cube;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::DType;
use burn_cubecl::kernel::matmul::{MatmulStrategy, matmul};
use burn_cubecl::tensor::CubeTensor;

use super::{Products, rounded};

impl Products for Cube {
    fn operand(x: CubeTensor) -> CubeTensor {
        match rounded(x.dtype) {
            Some(to) => Self::float_cast(x, to),
            None => x,
        }
    }

    fn product(lhs: CubeTensor, rhs: CubeTensor, dtype: DType) -> CubeTensor {
        // Burn's own product has this expectation, too: an operand of another device is a fault of the program.
        matmul(lhs, rhs, None, MatmulStrategy::default(), dtype)
            .expect("operands of one device and of shapes that fit together")
    }
}
