//! The right operand in panels: as wide as a tile, rows one after the other, read from front to end.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::pack::{Source, pack_group};
use super::simd::Isa;
use super::tile::{Operands, Right, tile};
use super::{Disjoint, Into, Matrix, Target, best_isa};
use crate::int8;
use crate::scratch::Scratch;

/// Most elements of a tile, in any instruction set.
const TILE: usize = 8 * 48;
/// Passes in which whole numbers are widened as they are read.
const FEW: usize = 2;
/// How many rows of a panel are asked for ahead while it is read: 3 KB with AVX-512.
const AHEAD: usize = 16;

/// One or several matrices `[depth, columns]` in column panels, the last one filled up with zeros to whole registers.
///
/// The same columns of several matrices lie behind each other, in the order in which a kernel multiplies by them.
pub(crate) struct Panels {
    isa: Isa,
    depth: usize,
    columns: usize,
    matrices: usize,
    /// Registers of a panel; the last may have fewer.
    registers: usize,
    data: Data,
}

/// The values of all panels.
enum Data {
    Single(Scratch),
    /// Whole numbers; the factor of column `c` of a panel lies where row 0 of that column would in panels of depth 1.
    Int8 {
        numbers: Vec<i8>,
        factors: Vec<f32>,
    },
}

impl Panels {
    /// No matrix yet; `pack` and `pack_all` fill it, again and again into the same memory.
    pub(crate) fn empty(isa: Isa) -> Self {
        Self {
            isa,
            depth: 0,
            columns: 0,
            matrices: 0,
            registers: 1,
            data: Data::Single(Scratch::default()),
        }
    }

    /// Packs matrices `[depth, columns]`, by all threads.
    pub(crate) fn pack_all(&mut self, matrices: &[Source<'_>], depth: usize, columns: usize) {
        self.lay_out(matrices.len(), depth, columns);
        let (group, width) = (self.group(), self.registers * self.isa.lanes());
        self.room()
            .par_chunks_mut(group)
            .enumerate()
            .for_each(|(p, data)| pack_group(data, matrices, depth, p * width, columns));
    }

    /// Packs matrices `[depth, columns]` as whole numbers, a factor for each column: a quarter of the bytes.
    pub(crate) fn int8(isa: Isa, matrices: &[Source<'_>], depth: usize, columns: usize) -> Self {
        let mut panels = Self::empty(isa);
        panels.pack_all(matrices, depth, columns);
        let (lanes, group) = (isa.lanes(), panels.group());
        let single = panels.room();
        let mut numbers = vec![0; single.len()];
        let mut factors = vec![0.0; single.len() / depth];
        let groups = single.chunks(group).zip(numbers.chunks_mut(group));
        for ((single, numbers), factors) in groups.zip(factors.chunks_mut(group / depth)) {
            // Each matrix's panel is as wide as its part of the factors.
            let width = factors.len() / matrices.len();
            debug_assert_eq!(width % lanes, 0);
            let panel = width * depth;
            let panels = single.chunks(panel).zip(numbers.chunks_mut(panel));
            for ((single, numbers), factors) in panels.zip(factors.chunks_mut(width)) {
                for (column, factor) in factors.iter_mut().enumerate() {
                    let values = || single[column..].iter().step_by(width);
                    *factor = int8::factor(values().copied());
                    for (number, value) in numbers[column..].iter_mut().step_by(width).zip(values())
                    {
                        *number = int8::number(*value, *factor);
                    }
                }
            }
        }
        panels.data = Data::Int8 { numbers, factors };
        panels
    }

    /// Packs one matrix, by the calling thread alone.
    pub(crate) fn pack(&mut self, matrix: Matrix<'_>, depth: usize, columns: usize) {
        self.lay_out(1, depth, columns);
        let (group, width) = (self.group(), self.registers * self.isa.lanes());
        for (p, data) in self.room().chunks_mut(group).enumerate() {
            pack_group(data, &[Source::of(matrix)], depth, p * width, columns);
        }
    }

    fn lay_out(&mut self, matrices: usize, depth: usize, columns: usize) {
        assert!(matrices > 0 && depth > 0 && columns > 0, "nothing to pack");
        let (lanes, (_, most)) = (self.isa.lanes(), self.isa.tile());
        let padded = columns.next_multiple_of(lanes);
        // Narrow matrices in narrower panels: enough of them for several threads.
        self.registers = if padded >= 6 * most * lanes {
            most
        } else {
            most.min(2)
        };
        (self.matrices, self.depth, self.columns) = (matrices, depth, columns);
        let room = match std::mem::replace(&mut self.data, Data::Single(Scratch::default())) {
            Data::Single(room) => room,
            Data::Int8 { .. } => Scratch::default(),
        };
        self.data = Data::Single(room.resized(matrices * depth * padded));
    }

    /// The room that `lay_out` has made.
    fn room(&mut self) -> &mut [f32] {
        match &mut self.data {
            Data::Single(room) => room,
            Data::Int8 { .. } => &mut [],
        }
    }

    /// Values in the panels of the same columns, of all matrices; the last such group may have fewer.
    fn group(&self) -> usize {
        self.matrices * self.registers * self.isa.lanes() * self.depth
    }

    /// The number of rows.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The number of columns, without the filling.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The rows of the left operand that a tile takes.
    pub(crate) fn rows_at_once(&self) -> usize {
        self.isa.tile().0
    }

    /// The number of panels of each matrix.
    pub(crate) fn count(&self) -> usize {
        self.columns.div_ceil(self.registers * self.isa.lanes())
    }

    /// The first column and the number of columns of panel `p`, without the filling.
    pub(crate) fn columns_of(&self, p: usize) -> (usize, usize) {
        let width = self.registers * self.isa.lanes();
        (p * width, width.min(self.columns - p * width))
    }

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
    /// If an operand is too short.
    ///
    /// # Safety
    /// Nobody else touches these rows and columns of `dst` meanwhile.
    pub(crate) unsafe fn multiply(
        &self,
        [p, matrix]: [usize; 2],
        lhs: Matrix<'_>,
        rows: usize,
        dst: Target<'_>,
        into: Into,
    ) {
        let at = self.place(p, matrix);
        // SAFETY: the caller's.
        unsafe {
            match &self.data {
                Data::Single(all) => self.pass(p, &all[at], None, lhs, rows, dst, into),
                Data::Int8 { numbers, factors } => {
                    let factors = Some(&factors[at.start / self.depth..at.end / self.depth]);
                    let numbers = &numbers[at];
                    if rows <= FEW * self.rows_at_once() {
                        self.pass(p, numbers, factors, lhs, rows, dst, into);
                        return;
                    }
                    // Many passes: the panel is widened once, for the same sums.
                    WIDENED.with_borrow_mut(|wide| {
                        wide.resize(wide.len().max(numbers.len()), 0.0);
                        let wide = &mut wide[..numbers.len()];
                        widen(numbers, wide);
                        self.pass(p, wide, factors, lhs, rows, dst, into);
                    });
                }
            }
        }
    }

    /// Where the values of a panel of one of the matrices lie.
    fn place(&self, p: usize, matrix: usize) -> Range<usize> {
        assert!(matrix < self.matrices, "no such matrix");
        let (_, columns) = self.columns_of(p);
        let len = columns.next_multiple_of(self.isa.lanes()) * self.depth;
        let from = p * self.group() + matrix * len;
        from..from + len
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
        lhs: Matrix<'_>,
        rows: usize,
        dst: Target<'_>,
        into: Into,
    ) {
        let lanes = self.isa.lanes();
        let (_, columns) = self.columns_of(p);
        let registers = columns.div_ceil(lanes);
        assert!(
            lhs.holds(rows, self.depth) && dst.holds(rows, columns),
            "operand too short"
        );
        let whole = columns == registers * lanes;
        let (tall, _) = self.isa.tile();
        // Each pass asks for its share of the panel behind this one.
        let passes = rows.div_ceil(tall);
        let later_step = (registers * lanes).div_ceil(passes);
        for (pass, row) in (0..rows).step_by(tall).enumerate() {
            let height = tall.min(rows - row);
            let ahead = AHEAD * registers * lanes;
            let later = panel.len() + pass * later_step * self.depth;
            // SAFETY: `lhs` and `dst` hold these rows by the assertion, the panel has `depth` rows of `registers`
            // registers and as many factors, `part` has room for the largest tile, and panels are made for an
            // instruction set that is there.
            unsafe {
                let to = dst.row(row);
                let mut operands = Operands {
                    depth: self.depth,
                    lhs: lhs.data.as_ptr().add(row * lhs.row_stride),
                    lhs_row: lhs.row_stride,
                    lhs_step: lhs.col_stride,
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
