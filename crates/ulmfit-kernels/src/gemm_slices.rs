//! Matrix products on slices: the `gemm` crate behind a checked, safe signature.

/// A matrix in a slice: element `(r, c)` is `data[r * row_stride + c * col_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix with `cols` columns.
    pub(crate) fn new(data: &'a [f32], cols: usize) -> Self {
        Self {
            data,
            row_stride: cols,
            col_stride: 1,
        }
    }

    /// The transpose, without a copy.
    pub(crate) fn transposed(self) -> Self {
        Self {
            data: self.data,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// Element `(row, col)`.
    pub(crate) fn at(&self, row: usize, col: usize) -> f32 {
        self.data[row * self.row_stride + col * self.col_stride]
    }

    fn holds(&self, rows: usize, cols: usize) -> bool {
        rows == 0
            || cols == 0
            || (rows - 1) * self.row_stride + (cols - 1) * self.col_stride < self.data.len()
    }
}

/// Whether a product replaces what the destination holds or is added to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Into {
    Replace,
    Add,
}

/// `dst [m, n] = lhs [m, k] * rhs [k, n]`, or `+=`; `dst` is row-major and dense.
///
/// The summation runs over `k` in one order whatever the number of threads, so the bits do not depend on it.
///
/// # Panics
/// If a slice is too short for its shape.
pub(crate) fn matmul(
    dst: &mut [f32],
    into: Into,
    [m, k, n]: [usize; 3],
    lhs: Matrix<'_>,
    rhs: Matrix<'_>,
) {
    assert!(
        dst.len() >= m * n && lhs.holds(m, k) && rhs.holds(k, n),
        "operand too short"
    );
    if m == 0 || n == 0 {
        return;
    }
    // SAFETY: the assertion above bounds the last element that each (stride, shape) pair reaches, `dst` is borrowed
    // mutably and so overlaps neither operand, and `gemm` reads and writes within these shapes only.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            dst.as_mut_ptr(),
            1,
            n as isize,
            into == Into::Add,
            lhs.data.as_ptr(),
            lhs.col_stride as isize,
            lhs.row_stride as isize,
            rhs.data.as_ptr(),
            rhs.col_stride as isize,
            rhs.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::Rayon(0),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposed_operand_and_accumulation() {
        // [1 2; 3 4]^T * [1; 1] = [4; 6], added to [10; 20].
        let mut dst = [10.0, 20.0];
        let lhs = Matrix::new(&[1.0, 2.0, 3.0, 4.0], 2).transposed();
        matmul(
            &mut dst,
            Into::Add,
            [2, 2, 1],
            lhs,
            Matrix::new(&[1.0, 1.0], 1),
        );
        assert_eq!(dst, [14.0, 26.0]);
    }

    #[test]
    #[should_panic(expected = "operand too short")]
    fn short_operand_is_refused() {
        let mut dst = [0.0; 4];
        matmul(
            &mut dst,
            Into::Replace,
            [2, 2, 2],
            Matrix::new(&[1.0; 3], 2),
            Matrix::new(&[1.0; 4], 2),
        );
    }
}
