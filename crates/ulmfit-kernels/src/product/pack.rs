//! Filling panels: what they are filled with, and in which order it is copied.

use super::pairs::{Pair, pair_rows, room_of};
use super::simd::prefetch;
use super::{Matrix, best_isa};
use crate::dropout::{KeptElements, multiply_run};
use crate::precision::MatmulPrecision;

/// Rows at a time, so that what is written stays in the nearest cache while columns are read.
const BLOCK: usize = 16;
/// How many rows ahead of their copy columns of a wide matrix are asked for: each row lies in another page, and no processor
/// sees such a step coming.
const AHEAD: usize = 8;
/// Values of a cache line.
const LINE: usize = 16;
/// Columns of the widest panel, in any instruction set.
const WIDEST: usize = 48;

/// What panels are filled with: a matrix as it is, or with its elements dropped on the way.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    matrix: Matrix<'a>,
    /// The factors, and the number of the first element of the matrix among them.
    kept: Option<(&'a KeptElements, usize)>,
}

impl<'a> Source<'a> {
    /// The matrix as it is.
    pub(crate) fn of(matrix: Matrix<'a>) -> Self {
        Self { matrix, kept: None }
    }

    /// A matrix whose elements are those of `kept` in the order in which they lie in its slice.
    pub(crate) fn dropped(matrix: Matrix<'a>, kept: Option<&'a KeptElements>) -> Self {
        let kept = kept.map(|kept| (kept, 0));
        Self { matrix, kept }
    }

    /// The transpose, without a copy.
    pub(crate) fn transposed(self) -> Self {
        let matrix = self.matrix.transposed();
        Self { matrix, ..self }
    }

    /// The matrix from `(row, col)` on.
    pub(crate) fn from(self, row: usize, col: usize) -> Self {
        let at = row * self.matrix.row_stride + col * self.matrix.col_stride;
        Self {
            matrix: self.matrix.from(row, col),
            kept: self.kept.map(|(kept, first)| (kept, first + at)),
        }
    }

    /// Asks for `len` elements from number `at` on, which need not be there.
    #[inline(always)]
    fn ask_for(&self, len: usize, at: usize) {
        let start = self.matrix.data.as_ptr().wrapping_add(at);
        for line in (0..len).step_by(LINE) {
            prefetch(start.wrapping_add(line));
        }
    }

    /// Copies as many elements as `to` has, one after the other in the slice, from number `at` on.
    #[inline(always)]
    fn copy_run(&self, to: &mut [f32], at: usize) {
        to.copy_from_slice(&self.matrix.data[at..][..to.len()]);
        if let Some((kept, first)) = self.kept {
            multiply_run(to, kept, first + at);
        }
    }
}

/// Fills the panels of the same columns, one for each matrix.
pub(super) fn pack_group(
    precision: MatmulPrecision,
    group: &mut [f32],
    matrices: &[Source<'_>],
    depth: usize,
    first: usize,
    columns: usize,
) {
    let panel = group.len() / matrices.len();
    for (panel, &source) in group.chunks_exact_mut(panel).zip(matrices) {
        match precision {
            MatmulPrecision::Fp32 | MatmulPrecision::Fp16 => {
                best_isa!(pack; panel: &mut [f32], source: Source<'_>, depth: usize, first: usize, columns: usize);
            }
            MatmulPrecision::Bf16 => {
                let panel: &mut [Pair] = room_of(panel);
                best_isa!(pack_pairs; panel: &mut [Pair], source: Source<'_>, depth: usize, first: usize, columns: usize);
            }
        }
    }
}

/// Fills one panel with the columns from `first`, two rows in one.
#[inline(always)]
fn pack_pairs(panel: &mut [Pair], source: Source<'_>, depth: usize, first: usize, columns: usize) {
    let width = panel.len() / depth.div_ceil(2);
    // A few rows at a time, as single values first.
    let mut single = [0.0; BLOCK * WIDEST];
    for (block, pairs) in panel.chunks_mut(BLOCK / 2 * width).enumerate() {
        let height = BLOCK.min(depth - block * BLOCK);
        let single = &mut single[..height.next_multiple_of(2) * width];
        single[height * width..].fill(0.0);
        let rows = &mut single[..height * width];
        pack(rows, source.from(block * BLOCK, 0), height, first, columns);
        let twos = single.chunks_exact(2 * width);
        for (to, two) in pairs.chunks_exact_mut(width).zip(twos) {
            let (upper, lower) = two.split_at(width);
            pair_rows(to, upper, lower);
        }
    }
}

/// Fills one panel with the columns from `first`.
#[inline(always)]
fn pack(panel: &mut [f32], source: Source<'_>, depth: usize, first: usize, columns: usize) {
    let matrix = source.matrix;
    let width = panel.len() / depth;
    let real = width.min(columns - first);
    if matrix.col_stride == 1 {
        for (k, row) in panel.chunks_exact_mut(width).enumerate() {
            source.ask_for(real, (k + AHEAD) * matrix.row_stride + first);
            source.copy_run(&mut row[..real], k * matrix.row_stride + first);
            row[real..].fill(0.0);
        }
        return;
    }
    assert_eq!(matrix.row_stride, 1, "rows or columns lie together");
    for (block, rows) in panel.chunks_mut(BLOCK * width).enumerate() {
        let height = rows.len() / width;
        for j in 0..real {
            let mut column = [0.0; BLOCK];
            let at = (first + j) * matrix.col_stride + block * BLOCK;
            source.copy_run(&mut column[..height], at);
            for (to, from) in rows[j..].iter_mut().step_by(width).zip(column) {
                *to = from;
            }
        }
        for row in rows.chunks_exact_mut(width) {
            row[real..].fill(0.0);
        }
    }
}
