//! Products with packed panels.

use std::cell::RefCell;
use std::ops::Range;

use super::left::{Left, LeftRoom, Values};
use super::pairs::{Pair, all_of};
use super::panels::{Data, Panels};
use super::right::Right;
use super::tile::{ABREAST, Operands, tile};
use super::{Disjoint, Into, Matrix, Target, best_isa};

/// Most elements of a tile, in any instruction set.
const TILE: usize = 8 * 48;
/// Passes in which whole numbers are widened as they are read.
const FEW: usize = 2;
/// How many rows of a panel are asked for ahead while it is read: 3 KB with AVX-512.
const AHEAD: usize = 16;

impl Panels {
    /// `dst [rows, columns] (+)= lhs [rows, depth] * panels` of one matrix, by the calling thread alone.
    ///
    /// # Safety
    /// Nobody else touches `dst` meanwhile.
    pub(crate) unsafe fn multiply_all(
        &self,
        lhs: Matrix<'_>,
        rows: usize,
        dst: Disjoint<'_>,
        into: Into,
    ) {
        let mut room = LeftRoom::default();
        let lhs = room.prepare(self, lhs, rows);
        for p in 0..self.count() {
            let (first, _) = self.columns_of(p);
            let to = dst.matrix(first, self.columns);
            // SAFETY: the caller's.
            unsafe { self.multiply([p, 0], lhs, rows, to, into) };
        }
    }

    /// `dst [rows, columns of p] (+)= lhs [rows, depth] * panel p` of one of the matrices.
    ///
    /// # Panics
    /// If an operand is too short, or `lhs` was not [prepared](LeftRoom::prepare) for panels like these.
    ///
    /// # Safety
    /// Nobody else touches these rows and columns of `dst` meanwhile.
    pub(crate) unsafe fn multiply(
        &self,
        [p, matrix]: [usize; 2],
        lhs: Left<'_>,
        rows: usize,
        dst: Target<'_>,
        into: Into,
    ) {
        let which = Which {
            p,
            matrices: matrix..matrix + 1,
            apart: 0,
        };
        // SAFETY: the caller's.
        unsafe { self.run(&which, lhs, rows, dst, into) };
    }

    /// The same for each of the matrices, whose results begin `apart` values after each other.
    ///
    /// # Panics
    /// As [`Self::multiply`].
    ///
    /// # Safety
    /// Nobody else touches these rows and columns of the results meanwhile.
    pub(crate) unsafe fn multiply_each(
        &self,
        p: usize,
        lhs: Left<'_>,
        rows: usize,
        (dst, apart): (Target<'_>, usize),
        into: Into,
    ) {
        let whole = self.columns_of(p).1.is_multiple_of(self.isa.lanes());
        let abreast = rows == 1 && self.matrices == ABREAST && whole;
        let at_once = if abreast { ABREAST } else { 1 };
        for first in (0..self.matrices).step_by(at_once) {
            let which = Which {
                p,
                matrices: first..first + at_once,
                apart,
            };
            // SAFETY: the caller's.
            unsafe { self.run(&which, lhs, rows, dst.from(first * apart), into) };
        }
    }

    /// # Safety
    /// As of [`Self::multiply`].
    unsafe fn run(&self, which: &Which, lhs: Left<'_>, rows: usize, dst: Target<'_>, into: Into) {
        let [first, last] = [which.matrices.start, which.matrices.end - 1];
        let at = self.place(which.p, first).start..self.place(which.p, last).end;
        let of_columns = at.start / self.steps()..at.end / self.steps();
        // SAFETY: the caller's.
        unsafe {
            match (&self.data, lhs.values) {
                (Data::Single(all), Values::Single(left)) => {
                    self.pass(which, &all[at], None, (left, lhs), rows, dst, into);
                }
                (Data::Pairs(all), Values::Bf16(left)) => {
                    let panels: &[Pair] = &all_of(all)[at];
                    self.pass(which, panels, None, (left, lhs), rows, dst, into);
                }
                (Data::Int8 { numbers, factors }, Values::Single(left)) => {
                    let factors = Some(&factors[of_columns]);
                    let numbers = &numbers[at];
                    if rows <= FEW * self.rows_at_once() {
                        self.pass(which, numbers, factors, (left, lhs), rows, dst, into);
                        return;
                    }
                    // Many passes: the panel is widened once, for the same sums.
                    WIDENED.with_borrow_mut(|wide| {
                        wide.resize(wide.len().max(numbers.len()), 0.0);
                        let wide = &mut wide[..numbers.len()];
                        widen(numbers, wide);
                        self.pass(which, wide, factors, (left, lhs), rows, dst, into);
                    });
                }
                (Data::Int8Pairs { numbers, factors }, Values::Int16(left)) => {
                    let factors = Some(&factors[of_columns]);
                    self.pass(which, &numbers[at], factors, (left, lhs), rows, dst, into);
                }
                _ => panic!("left operand of another form"),
            }
        }
    }

    /// `dst (+)= lhs * panels`, the rows of a tile after each other.
    ///
    /// # Safety
    /// As of [`Self::multiply`].
    #[expect(clippy::too_many_arguments, reason = "an inner function")]
    unsafe fn pass<W: Right>(
        &self,
        which: &Which,
        panels: &[W],
        factors: Option<&[f32]>,
        (left, places): (&[W::Left], Left<'_>),
        rows: usize,
        dst: Target<'_>,
        into: Into,
    ) {
        let lanes = self.isa.lanes();
        let (_, columns) = self.columns_of(which.p);
        let registers = columns.div_ceil(lanes);
        let ((tall, _), steps) = (self.isa.tile(), self.steps());
        let (abreast, apart) = (which.matrices.len(), which.apart);
        assert!(
            places.is_within(left.len(), rows, steps, tall)
                && dst.holds(rows, (abreast - 1) * apart + columns),
            "operand too short"
        );
        let whole = columns == registers * lanes;
        assert!(
            abreast == 1 || (rows == 1 && whole),
            "one row, whole panels"
        );
        let panel = panels.len() / abreast;
        // Each pass asks for its share of what lies behind the panels.
        let passes = rows.div_ceil(tall);
        let later_step = (registers * lanes).div_ceil(passes);
        for (pass, row) in (0..rows).step_by(tall).enumerate() {
            let height = tall.min(rows - row);
            let ahead = AHEAD * registers * lanes;
            let later = panels.len() + pass * later_step * steps;
            // SAFETY: `left` and `dst` hold these rows by the assertion, each panel has `steps` rows of `registers`
            // registers and as many factors, `part` has room for the largest tile, and panels are made for an
            // instruction set that is there.
            unsafe {
                let to = dst.row(row);
                let mut operands = Operands {
                    steps,
                    lhs: left.as_ptr().add(pass * places.tile),
                    lhs_row: places.row,
                    lhs_step: places.step,
                    panel: panels.as_ptr(),
                    panels_apart: panel,
                    next: panels.as_ptr().wrapping_add(ahead),
                    later: panels.as_ptr().wrapping_add(later),
                    later_step,
                    factors: factors.map_or(std::ptr::null(), <[f32]>::as_ptr),
                    dst: to,
                    dst_row: dst.row_stride,
                    dst_apart: apart,
                    into,
                };
                if whole {
                    tile(self.isa, abreast, height, registers, operands);
                    continue;
                }
                // A tile that is wider than what is left of the columns goes elsewhere first.
                let mut part = [0.0; TILE];
                let width = registers * lanes;
                (operands.dst, operands.dst_row) = (part.as_mut_ptr(), width);
                operands.into = Into::Replace;
                tile(self.isa, 1, height, registers, operands);
                for r in 0..height {
                    for c in 0..columns {
                        let to = to.add(r * dst.row_stride + c);
                        let sum = part[r * width + c];
                        *to = if into == Into::Add { *to + sum } else { sum };
                    }
                }
            }
        }
    }
}

/// Panels of the same columns, and where their results go.
struct Which {
    p: usize,
    matrices: Range<usize>,
    /// From the result of a matrix to that of the next.
    apart: usize,
}

thread_local! {
    /// A panel of whole numbers as values: it stays in the second-level cache.
    static WIDENED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

fn widen(numbers: &[i8], wide: &mut [f32]) {
    #[inline(always)]
    fn each(numbers: &[i8], wide: &mut [f32]) {
        for (wide, &number) in wide.iter_mut().zip(numbers) {
            *wide = f32::from(number);
        }
    }
    best_isa!(each; numbers: &[i8], wide: &mut [f32]);
}
