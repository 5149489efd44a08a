//! The left operand of a product, as the micro-kernel reads it.

use super::pack::{MOST_ROWS, Rows, Strips, run};
use super::{Element, Matrix, Panels};
use crate::cpu::isa::best_isa;
use crate::cpu::parts::chunks;
use crate::cpu::scratch::Scratch;
use crate::cpu::team::{Team, for_each_part};

/// From this depth on a matrix whose rows do not lie together is packed even where it could be read in place: fewer steps
/// come from the nearest cache as they are.
pub(super) const DEEP: usize = 256;

/// A left operand in words: the rows of a tile, then those of the next.
#[derive(Clone, Copy)]
pub(crate) struct Lhs<'a> {
    pub(super) element: Element,
    pub(super) words: &'a [f32],
    /// Of int8: a factor for each row.
    pub(super) row_factors: &'a [f32],
    /// From the first word of a tile to that of the next.
    pub(super) tile: usize,
    /// From a row of a tile to the next.
    pub(super) row: usize,
    /// From a step of the depth to the next.
    pub(super) step: usize,
    mr: usize,
}

impl Lhs<'_> {
    /// The rest behind the first `rows`, which are whole tiles.
    pub(super) fn from(self, rows: usize) -> Self {
        let at = rows / self.mr * self.tile;
        Self {
            words: &self.words[at.min(self.words.len())..],
            row_factors: &self.row_factors[rows.min(self.row_factors.len())..],
            ..self
        }
    }

    /// Whether all words of `rows` rows of `steps` steps are there.
    pub(super) fn holds(&self, rows: usize, steps: usize) -> bool {
        let (Some(last), Some(last_step)) = (rows.checked_sub(1), steps.checked_sub(1)) else {
            return true;
        };
        let end = |row: usize| {
            row / self.mr * self.tile + row % self.mr * self.row + last_step * self.step
        };
        // The last row of the last whole tile may reach further than the last row of all.
        let whole = (rows / self.mr * self.mr).checked_sub(1).map_or(0, end);
        end(last).max(whole) < self.words.len()
            && (self.element != Element::Int8 || self.row_factors.len() >= rows)
    }
}

/// Memory for a left operand that the micro-kernel cannot read in place.
#[derive(Default)]
pub(crate) struct LhsBuffer {
    words: Scratch,
    row_factors: Vec<f32>,
}

impl LhsBuffer {
    /// The `rows` rows of `matrix`, as deep as `panels`, for products with them: `f32` in place where that is fast, all else
    /// rounded and copied, by the threads of the team or the calling one alone.
    ///
    /// # Panics
    /// If the matrix is too small, neither rows nor columns lie together, or rows do not that become int8.
    pub(crate) fn prepare<'a>(
        &'a mut self,
        team: Option<&Team>,
        panels: &Panels,
        matrix: Matrix<'a>,
        rows: usize,
    ) -> Lhs<'a> {
        let (depth, steps, element) = (panels.depth(), panels.steps(), panels.element());
        let (isa, mr) = (panels.isa(), panels.isa().tile().0);
        assert!(matrix.holds(rows, depth), "operand too short");
        let together = matrix.col_stride == 1;
        if element == Element::F32 && (together || depth < DEEP) {
            return Lhs {
                element,
                words: matrix.data,
                row_factors: &[],
                tile: mr * matrix.row_stride,
                row: matrix.row_stride,
                step: matrix.col_stride,
                mr,
            };
        }
        assert!(
            together || matrix.row_stride == 1,
            "rows or columns lie together"
        );
        // Whole tiles in either layout; of rows that lie together the last tile may be shorter.
        let most = MOST_ROWS / mr * mr;
        let padded = if together {
            rows
        } else {
            rows.next_multiple_of(mr)
        };
        let buffer = std::mem::take(&mut self.words);
        self.words = buffer.resized(padded * steps);
        let tasks = chunks(&mut self.words, most * steps);
        let from = |task: usize| matrix.from(task * most, 0);
        match element {
            Element::Int8 => {
                assert!(together, "rows that become int8 lie together");
                self.row_factors.resize(rows, 0.0);
                let factors = chunks(&mut self.row_factors, most);
                for_each_part(team, (tasks, factors), |task, (words, factors)| {
                    quantize(words, factors, from(task), depth);
                });
            }
            _ => for_each_part(team, tasks, |task, words| match together {
                true => run(
                    isa,
                    element,
                    Rows {
                        words,
                        matrix: from(task),
                        depth,
                        steps,
                    },
                ),
                false => {
                    let rows = most.min(rows - task * most);
                    run(
                        isa,
                        element,
                        Strips {
                            words,
                            matrix: from(task),
                            rows,
                            depth,
                            steps,
                        },
                    );
                }
            }),
        }
        let (row, step) = if together { (steps, 1) } else { (1, mr) };
        Lhs {
            element,
            words: &self.words,
            row_factors: &self.row_factors,
            tile: mr * steps,
            row,
            step,
            mr,
        }
    }
}

/// Rounds each row to integers from -127 to 127 of its largest value, 128 added, four in a word.
fn quantize(words: &mut [f32], factors: &mut [f32], from: Matrix<'_>, depth: usize) {
    best_isa!(quantize_any; words: &mut [f32], factors: &mut [f32], from: Matrix<'_>, depth: usize);
}

#[inline(always)]
fn quantize_any(words: &mut [f32], factors: &mut [f32], from: Matrix<'_>, depth: usize) {
    /// Independent maxima, so that the compiler can use vector registers.
    const LANES: usize = 16;
    let steps = words.len() / factors.len().max(1);
    for (r, (to, factor)) in words
        .chunks_exact_mut(steps.max(1))
        .zip(factors)
        .enumerate()
    {
        let row = &from.data[r * from.row_stride..][..depth];
        let (blocks, rest) = row.as_chunks::<LANES>();
        let mut largest = [0.0_f32; LANES];
        for block in blocks {
            for (largest, x) in largest.iter_mut().zip(block) {
                *largest = largest.max(x.abs());
            }
        }
        let largest = largest
            .iter()
            .chain(rest)
            .fold(0.0_f32, |m, x| m.max(x.abs()));
        *factor = largest / 127.0;
        let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        // The sum of a value and 1.5 * 2^23 has its nearest integer in the low bits.
        let byte = |x: f32| ((x * scale + 12_583_040.0).to_bits() & 0xff) as u8;
        let (quads, rest) = row.as_chunks::<4>();
        for (to, quad) in to.iter_mut().zip(quads) {
            *to = f32::from_bits(u32::from_le_bytes(quad.map(byte)));
        }
        if let (Some(to), false) = (to.get_mut(quads.len()), rest.is_empty()) {
            let mut quad = [128; 4];
            quad.iter_mut().zip(rest).for_each(|(to, &x)| *to = byte(x));
            *to = f32::from_bits(u32::from_le_bytes(quad));
        }
    }
}
