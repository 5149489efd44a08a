//! A matrix packed for products on the CPU.

use crate::cpu::gemm::{Matrix, Packed};
use crate::cpu::team::Team;
use crate::precision::MatmulPrecision;

/// A right operand `[k, n]` of matrix products, rounded and packed once.
///
/// It is here to be measured (`ulmfit-bench gemm`), and for whoever needs the rounding of [`MatmulPrecision::Bf16`] that
/// Burn's own product does not have.
///
/// ```
/// use ulmfit_kernels::{MatmulPrecision, PackedMatrix};
///
/// let packed = PackedMatrix::new(MatmulPrecision::Fp32, [2, 1], &[1.0, 0.5]);
/// let mut product = [0.0; 2];
/// packed.multiply(&[1.0, 2.0, 3.0, 4.0], &mut product);
/// assert_eq!(product, [2.0, 5.0]);
/// ```
pub struct PackedMatrix {
    packed: Packed,
    shape: [usize; 2],
}

impl std::fmt::Debug for PackedMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackedMatrix")
            .field("shape", &self.shape)
            .finish()
    }
}

impl PackedMatrix {
    /// Packs `rhs`, row-major, by all threads of the CPU.
    ///
    /// # Panics
    /// If `rhs` has fewer values than `shape`, `[k, n]`, says.
    pub fn new(precision: MatmulPrecision, shape: [usize; 2], rhs: &[f32]) -> Self {
        let rhs = Matrix::new(rhs, shape[1]);
        let pack = |team: &Team| Packed::new(team, precision.element(), rhs, shape);
        Self {
            packed: Team::run(pack),
            shape,
        }
    }

    /// Writes `lhs [m, k] * self` to `dst [m, n]`, row-major both, by all threads of the CPU.
    ///
    /// An element's bits depend on its row and its column alone, whatever lies beside them.
    ///
    /// # Panics
    /// If `dst` is not of whole rows, or `lhs` has fewer values than as many rows take.
    pub fn multiply(&self, lhs: &[f32], dst: &mut [f32]) {
        let [k, n] = self.shape;
        let m = dst.len().checked_div(n).unwrap_or(0);
        assert_eq!(dst.len(), m * n, "whole rows of {n} values");
        Team::run(|team| self.packed.multiply(team, dst, m, Matrix::new(lhs, k)));
    }
}
