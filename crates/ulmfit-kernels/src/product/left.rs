//! The left operand of a product, as the tiles read it.

use rayon::prelude::*;

use super::int16::{self, Int16Pair, int16_pair};
use super::pairs::{Pair, all_of, pair_along, pair_rows, room_of};
use super::{Matrix, Panels, best_isa};
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
    Bf16(&'a [Pair]),
    Int16(&'a [Int16Pair]),
}

/// What panels want it to consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Values of the depth one by one.
    Single,
    /// Two in one, rounded to bf16.
    Bf16,
    /// Two in one, as whole numbers of 16 bits: values between -1 and 1.
    Int16,
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
            Values::Bf16(all) => Values::Bf16(&all[at.min(all.len())..]),
            Values::Int16(all) => Values::Int16(&all[at.min(all.len())..]),
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
    ///
    /// # Panics
    /// If the matrix is too small, or its rows do not lie together where they are to become whole numbers.
    pub(crate) fn prepare<'a>(
        &'a mut self,
        panels: &Panels,
        matrix: Matrix<'a>,
        rows: usize,
    ) -> Left<'a> {
        let (depth, steps, tall) = (panels.depth(), panels.steps(), panels.rows_at_once());
        assert!(matrix.holds(rows, depth), "operand too short");
        let form = panels.left();
        let together = matrix.col_stride == 1;
        if form == Form::Single && (together || depth < DEEP) {
            return Left::of(matrix, tall);
        }
        // Rows whose values lie apart go into strips, whole tiles of them.
        let (places, row, step) = match together {
            true => (rows, steps, 1),
            false => (rows.next_multiple_of(tall), 1, tall),
        };
        let room = std::mem::take(&mut self.0);
        self.0 = room.resized(places * steps);
        let shape = [rows, depth];
        let values = match form {
            Form::Single => {
                gather(&mut self.0, matrix, shape, tall);
                Values::Single(&self.0)
            }
            Form::Bf16 => {
                let to = room_of(&mut self.0);
                match together {
                    true => round_rows(to, matrix, shape),
                    false => round_strips(to, matrix, shape, tall),
                }
                Values::Bf16(all_of(&self.0))
            }
            Form::Int16 => {
                assert!(together, "the rows of whole numbers lie together");
                number_rows(room_of(&mut self.0), matrix, shape);
                Values::Int16(all_of(&self.0))
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
            pair_along(to, &from.data[r * from.row_stride..][..depth], Pair::of);
        }
    }
    by_rows(to, from, [rows, depth], |to, from| {
        best_isa!(some; to: &mut [Pair], from: Matrix<'_>, depth: usize);
    });
}

/// Whole numbers of each row whose values lie together.
fn number_rows(to: &mut [Int16Pair], from: Matrix<'_>, [rows, depth]: [usize; 2]) {
    #[inline(always)]
    fn some(to: &mut [Int16Pair], from: Matrix<'_>, depth: usize) {
        let (steps, one) = (depth.div_ceil(2), int16::one(depth));
        for (r, to) in to.chunks_exact_mut(steps).enumerate() {
            let row = &from.data[r * from.row_stride..][..depth];
            pair_along(to, row, |first, second| int16_pair(first, second, one));
        }
    }
    by_rows(to, from, [rows, depth], |to, from| {
        best_isa!(some; to: &mut [Int16Pair], from: Matrix<'_>, depth: usize);
    });
}

/// Has `copy` fill rows of pairs from those that belong to them, by all threads.
fn by_rows<T: Send>(
    to: &mut [T],
    from: Matrix<'_>,
    [rows, depth]: [usize; 2],
    copy: impl Fn(&mut [T], Matrix<'_>) + Sync,
) {
    let steps = depth.div_ceil(2);
    to[..rows * steps]
        .par_chunks_mut(ROWS * steps)
        .enumerate()
        .for_each(|(task, to)| copy(to, from.from(task * ROWS, 0)));
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
