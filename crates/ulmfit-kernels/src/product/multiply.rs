//! Products with packed panels.

use std::cell::RefCell;

use super::left::{Left, LeftRoom, Values};
use super::pairs::Pair;
use super::panels::{Data, Panels};
use super::tile::{Operands, Right, tile};
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
        let at = self.place(p, matrix);
        // SAFETY: the caller's.
        unsafe {
            match (&self.data, lhs.values) {
                (Data::Single(all), Values::Single(left)) => {
                    self.pass(p, &all[at], None, (left, lhs), rows, dst, into);
                }
                (Data::Pairs(all), Values::Pairs(left)) => {
                    let panel = &Pair::all(all)[at];
                    self.pass(p, panel, None, (left, lhs), rows, dst, into);
                }
                (Data::Int8 { numbers, factors }, Values::Single(left)) => {
                    let factors = Some(&factors[at.start / self.depth..at.end / self.depth]);
                    let numbers = &numbers[at];
                    if rows <= FEW * self.rows_at_once() {
                        self.pass(p, numbers, factors, (left, lhs), rows, dst, into);
                        return;
                    }
                    // Many passes: the panel is widened once, for the same sums.
                    WIDENED.with_borrow_mut(|wide| {
                        wide.resize(wide.len().max(numbers.len()), 0.0);
                        let wide = &mut wide[..numbers.len()];
                        widen(numbers, wide);
                        self.pass(p, wide, factors, (left, lhs), rows, dst, into);
                    });
                }
                _ => panic!("left operand of another precision"),
            }
        }
    }

    /// `dst (+)= lhs * panel`, the rows of a tile after each other.
    ///
    /// # Safety
    /// As of [`Self::multiply`].
    #[expect(clippy::too_many_arguments, reason = "an inner function")]
    unsafe fn pass<W: Right>(
        &self,
        p: usize,
        panel: &[W],
        factors: Option<&[f32]>,
        (left, places): (&[W::Left], Left<'_>),
        rows: usize,
        dst: Target<'_>,
        into: Into,
    ) {
        let lanes = self.isa.lanes();
        let (_, columns) = self.columns_of(p);
        let registers = columns.div_ceil(lanes);
        let ((tall, _), steps) = (self.isa.tile(), self.steps());
        assert!(
            places.is_within(left.len(), rows, steps, tall) && dst.holds(rows, columns),
            "operand too short"
        );
        let whole = columns == registers * lanes;
        // Each pass asks for its share of the panel behind this one.
        let passes = rows.div_ceil(tall);
        let later_step = (registers * lanes).div_ceil(passes);
        for (pass, row) in (0..rows).step_by(tall).enumerate() {
            let height = tall.min(rows - row);
            let ahead = AHEAD * registers * lanes;
            let later = panel.len() + pass * later_step * steps;
            // SAFETY: `left` and `dst` hold these rows by the assertion, the panel has `steps` rows of `registers`
            // registers and as many factors, `part` has room for the largest tile, and panels are made for an
            // instruction set that is there.
            unsafe {
                let to = dst.row(row);
                let mut operands = Operands {
                    steps,
                    lhs: left.as_ptr().add(pass * places.tile),
                    lhs_row: places.row,
                    lhs_step: places.step,
                    panel: panel.as_ptr(),
                    next: panel.as_ptr().wrapping_add(ahead),
                    later: panel.as_ptr().wrapping_add(later),
                    later_step,
                    factors: factors.map_or(std::ptr::null(), <[f32]>::as_ptr),
                    dst: to,
                    dst_row: dst.row_stride,
                    into,
                };
                if whole {
                    tile(self.isa, height, registers, operands);
                    continue;
                }
                // A tile that is wider than what is left of the columns goes elsewhere first.
                let mut part = [0.0; TILE];
                let width = registers * lanes;
                (operands.dst, operands.dst_row) = (part.as_mut_ptr(), width);
                operands.into = Into::Replace;
                tile(self.isa, height, registers, operands);
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
