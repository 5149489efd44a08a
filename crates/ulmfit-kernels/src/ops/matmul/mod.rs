//! The matrix products of the generic bodies and of the GPU's kernels, with operands in the precision that is set. The
//! CPU's kernels have their own ([`crate::cpu::gemm`]), of which one is public: [`PackedMatrix`].

#[cfg(feature = "flex")]
mod cpu;
#[cfg(all(feature = "gpu", feature = "fusion"))]
mod fusion;
#[cfg(all(feature = "gpu", not(feature = "fusion")))]
mod gpu;

#[cfg(feature = "flex")]
pub use cpu::PackedMatrix;

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
#[cfg(feature = "gpu")]
use burn::tensor::FloatDType;

#[cfg(feature = "gpu")]
use crate::precision::MatmulPrecision;

/// How a backend multiplies matrices within the kernels. By default as Burn does, whatever the precision.
pub(crate) trait Products: Backend {
    /// What a product reads in place of `x`: rounded, where the precision says so. Made once, it serves several products.
    fn operand(x: FloatTensor<Self>) -> FloatTensor<Self> {
        x
    }

    /// The product of two operands in `dtype`, which is that of the tensors that they were made from.
    fn product(lhs: FloatTensor<Self>, rhs: FloatTensor<Self>, dtype: DType) -> FloatTensor<Self> {
        let _ = dtype;
        Self::float_matmul(lhs, rhs)
    }
}

#[cfg(feature = "flex")]
impl Products for burn::backend::Flex {}
#[cfg(feature = "ndarray")]
impl Products for burn::backend::NdArray {}

/// What a tensor of `dtype` is rounded to; none where it stays as it is, as all do that are not in `f32`.
#[cfg(feature = "gpu")]
fn rounded(dtype: DType) -> Option<FloatDType> {
    match (MatmulPrecision::current(), dtype) {
        (MatmulPrecision::Bf16, DType::F32) => Some(FloatDType::BF16),
        (MatmulPrecision::Fp16, DType::F32) => Some(FloatDType::F16),
        _ => None,
    }
}
