//! The right operand, packed into panels of NR columns that the micro-kernel reads from front to end.

use super::kernel::{ABREAST, Tile, run};
use super::lhs::{Lhs, LhsBuffer};
use super::pack::{Panel, Source};
use super::{Beta, Element, Matrix, Target, pack};
use crate::cpu::isa::Isa;
use crate::cpu::parts::{Disjoint, chunks};
use crate::cpu::scratch::Scratch;
use crate::cpu::team::{Team, for_each_part};
use crate::int8;

/// Most elements of a tile, in any instruction set.
const TILE: usize = 8 * 48;

/// One or several matrices `[depth, columns]` in panels, the last one filled up with zeros to whole registers.
///
/// The same columns of several matrices lie behind each other, in the order in which a kernel multiplies by them.
pub(crate) struct Panels {
    isa: Isa,
    element: Element,
    depth: usize,
    columns: usize,
    matrices: usize,
    /// Registers of a panel; the last may have fewer.
    registers: usize,
    /// 32-bit words of one `f32`, two bf16 or four int8.
    words: Scratch,
    /// Of int8, for each column in the order of the panels: a factor, and minus 128 times the sum of the column as `i32`,
    /// since the left operand has 128 added to it.
    factors: Vec<f32>,
    start: Vec<f32>,
}

impl Panels {
    /// No matrix yet; `pack` fills it, again and again into the same memory.
    pub(crate) fn empty(isa: Isa, element: Element) -> Self {
        Self {
            isa,
            element,
            depth: 0,
            columns: 0,
            matrices: 0,
            registers: 1,
            words: Scratch::default(),
            factors: Vec::new(),
            start: Vec::new(),
        }
    }

    /// Packs matrices `[depth, columns]`, by the threads of the team or the calling one alone.
    ///
    /// # Panics
    /// If a matrix is too small, or there is nothing to pack.
    pub(crate) fn pack(
        &mut self,
        team: Option<&Team>,
        matrices: &[Source<'_>],
        depth: usize,
        columns: usize,
    ) {
        assert!(
            !matrices.is_empty() && depth > 0 && columns > 0,
            "nothing to pack"
        );
        let holds = |source: &Source<'_>| source.holds(depth, columns);
        assert!(matrices.iter().all(holds), "operand too short");
        if self.element == Element::Int8 {
            self.quantize(team, matrices, depth, columns);
            return;
        }
        self.lay_out(matrices.len(), depth, columns);
        let (isa, element, steps) = (self.isa, self.element, self.steps());
        let (group, width) = (self.group(), self.width());
        for_each_part(team, chunks(&mut self.words, group), |p, group| {
            let first = p * width;
            let len = group.len() / matrices.len();
            for (words, &source) in group.chunks_exact_mut(len).zip(matrices) {
                let width = len / steps;
                let columns = width.min(columns - first);
                pack::run(
                    isa,
                    element,
                    Panel {
                        words,
                        width,
                        source,
                        depth,
                        first,
                        columns,
                    },
                );
            }
        });
    }

    /// Packs the matrices as `f32` first, then rounds each column to integers from -127 to 127 of its largest value.
    fn quantize(
        &mut self,
        team: Option<&Team>,
        matrices: &[Source<'_>],
        depth: usize,
        columns: usize,
    ) {
        let mut single = Self::empty(self.isa, Element::F32);
        single.pack(team, matrices, depth, columns);
        self.lay_out(matrices.len(), depth, columns);
        (self.factors, self.start) = (Vec::new(), Vec::new());
        for (p, matrix) in (0..self.count()).flat_map(|p| (0..matrices.len()).map(move |m| (p, m)))
        {
            let from = &single.words[single.place(p, matrix)];
            let width = from.len() / depth;
            let place = self.place(p, matrix);
            let to = &mut self.words[place];
            for c in 0..width {
                let column = || from[c..].iter().step_by(width).copied();
                let factor = int8::factor(column());
                let mut sum = 0;
                let mut numbers = column().map(|x| int8::number(x, factor));
                for to in to[c..].iter_mut().step_by(width) {
                    let quad = [0; 4].map(|_: i8| numbers.next().unwrap_or(0));
                    sum += quad.iter().map(|&x| i32::from(x)).sum::<i32>();
                    *to = f32::from_bits(u32::from_le_bytes(quad.map(|x| x as u8)));
                }
                self.factors.push(factor);
                self.start.push(f32::from_bits((-128 * sum) as u32));
            }
        }
    }

    fn lay_out(&mut self, matrices: usize, depth: usize, columns: usize) {
        let (lanes, (_, most)) = (self.isa.lanes(), self.isa.tile());
        let padded = columns.next_multiple_of(lanes);
        // Narrow matrices in narrower panels: enough of them for several threads.
        let narrow = padded < 6 * most * lanes;
        self.registers = if narrow { most.min(2) } else { most };
        (self.matrices, self.depth, self.columns) = (matrices, depth, columns);
        let words = std::mem::take(&mut self.words);
        self.words = words.resized(matrices * self.steps() * padded);
    }

    pub(super) fn isa(&self) -> Isa {
        self.isa
    }

    pub(super) fn element(&self) -> Element {
        self.element
    }

    /// The number of rows.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Words along the depth.
    pub(super) fn steps(&self) -> usize {
        self.depth.div_ceil(self.element.group())
    }

    /// Columns of a panel.
    fn width(&self) -> usize {
        self.registers * self.isa.lanes()
    }

    /// Words in the panels of the same columns, of all matrices; the last such group may have fewer.
    fn group(&self) -> usize {
        self.matrices * self.width() * self.steps()
    }

    /// The number of columns, without the filling.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The number of panels of each matrix.
    pub(crate) fn count(&self) -> usize {
        self.columns.div_ceil(self.width())
    }

    /// The first column and the number of columns of panel `p`, without the filling.
    pub(crate) fn columns_of(&self, p: usize) -> (usize, usize) {
        let first = p * self.width();
        (first, self.width().min(self.columns - first))
    }

    /// Where the words of a panel of one of the matrices lie.
    fn place(&self, p: usize, matrix: usize) -> std::ops::Range<usize> {
        assert!(matrix < self.matrices, "no such matrix");
        let (_, columns) = self.columns_of(p);
        let len = columns.next_multiple_of(self.isa.lanes()) * self.steps();
        let from = p * self.group() + matrix * len;
        from..from + len
    }

    /// `dst [rows, columns] = lhs [rows, depth] * panels + beta * dst` of one matrix, by the calling thread alone.
    ///
    /// # Panics
    /// If an operand is too short.
    pub(crate) fn multiply_alone(&self, lhs: Matrix<'_>, rows: usize, dst: &mut [f32], beta: Beta) {
        let mut buffer = LhsBuffer::default();
        let lhs = buffer.prepare(None, self, lhs, rows);
        let dst = Disjoint::new(dst);
        for p in 0..self.count() {
            let to = Target::new(dst, self.columns_of(p).0, self.columns);
            // SAFETY: `dst` is borrowed exclusively.
            unsafe { self.multiply([p, 0], lhs, rows, to, beta) };
        }
    }

    /// `dst [rows, columns of p] = lhs [rows, depth] * panel p + beta * dst` of one of the matrices.
    ///
    /// # Panics
    /// If an operand is too short, or `lhs` was not [prepared](LhsBuffer::prepare) for panels like these.
    ///
    /// # Safety
    /// Nobody else touches these rows and columns of `dst` meanwhile.
    pub(crate) unsafe fn multiply(
        &self,
        [p, matrix]: [usize; 2],
        lhs: Lhs<'_>,
        rows: usize,
        dst: Target<'_>,
        beta: Beta,
    ) {
        // SAFETY: the caller's.
        unsafe { self.tiles([p, matrix, 1], lhs, rows, (dst, 0), beta) };
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
        lhs: Lhs<'_>,
        rows: usize,
        (dst, apart): (Target<'_>, usize),
        beta: Beta,
    ) {
        let whole = self.columns_of(p).1.is_multiple_of(self.isa.lanes());
        let abreast = rows == 1 && self.matrices == ABREAST && whole;
        let at_once = if abreast { ABREAST } else { 1 };
        for first in (0..self.matrices).step_by(at_once) {
            let to = (dst.from(first * apart), apart);
            // SAFETY: the caller's.
            unsafe { self.tiles([p, first, at_once], lhs, rows, to, beta) };
        }
    }

    /// The tiles of one panel, or of one row and several panels side by side.
    ///
    /// # Safety
    /// As of [`Self::multiply`].
    unsafe fn tiles(
        &self,
        [p, matrix, abreast]: [usize; 3],
        lhs: Lhs<'_>,
        rows: usize,
        (dst, apart): (Target<'_>, usize),
        beta: Beta,
    ) {
        let (lanes, (mr, _), steps) = (self.isa.lanes(), self.isa.tile(), self.steps());
        let (_, columns) = self.columns_of(p);
        let registers = columns.div_ceil(lanes);
        let width = registers * lanes;
        assert_eq!(lhs.element, self.element, "left operand of another type");
        assert!(
            lhs.holds(rows, steps) && dst.holds(rows, (abreast - 1) * apart + columns),
            "operand too short"
        );
        assert!(
            abreast == 1 || (rows == 1 && columns == width),
            "one row, whole panels"
        );
        let place = self.place(p, matrix).start..self.place(p, matrix + abreast - 1).end;
        let at = place.start / steps.max(1);
        let panels = &self.words[place];
        let of_columns = |all: &[f32]| match self.element {
            Element::Int8 => all[at..][..abreast * width].as_ptr(),
            _ => std::ptr::null(),
        };
        let (start, factors) = (of_columns(&self.start), of_columns(&self.factors));
        for row in (0..rows).step_by(mr) {
            let (height, left) = (mr.min(rows - row), lhs.from(row));
            let mut tile = Tile {
                steps,
                lhs: left.words.as_ptr(),
                lhs_row: lhs.row,
                lhs_step: lhs.step,
                panel: panels.as_ptr(),
                panel_stride: panels.len() / abreast,
                start,
                factors,
                row_factors: left.row_factors.as_ptr(),
                dst: dst.row(row),
                dst_row: dst.row_stride,
                dst_stride: apart,
                beta,
            };
            let size = [abreast, height, registers];
            if columns == width {
                // SAFETY: `lhs` and `dst` hold these rows by the assertions, each panel has `steps` steps of `registers`
                // registers, int8 has as many factors, and nobody else touches `dst` by the caller's promise.
                unsafe { run(self.isa, self.element, size, tile) };
                continue;
            }
            // A tile that is wider than what is left of the columns goes elsewhere first.
            let mut part = [0.0; TILE];
            (tile.dst, tile.dst_row, tile.beta) = (part.as_mut_ptr(), width, Beta::Zero);
            // SAFETY: as above; `part` has room for the largest tile.
            unsafe { run(self.isa, self.element, size, tile) };
            for (r, part) in part.chunks_exact(width).take(height).enumerate() {
                for (c, &sum) in part[..columns].iter().enumerate() {
                    // SAFETY: `dst` holds these rows and columns by the assertion, and is the caller's.
                    let to = unsafe { &mut *dst.row(row + r).add(c) };
                    *to = if beta == Beta::One { *to + sum } else { sum };
                }
            }
        }
    }
}
