//! The product that the CPU's kernels are made of, by itself.

use crate::precision::MatmulPrecision;
use crate::product::{self, Into, Matrix};
use crate::team::Team;

/// Returns the product `[m, n]` of `lhs [m, k]` and `rhs [k, n]`, row-major all three, by all threads of the CPU.
///
/// It is here to be measured (`ulmfit-bench gemm`), and for whoever needs the rounding of [`MatmulPrecision::Bf16`] that
/// Burn's own product does not have. An element's bits depend on its row and its column alone, whatever lies beside them.
///
/// # Panics
/// If an operand has fewer values than its shape says.
///
/// ```
/// use ulmfit_kernels::{MatmulPrecision, matmul};
///
/// let (a, b) = ([1.0, 2.0, 3.0, 4.0], [1.0, 0.5]);
/// assert_eq!(matmul(MatmulPrecision::Fp32, [2, 2, 1], &a, &b), [2.0, 5.0]);
/// ```
pub fn matmul(
    precision: MatmulPrecision,
    [m, k, n]: [usize; 3],
    lhs: &[f32],
    rhs: &[f32],
) -> Vec<f32> {
    let mut dst = vec![0.0; m * n];
    let (lhs, rhs) = (Matrix::new(lhs, k), Matrix::new(rhs, n));
    let shape = [m, k, n];
    Team::run(|_| product::matmul(precision, &mut dst, Into::Replace, shape, lhs, rhs));
    dst
}
