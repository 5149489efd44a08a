//! Matrix products on slices, after BLIS: the right operand is packed into panels of NR columns ([`Panels`]), MR rows of the
//! left one pass by them, and the micro-kernel ([`kernel`]) keeps an MR x NR tile of the result in registers.
//!
//! Operands are `f32`, bf16 or int8 ([`Element`]). All are stored in words of 32 bits along the depth, so that one
//! micro-kernel serves all three, and stay in them from packing to the product.

mod kernel;
mod lhs;
mod pack;
mod rhs;
mod simd;
mod view;

pub(crate) use lhs::LhsBuffer;
pub(crate) use pack::Source;
pub(crate) use rhs::Panels;
pub(crate) use view::{Matrix, Target};

use super::isa::Isa;
use super::parts::{Disjoint, chunks};
use super::team::Team;

/// Words of the deepest sum at once, KC: the rows of a task and a panel then fit a second-level cache of 1 MB.
const KC: usize = 1152;
/// Rows of a task, MC: whole tiles of every instruction set.
const MC: usize = 120;
/// Tasks for each thread that a large product is cut into, so that none waits long for the last.
const TASKS: usize = 24;

/// What operands are rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    F32,
    /// Two in a word, with sums in `f32`.
    Bf16,
    /// Four in a word, with exact sums in `i32`: a factor for each column of the right operand and each row of the left.
    Int8,
}

impl Element {
    /// Values in a word.
    fn group(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 => 2,
            Self::Int8 => 4,
        }
    }
}

/// What the destination of a product is multiplied by before the product is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beta {
    /// The product replaces it.
    Zero,
    /// The product is added to it.
    One,
}

/// `dst [m, n] = lhs [m, k] * rhs [k, n] + beta * dst` for one or several left operands, `(dst, m, lhs)` each; `dst` is
/// row-major and dense.
///
/// The right operand is packed once. The order of summation depends on `k` alone, so the bits depend neither on the threads
/// nor on the other rows.
///
/// # Panics
/// If a slice is too short for its shape.
pub(crate) fn multiply<const P: usize>(
    team: &Team,
    (isa, element): (Isa, Element),
    [k, n]: [usize; 2],
    rhs: Matrix<'_>,
    beta: Beta,
    products: [(&mut [f32], usize, Matrix<'_>); P],
) {
    assert!(rhs.holds(k, n), "operand too short");
    let products = products.map(|(dst, m, lhs)| {
        assert!(dst.len() >= m * n && lhs.holds(m, k), "operand too short");
        if k == 0 && beta == Beta::Zero {
            dst[..m * n].fill(0.0);
        }
        (Disjoint::new(dst), m, lhs)
    });
    if n == 0 || products.iter().all(|&(_, m, _)| m == 0) {
        return;
    }
    let mut panels = Panels::empty(isa, element);
    for (from, depth) in parts(k, element) {
        let beta = if from == 0 { beta } else { Beta::One };
        panels.pack(Some(team), &[Source::of(rhs.from(from, 0))], depth, n);
        for (dst, m, lhs) in products {
            multiply_part(team, &panels, lhs.from(0, from), m, dst, beta);
        }
    }
}

/// Begin and depth of the parts that a sum over `k` is made in.
fn parts(k: usize, element: Element) -> impl Iterator<Item = (usize, usize)> {
    let parts = k.div_ceil(KC * element.group()).max(1);
    // Whole words but at the end.
    let depth = k.div_ceil(parts).max(1).next_multiple_of(element.group());
    (0..k)
        .step_by(depth)
        .map(move |from| (from, depth.min(k - from)))
}

/// A right operand that is packed once for many products.
pub(crate) struct Packed {
    columns: usize,
    parts: Vec<(usize, Panels)>,
}

impl Packed {
    /// Packs `rhs [k, n]`.
    ///
    /// # Panics
    /// If the slice is too short.
    pub(crate) fn new(team: &Team, element: Element, rhs: Matrix<'_>, [k, n]: [usize; 2]) -> Self {
        assert!(rhs.holds(k, n), "operand too short");
        let parts = if n == 0 { 0 } else { k };
        let parts = self::parts(parts, element).map(|(from, depth)| {
            let mut panels = Panels::empty(Isa::best(), element);
            panels.pack(Some(team), &[Source::of(rhs.from(from, 0))], depth, n);
            (from, panels)
        });
        Self {
            columns: n,
            parts: parts.collect(),
        }
    }

    /// `dst [m, n] = lhs [m, k] * packed`, the same bits as [`multiply`].
    ///
    /// # Panics
    /// If a slice is too short.
    pub(crate) fn multiply(&self, team: &Team, dst: &mut [f32], m: usize, lhs: Matrix<'_>) {
        assert!(dst.len() >= m * self.columns, "operand too short");
        if self.parts.is_empty() {
            dst[..m * self.columns].fill(0.0);
        }
        let dst = Disjoint::new(dst);
        for (from, panels) in &self.parts {
            let beta = if *from == 0 { Beta::Zero } else { Beta::One };
            multiply_part(team, panels, lhs.from(0, *from), m, dst, beta);
        }
    }
}

/// `dst [m, columns] = lhs [m, depth] * panels + beta * dst`, by all threads; nobody else touches `dst` meanwhile.
fn multiply_part(
    team: &Team,
    panels: &Panels,
    lhs: Matrix<'_>,
    m: usize,
    dst: Disjoint<'_>,
    beta: Beta,
) {
    let n = panels.columns();
    let mut buffer = LhsBuffer::default();
    let left = buffer.prepare(Some(team), panels, lhs, m);
    let row_blocks = m.div_ceil(MC);
    // Columns are divided too where the rows alone do not keep the threads busy.
    let wanted = (TASKS * team.threads()).div_ceil(row_blocks.max(1));
    let share = panels.count().div_ceil(wanted.min(panels.count()));
    let column_blocks = panels.count().div_ceil(share);
    team.for_each(row_blocks * column_blocks, |task| {
        let (row, column) = (task / column_blocks * MC, task % column_blocks * share);
        let rows = MC.min(m - row);
        let left = left.from(row);
        for p in column..(column + share).min(panels.count()) {
            let to = Target::new(dst, row * n + panels.columns_of(p).0, n);
            // SAFETY: tasks have different rows or different panels.
            unsafe { panels.multiply([p, 0], left, rows, to, beta) };
        }
    });
}

/// The sum of each of the `cols` columns of a row-major matrix, over the rows in order.
pub(crate) fn column_sums(team: &Team, matrix: &[f32], cols: usize) -> Vec<f32> {
    /// Columns of a task.
    const TASK: usize = 256;
    let mut sums = vec![0.0; cols];
    team.for_each_part(chunks(&mut sums, TASK), |task, sums| {
        for row in matrix.chunks_exact(cols.max(1)) {
            for (sum, x) in sums.iter_mut().zip(&row[task * TASK..]) {
                *sum += x;
            }
        }
    });
    sums
}

#[cfg(test)]
mod tests;
