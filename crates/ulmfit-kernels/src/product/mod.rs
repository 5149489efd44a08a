//! Matrix products on slices.
//!
//! The right operand is packed into panels ([`Panels`]); a tile of the result stays in registers while the sum runs
//! ([`tile`]). Kernels that multiply by one matrix again and again keep its panels; all others call [`matmul`].

mod dispatch;
mod int16;
mod isa;
mod left;
mod matrix;
mod multiply;
mod pack;
mod pairs;
mod panels;
mod right;
mod simd;
mod tile;

use rayon::prelude::*;

pub(crate) use dispatch::best_isa;
pub(crate) use isa::Isa;
pub(crate) use left::LeftRoom;
pub(crate) use matrix::{Disjoint, Matrix, Target};
pub(crate) use pack::Source;
pub(crate) use panels::Panels;

use crate::precision::MatmulPrecision;

/// Deepest sum at once: the rows of `lhs` and a panel of `rhs` then fit a second-level cache of 1 MB.
const DEPTH: usize = 1152;
/// Rows of `lhs` that pass by a panel together: whole tiles of every instruction set.
const ROWS: usize = 120;

/// Whether a product replaces what the destination holds or is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Into {
    Replace,
    Add,
}

/// `dst [m, n] = lhs [m, k] * rhs [k, n]`, or `+=`; `dst` is row-major and dense.
///
/// The operands are rounded to `precision`. The order of summation depends on `k` alone, so the bits depend neither on the
/// threads nor on the other rows.
///
/// # Panics
/// If a slice is too short for its shape.
pub(crate) fn matmul(
    precision: MatmulPrecision,
    dst: &mut [f32],
    into: Into,
    [m, k, n]: [usize; 3],
    lhs: Matrix<'_>,
    rhs: Matrix<'_>,
) {
    matmul_each(precision, [k, n], rhs, into, [(dst, m, lhs)]);
}

/// The same for several left operands, `(dst, m, lhs)` each, with one right operand, which is packed once.
///
/// # Panics
/// As [`matmul`].
pub(crate) fn matmul_each<const P: usize>(
    precision: MatmulPrecision,
    shape: [usize; 2],
    rhs: Matrix<'_>,
    into: Into,
    products: [(&mut [f32], usize, Matrix<'_>); P],
) {
    matmul_with(Isa::best(), precision, shape, rhs, into, products);
}

fn matmul_with<const P: usize>(
    isa: Isa,
    precision: MatmulPrecision,
    [k, n]: [usize; 2],
    rhs: Matrix<'_>,
    into: Into,
    products: [(&mut [f32], usize, Matrix<'_>); P],
) {
    assert!(rhs.holds(k, n), "operand too short");
    let products = products.map(|(dst, m, lhs)| {
        assert!(dst.len() >= m * n && lhs.holds(m, k), "operand too short");
        if k == 0 && into == Into::Replace {
            dst[..m * n].fill(0.0);
        }
        (Disjoint::new(dst), m, lhs)
    });
    if n == 0 || products.iter().all(|&(_, m, _)| m == 0) {
        return;
    }
    let mut panels = Panels::empty(isa, precision);
    for (from, depth) in parts(k) {
        let into = if from == 0 { into } else { Into::Add };
        panels.pack_all(&[Source::of(rhs.from(from, 0))], depth, n);
        for (dst, m, lhs) in products {
            multiply(&panels, lhs.from(0, from), m, dst, into);
        }
    }
}

/// Begin and depth of the parts that a sum over `k` is made in.
fn parts(k: usize) -> impl Iterator<Item = (usize, usize)> {
    let depth = k.div_ceil(k.div_ceil(DEPTH).max(1)).max(1);
    (0..k)
        .step_by(depth)
        .map(move |from| (from, depth.min(k - from)))
}

/// A right operand that many products share.
pub(crate) struct Packed {
    parts: Vec<(usize, Panels)>,
}

impl Packed {
    /// Packs `rhs [k, n]`.
    pub(crate) fn of(precision: MatmulPrecision, rhs: Matrix<'_>, k: usize, n: usize) -> Self {
        Self::by(rhs, k, n, |part, depth| {
            let mut panels = Panels::empty(Isa::best(), precision);
            panels.pack_all(&[Source::of(part)], depth, n);
            panels
        })
    }

    /// The same as whole numbers, with a factor for each column of each part of the depth.
    pub(crate) fn int8_of(rhs: Matrix<'_>, k: usize, n: usize) -> Self {
        Self::by(rhs, k, n, |part, depth| {
            Panels::int8(Isa::best(), &[Source::of(part)], depth, n)
        })
    }

    /// Packs each part of the depth with the given function.
    fn by(rhs: Matrix<'_>, k: usize, n: usize, pack: impl Fn(Matrix<'_>, usize) -> Panels) -> Self {
        assert!(rhs.holds(k, n), "operand too short");
        let part = |(from, depth)| (from, pack(rhs.from(from, 0), depth));
        Self {
            parts: parts(k).map(part).collect(),
        }
    }

    /// `dst [m, n] = lhs [m, k] * packed`, the same bits as [`matmul`].
    pub(crate) fn multiply(&self, dst: &mut [f32], m: usize, lhs: Matrix<'_>) {
        let dst = Disjoint::new(dst);
        for (from, panels) in &self.parts {
            let into = if *from == 0 { Into::Replace } else { Into::Add };
            multiply(panels, lhs.from(0, *from), m, dst, into);
        }
    }
}

/// `dst [m, columns] (+)= lhs [m, depth] * panels`, by all threads.
fn multiply(panels: &Panels, lhs: Matrix<'_>, m: usize, dst: Disjoint<'_>, into: Into) {
    let (n, tall) = (panels.columns(), panels.rows_at_once());
    let mut room = LeftRoom::default();
    let left = room.prepare(panels, lhs, m);
    let row_blocks = m.div_ceil(ROWS);
    // Columns are divided too where the rows alone do not keep the threads busy.
    let wanted = (4 * rayon::current_num_threads()).div_ceil(row_blocks.max(1));
    let share = panels.count().div_ceil(wanted.min(panels.count()));
    let column_blocks = panels.count().div_ceil(share);
    (0..row_blocks * column_blocks)
        .into_par_iter()
        .for_each(|task| {
            let (row, column) = (task / column_blocks * ROWS, task % column_blocks * share);
            let rows = ROWS.min(m - row);
            let left = left.after_tiles(row / tall);
            for p in column..(column + share).min(panels.count()) {
                let (first, _) = panels.columns_of(p);
                let to = dst.matrix(row * n + first, n);
                // SAFETY: tasks have different rows or different panels.
                unsafe { panels.multiply([p, 0], left, rows, to, into) };
            }
        });
}

/// The sum of each of the `cols` columns of a row-major matrix, over the rows in order.
pub(crate) fn column_sums(matrix: &[f32], cols: usize) -> Vec<f32> {
    /// Columns of a task.
    const TASK: usize = 256;
    let mut sums = vec![0.0; cols];
    sums.par_chunks_mut(TASK)
        .enumerate()
        .for_each(|(task, sums)| {
            for row in matrix.chunks_exact(cols) {
                for (sum, x) in sums.iter_mut().zip(&row[task * TASK..]) {
                    *sum += x;
                }
            }
        });
    sums
}

#[cfg(test)]
mod tests;
