//! The left operand of a product, as the tiles read it.

use rayon::prelude::*;

use super::pairs::{Pair, pair_along, pair_rows};
use super::{Matrix, Panels, best_isa};
use crate::precision::MatmulPrecision;
use crate::scratch::Scratch;

/// From this depth on a matrix whose rows do not lie together is copied before its tiles are read: fewer steps come from
/// the nearest cache as they are.
pub(super) const DEEP: usize = 256;

/// A left operand: the rows of a tile, then those of the next.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(super) values: Values<'a>,
    /// From the beginning of a tile to that of the next.
    pub(super) tile: usize,
    /// From a row of a tile to the next.
    pub(super) row: usize,
    /// From a step of the depth to the next.
    pub(super) step: usize,
}

/// What it consists of.
#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    Single(&'a [f32]),
    Pairs(&'a [Pair]),
}

impl<'a> Left<'a> {
    /// A matrix as it lies, for tiles of `tall` rows.
    pub(super) fn of(matrix: Matrix<'a>, tall: usize) -> Self {
        Self {
            values: Values::Single(matrix.data),
            tile: tall * matrix.row_stride,
            row: matrix.row_stride,
            step: matrix.col_stride,
        }
    }

    /// What remains behind so many tiles.
    pub(super) fn after_tiles(self, tile: usize) -> Self {
        let at = tile * self.tile;
        let values = match self.values {
            Values::Single(all) => Values::Single(&all[at.min(all.len())..]),
            Values::Pairs(all) => Values::Pairs(&all[at.min(all.len())..]),
        };
        Self { values, ..self }
    }

    /// Whether `len` elements from here are as many as `rows` rows of `steps` steps in tiles of `tall` rows reach.
    pub(super) fn is_within(&self, len: usize, rows: usize, steps: usize, tall: usize) -> bool {
        let Some(last) = rows.checked_sub(1) else {
            return true;
        };
        let end =
            |row: usize| row / tall * self.tile + row % tall * self.row + (steps - 1) * self.step;
        // The last row of the last whole tile may reach further than the last row of all.
        let whole = (rows / tall * tall).checked_sub(1).map_or(0, end);
        end(last).max(whole) < len
    }
}

/// Room for a left operand whose tiles cannot read it as it lies.
#[derive(Default)]
pub(crate) struct LeftRoom(Scratch);

impl LeftRoom {
    /// The `rows` rows of `matrix`, as deep as `panels`, in the form that a product with them asks for: single values as they
    /// lie, or in strips of a tile's rows, column after column; pairs rounded and copied, by all threads.
    pub(crate) fn prepare<'a>(
        &'a mut self,
        panels: &Panels,
        matrix: Matrix<'a>,
        rows: usize,
    ) -> Left<'a> {
        let (depth, tall) = (panels.depth(), panels.rows_at_once());
        assert!(matrix.holds(rows, depth), "operand too short");
        let paired = panels.precision() == MatmulPrecision::Bf16;
        let together = matrix.col_stride == 1;
        if !paired && (together || depth < DEEP) {
            return Left::of(matrix, tall);
        }
        let steps = panels.steps();
        let room = std::mem::take(&mut self.0);
        let shape = [rows, depth];
        let (values, row, step) = if together {
            self.0 = room.resized(rows * steps);
            round_rows(Pair::room(&mut self.0), matrix, shape);
            (Values::Pairs(Pair::all(&self.0)), steps, 1)
        } else {
            self.0 = room.resized(rows.next_multiple_of(tall) * steps);
            if paired {
                round_strips(Pair::room(&mut self.0), matrix, shape, tall);
                (Values::Pairs(Pair::all(&self.0)), 1, tall)
            } else {
                gather(&mut self.0, matrix, shape, tall);
                (Values::Single(&self.0), 1, tall)
            }
        };
        Left {
            values,
            tile: tall * steps,
            row,
            step,
        }
    }
}

/// Rows that a thread rounds at once where each lies together, and where columns do.
const ROWS: usize = 24;
const STRIPS: usize = 120;

/// Pairs of each row whose values lie together.
fn round_rows(to: &mut [Pair], from: Matrix<'_>, [rows, depth]: [usize; 2]) {
    #[inline(always)]
    fn some(to: &mut [Pair], from: Matrix<'_>, depth: usize) {
        let steps = depth.div_ceil(2);
        for (r, to) in to.chunks_exact_mut(steps).enumerate() {
            pair_along(to, &from.data[r * from.row_stride..][..depth]);
        }
    }
    let steps = depth.div_ceil(2);
    to[..rows * steps]
        .par_chunks_mut(ROWS * steps)
        .enumerate()
        .for_each(|(task, to)| {
            let from = from.from(task * ROWS, 0);
            best_isa!(some; to: &mut [Pair], from: Matrix<'_>, depth: usize);
        });
}

/// Pairs in strips of `tall` rows, step after step, of a matrix whose columns lie together.
fn round_strips(to: &mut [Pair], from: Matrix<'_>, [rows, depth]: [usize; 2], tall: usize) {
    #[inline(always)]
    fn some(to: &mut [Pair], from: Matrix<'_>, rows: usize, depth: usize, tall: usize) {
        let zeros = [0.0; STRIPS];
        let strip = tall * depth.div_ceil(2);
        for k in (0..depth).step_by(2) {
            let column = |k: usize| &from.data[k * from.col_stride..][..rows];
            let upper = column(k);
            let lower = if k + 1 < depth {
                column(k + 1)
            } else {
                &zeros[..rows]
            };
            for first in (0..rows).step_by(tall) {
                let here = first..rows.min(first + tall);
                let to = &mut to[first / tall * strip + k / 2 * tall..][..here.len()];
                pair_rows(to, &upper[here.clone()], &lower[here]);
            }
        }
    }
    by_strips(
        to,
        from,
        [rows, depth.div_ceil(2)],
        tall,
        |to, from, rows| {
            best_isa!(some; to: &mut [Pair], from: Matrix<'_>, rows: usize, depth: usize, tall: usize);
        },
    );
}

/// Single values in strips of `tall` rows, column after column, of a matrix whose columns lie together.
fn gather(to: &mut [f32], from: Matrix<'_>, [rows, depth]: [usize; 2], tall: usize) {
    by_strips(to, from, [rows, depth], tall, |to, from, rows| {
        for k in 0..depth {
            let column = &from.data[k * from.col_stride..];
            for strip in (0..rows).step_by(tall) {
                let to = &mut to[strip * depth + k * tall..][..tall.min(rows - strip)];
                to.copy_from_slice(&column[strip..][..to.len()]);
            }
        }
    });
}

/// Has `copy` fill whole strips of `steps` steps from the rows that belong to them, by all threads.
fn by_strips<T: Send>(
    to: &mut [T],
    from: Matrix<'_>,
    [rows, steps]: [usize; 2],
    tall: usize,
    copy: impl Fn(&mut [T], Matrix<'_>, usize) + Sync,
) {
    assert_eq!(from.row_stride, 1, "rows or columns lie together");
    let at_once = STRIPS / tall * tall;
    to.par_chunks_mut(at_once * steps)
        .enumerate()
        .for_each(|(task, to)| {
            let first = task * at_once;
            copy(to, from.from(first, 0), at_once.min(rows - first));
        });
}
