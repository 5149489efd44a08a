//! The right operand in panels: as wide as a tile, rows one after the other, read from front to end.

use std::ops::Range;

use rayon::prelude::*;

use super::Matrix;
use super::int16::{self, Int8Pair};
use super::isa::Isa;
use super::left::Form;
use super::pack::{Source, pack_group};
use crate::int8;
use crate::precision::MatmulPrecision;
use crate::scratch::Scratch;

/// One or several matrices `[depth, columns]` in column panels, the last one filled up with zeros to whole registers.
///
/// The same columns of several matrices lie behind each other, in the order in which a kernel multiplies by them.
pub(crate) struct Panels {
    pub(super) isa: Isa,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) matrices: usize,
    /// Registers of a panel; the last may have fewer.
    registers: usize,
    pub(super) data: Data,
}

/// The values of all panels.
pub(super) enum Data {
    Single(Scratch),
    /// Two rows in one, rounded.
    Pairs(Scratch),
    /// Whole numbers; the factor of column `c` of a panel lies where row 0 of that column would in panels of depth 1.
    Int8 {
        numbers: Vec<i8>,
        factors: Vec<f32>,
    },
    /// Two rows of whole numbers in one; the factors turn exact sums into values.
    Int8Pairs {
        numbers: Vec<Int8Pair>,
        factors: Vec<f32>,
    },
}

impl Panels {
    /// No matrix yet; `pack` and `pack_all` fill it, again and again into the same memory.
    pub(crate) fn empty(isa: Isa, precision: MatmulPrecision) -> Self {
        let nothing = Scratch::default();
        Self {
            isa,
            depth: 0,
            columns: 0,
            matrices: 0,
            registers: 1,
            data: match precision {
                // Of GPUs alone.
                MatmulPrecision::Fp32 | MatmulPrecision::Fp16 => Data::Single(nothing),
                MatmulPrecision::Bf16 => Data::Pairs(nothing),
            },
        }
    }

    /// Packs matrices `[depth, columns]`, by all threads.
    pub(crate) fn pack_all(&mut self, matrices: &[Source<'_>], depth: usize, columns: usize) {
        self.lay_out(matrices.len(), depth, columns);
        let (group, width) = (self.group(), self.registers * self.isa.lanes());
        let precision = self.precision();
        self.room()
            .par_chunks_mut(group)
            .enumerate()
            .for_each(|(p, data)| pack_group(precision, data, matrices, depth, p * width, columns));
    }

    /// Packs matrices `[depth, columns]` as whole numbers, a factor for each column: a quarter of the bytes.
    pub(crate) fn int8(isa: Isa, matrices: &[Source<'_>], depth: usize, columns: usize) -> Self {
        let mut panels = Self::empty(isa, MatmulPrecision::Fp32);
        panels.pack_all(matrices, depth, columns);
        let (mut numbers, mut factors) = (Vec::new(), Vec::new());
        for single in panels.each() {
            let (own, of_columns) = whole_numbers(single, depth);
            numbers.extend(own);
            factors.extend(of_columns);
        }
        panels.data = Data::Int8 { numbers, factors };
        panels
    }

    /// The same for a left operand between -1 and 1, which becomes whole numbers too: the sums are exact.
    pub(crate) fn int8_by_int16(
        isa: Isa,
        matrices: &[Source<'_>],
        depth: usize,
        columns: usize,
    ) -> Self {
        let mut panels = Self::empty(isa, MatmulPrecision::Fp32);
        panels.pack_all(matrices, depth, columns);
        let (mut numbers, mut factors) = (Vec::new(), Vec::new());
        for single in panels.each() {
            let (mut own, of_columns) = whole_numbers(single, depth);
            let width = of_columns.len();
            own.resize(depth.next_multiple_of(2) * width, 0);
            for two in own.chunks_exact(2 * width) {
                let (upper, lower) = two.split_at(width);
                let pairs = upper.iter().zip(lower);
                numbers.extend(pairs.map(|(&upper, &lower)| Int8Pair([upper, lower])));
            }
            factors.extend(of_columns.iter().map(|factor| factor / int16::one(depth)));
        }
        panels.data = Data::Int8Pairs { numbers, factors };
        panels
    }

    /// The panels of single values, in the order in which they lie.
    fn each(&mut self) -> Vec<&[f32]> {
        let places: Vec<_> = (0..self.count())
            .flat_map(|p| (0..self.matrices).map(move |matrix| (p, matrix)))
            .map(|(p, matrix)| self.place(p, matrix))
            .collect();
        let single: &[f32] = self.room();
        places.into_iter().map(|place| &single[place]).collect()
    }

    /// Packs one matrix, by the calling thread alone.
    pub(crate) fn pack(&mut self, matrix: Matrix<'_>, depth: usize, columns: usize) {
        self.lay_out(1, depth, columns);
        let matrix = [Source::of(matrix)];
        let (group, width) = (self.group(), self.registers * self.isa.lanes());
        let precision = self.precision();
        for (p, data) in self.room().chunks_mut(group).enumerate() {
            pack_group(precision, data, &matrix, depth, p * width, columns);
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
        let len = matrices * self.steps() * padded;
        if let Data::Single(room) | Data::Pairs(room) = &mut self.data {
            *room = std::mem::take(room).resized(len);
        }
    }

    /// The room that `lay_out` has made.
    fn room(&mut self) -> &mut [f32] {
        match &mut self.data {
            Data::Single(room) | Data::Pairs(room) => room,
            Data::Int8 { .. } | Data::Int8Pairs { .. } => &mut [],
        }
    }

    /// What matrices are rounded to while they are packed.
    fn precision(&self) -> MatmulPrecision {
        match &self.data {
            Data::Pairs(_) => MatmulPrecision::Bf16,
            _ => MatmulPrecision::Fp32,
        }
    }

    /// What the left operand of a product with these panels consists of.
    pub(super) fn left(&self) -> Form {
        match &self.data {
            Data::Single(_) | Data::Int8 { .. } => Form::Single,
            Data::Pairs(_) => Form::Bf16,
            Data::Int8Pairs { .. } => Form::Int16,
        }
    }

    /// Rows of a panel as they are stored, two of the depth in one or each for itself.
    pub(super) fn steps(&self) -> usize {
        match self.left() {
            Form::Single => self.depth,
            Form::Bf16 | Form::Int16 => self.depth.div_ceil(2),
        }
    }

    /// Values in the panels of the same columns, of all matrices; the last such group may have fewer.
    fn group(&self) -> usize {
        self.matrices * self.registers * self.isa.lanes() * self.steps()
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

    /// Where the values of a panel of one of the matrices lie.
    pub(super) fn place(&self, p: usize, matrix: usize) -> Range<usize> {
        assert!(matrix < self.matrices, "no such matrix");
        let (_, columns) = self.columns_of(p);
        let len = columns.next_multiple_of(self.isa.lanes()) * self.steps();
        let from = p * self.group() + matrix * len;
        from..from + len
    }
}

/// A panel as whole numbers, in the same order, and the factor of each column.
fn whole_numbers(panel: &[f32], depth: usize) -> (Vec<i8>, Vec<f32>) {
    let width = panel.len() / depth;
    let column = |c: usize| panel[c..].iter().step_by(width).copied();
    let factors: Vec<f32> = (0..width).map(|c| int8::factor(column(c))).collect();
    let mut numbers = Vec::with_capacity(panel.len());
    for row in panel.chunks_exact(width) {
        let pairs = row.iter().zip(&factors);
        numbers.extend(pairs.map(|(&value, &factor)| int8::number(value, factor)));
    }
    (numbers, factors)
}
