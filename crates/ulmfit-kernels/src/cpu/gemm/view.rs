//! Operands and destinations of products: views of slices.

use crate::cpu::parts::Disjoint;

/// A matrix in a slice: element `(r, c)` is `data[r * row_stride + c * col_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(super) data: &'a [f32],
    pub(super) row_stride: usize,
    pub(super) col_stride: usize,
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

    /// The matrix from `(row, col)` on.
    pub(crate) fn from(self, row: usize, col: usize) -> Self {
        let at = row * self.row_stride + col * self.col_stride;
        Self {
            data: &self.data[at.min(self.data.len())..],
            ..self
        }
    }

    pub(super) fn holds(&self, rows: usize, cols: usize) -> bool {
        rows == 0
            || cols == 0
            || (rows - 1) * self.row_stride + (cols - 1) * self.col_stride < self.data.len()
    }
}

/// Where a product goes: a row-major matrix in a [`Disjoint`] slice.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    all: Disjoint<'a>,
    first: usize,
    pub(super) row_stride: usize,
}

impl<'a> Target<'a> {
    /// The elements from `first` on, with rows that are `row_stride` apart.
    pub(crate) fn new(all: Disjoint<'a>, first: usize, row_stride: usize) -> Self {
        Self {
            all,
            first,
            row_stride,
        }
    }

    pub(super) fn holds(&self, rows: usize, cols: usize) -> bool {
        rows == 0 || cols == 0 || self.first + (rows - 1) * self.row_stride + cols <= self.all.len()
    }

    /// The same without its first `values`.
    pub(super) fn from(self, values: usize) -> Self {
        Self {
            first: self.first + values,
            ..self
        }
    }

    /// The beginning of a row.
    ///
    /// # Panics
    /// If it lies beyond the slice.
    pub(super) fn row(&self, row: usize) -> *mut f32 {
        self.all.at(self.first + row * self.row_stride)
    }
}
