//! Operands and destinations of products: views of slices.

use std::marker::PhantomData;

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

/// A mutable slice shared by tasks that write disjoint parts of it.
#[derive(Clone, Copy)]
pub(crate) struct Disjoint<'a> {
    start: *mut f32,
    len: usize,
    lives: PhantomData<&'a mut [f32]>,
}

// SAFETY: the pointer comes from an exclusive borrow that lasts for `'a`, and every way to the elements leaves it to
// its caller that no two tasks touch the same ones; under that contract threads never meet at an element.
unsafe impl Send for Disjoint<'_> {}
// SAFETY: as above; shared access to the handle alone gives no access to the elements.
unsafe impl Sync for Disjoint<'_> {}

impl<'a> Disjoint<'a> {
    pub(crate) fn new(slice: &'a mut [f32]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            lives: PhantomData,
        }
    }

    /// The `len` elements from `from`.
    ///
    /// # Safety
    /// While the returned slice lives, nobody else touches these elements.
    ///
    /// # Panics
    /// If the range leaves the slice.
    pub(crate) unsafe fn range(&self, from: usize, len: usize) -> &'a mut [f32] {
        assert!(
            from <= self.len && len <= self.len - from,
            "range leaves the slice"
        );
        // SAFETY: in bounds by the assertion, valid for `'a` by construction, unique by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }

    /// The elements from `from` on as a row-major matrix whose rows are `row_stride` apart.
    ///
    /// # Panics
    /// If `from` is beyond the end.
    pub(crate) fn matrix(self, from: usize, row_stride: usize) -> Target<'a> {
        assert!(from <= self.len, "matrix begins beyond the slice");
        Target {
            start: self.start.wrapping_add(from),
            len: self.len - from,
            row_stride,
            lives: PhantomData,
        }
    }
}

/// Where a product goes: a row-major matrix in a [`Disjoint`] slice.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    start: *mut f32,
    len: usize,
    pub(super) row_stride: usize,
    lives: PhantomData<&'a mut [f32]>,
}

impl Target<'_> {
    pub(super) fn holds(&self, rows: usize, cols: usize) -> bool {
        rows == 0 || cols == 0 || (rows - 1) * self.row_stride + cols <= self.len
    }

    /// The same without its first `values`.
    ///
    /// # Panics
    /// If it has fewer.
    pub(super) fn from(self, values: usize) -> Self {
        assert!(values <= self.len, "matrix begins beyond the slice");
        Self {
            start: self.start.wrapping_add(values),
            len: self.len - values,
            ..self
        }
    }

    /// The beginning of a row that it holds.
    pub(super) fn row(&self, row: usize) -> *mut f32 {
        self.start.wrapping_add(row * self.row_stride)
    }
}
