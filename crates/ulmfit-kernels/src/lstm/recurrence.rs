//! The recurrent half of a layer on the CPU: one step forward and one step back, for all rows.

use rayon::prelude::*;

use super::gates::{self, Seen};
use super::panels::{self, PANEL, Panels, ROWS, Tile};
use crate::flex_slices::Disjoint;
use crate::gemm_slices::{Into, Matrix, matmul};

/// Rows that one task of the unpacked path takes at least.
const PARALLEL_ROWS: usize = 8;

/// What one step of the way back reads; each slice holds all rows.
pub(super) struct Step<'a> {
    pub(super) gates: &'a [f32],
    pub(super) cell: &'a [f32],
    pub(super) cell_before: &'a [f32],
    pub(super) d_hidden: &'a [f32],
    /// Gradient of the pre-activations of step `t + 1`; none at the last step.
    pub(super) dz_next: Option<&'a [f32]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// The recurrent product, by packed panels where the processor and the width allow, else by the general product.
pub(super) struct Recurrence<'a> {
    w_hh: &'a [f32],
    rows: usize,
    h: usize,
    /// Forward: one for each gate. Backward: one of the transposed weight. Empty: the general product.
    packed: Vec<Panels>,
}

impl<'a> Recurrence<'a> {
    /// Packs `w_hh [H, 4H]` for `rows` rows in one direction.
    pub(super) fn new(w_hh: &'a [f32], rows: usize, h: usize, direction: Direction) -> Self {
        let weight = Matrix::new(w_hh, 4 * h);
        let packed = match direction {
            _ if !panels::available(h) => Vec::new(),
            Direction::Forward => (0..4)
                .map(|gate| Panels::pack(weight, h, gate * h, h))
                .collect(),
            Direction::Backward => vec![Panels::pack(weight.transposed(), 4 * h, 0, h)],
        };
        Self {
            w_hh,
            rows,
            h,
            packed,
        }
    }

    /// One step forward: `gates` holds the input projection and becomes the activations.
    pub(super) fn forward(
        &self,
        hidden_before: &[f32],
        cell_before: &[f32],
        gates: &mut [f32],
        cell: &mut [f32],
        hidden: &mut [f32],
    ) {
        let Self { rows, h, .. } = *self;
        if let Some(first) = self.packed.first() {
            let (gates, cell, hidden) = (
                Disjoint::new(gates),
                Disjoint::new(cell),
                Disjoint::new(hidden),
            );
            (0..first.count()).into_par_iter().for_each(|block| {
                // SAFETY: packed panels exist only where `available` was true, and blocks are disjoint columns.
                unsafe {
                    self.forward_block(block, hidden_before, cell_before, [gates, cell, hidden]);
                }
            });
            return;
        }
        let weight = Matrix::new(self.w_hh, 4 * h);
        let before = Matrix::new(hidden_before, h);
        matmul(gates, Into::Add, [rows, h, 4 * h], before, weight);
        gates
            .par_chunks_exact_mut(4 * h)
            .zip(cell_before.par_chunks_exact(h))
            .zip(cell.par_chunks_exact_mut(h))
            .zip(hidden.par_chunks_exact_mut(h))
            .with_min_len(PARALLEL_ROWS)
            .for_each(|(((gates, before), cell), hidden)| {
                gates::forward(quarters_mut(gates), before, cell, hidden);
            });
    }

    /// Columns of one panel, all rows.
    ///
    /// # Safety
    /// The panels are packed, and no two calls at one time have the same `block`.
    #[cfg_attr(
        target_arch = "x86_64",
        target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
    )]
    unsafe fn forward_block(
        &self,
        block: usize,
        hidden_before: &[f32],
        cell_before: &[f32],
        [gates, cell, hidden]: [Disjoint<'_>; 3],
    ) {
        let Self { rows, h, .. } = *self;
        let (first, width) = self.packed[0].columns_of(block);
        let mut tile: Tile = [[0.0; PANEL]; ROWS];
        for row in (0..rows).step_by(ROWS) {
            let tall = ROWS.min(rows - row);
            for (gate, panels) in self.packed.iter().enumerate() {
                // SAFETY: packed means available.
                unsafe { panels.multiply(block, &hidden_before[row * h..], tall, &mut tile) };
                for (r, sums) in tile.iter().enumerate().take(tall) {
                    let at = (row + r) * 4 * h + gate * h + first;
                    // SAFETY: these columns are this block's alone, and the borrow ends with the loop body.
                    let z = unsafe { gates.range(at, width) };
                    for (z, sum) in z.iter_mut().zip(sums) {
                        *z += sum;
                    }
                }
            }
            for r in row..row + tall {
                let at = r * h + first;
                // SAFETY: four different gates and two different buffers, all at this block's columns.
                let (z, cell, hidden) = unsafe {
                    let z = [0, 1, 2, 3].map(|g| gates.range((r * 4 + g) * h + first, width));
                    (z, cell.range(at, width), hidden.range(at, width))
                };
                gates::forward(z, &cell_before[at..][..width], cell, hidden);
            }
        }
    }

    /// One step back: writes `dz` and carries `d_cell`.
    pub(super) fn backward(&self, seen: &Step<'_>, d_cell: &mut [f32], dz: &mut [f32]) {
        let Self { rows, h, .. } = *self;
        if let Some(panels) = self.packed.first() {
            let (d_cell, dz) = (Disjoint::new(d_cell), Disjoint::new(dz));
            (0..panels.count()).into_par_iter().for_each(|block| {
                // SAFETY: packed panels exist only where `available` was true, and blocks are disjoint columns.
                unsafe { self.backward_block(block, seen, d_cell, dz) }
            });
            return;
        }
        let mut d_recurrent = vec![0.0; rows * h];
        if let Some(dz_next) = seen.dz_next {
            let weight = Matrix::new(self.w_hh, 4 * h).transposed();
            let next = Matrix::new(dz_next, 4 * h);
            matmul(
                &mut d_recurrent,
                Into::Replace,
                [rows, 4 * h, h],
                next,
                weight,
            );
        }
        dz.par_chunks_exact_mut(4 * h)
            .zip(d_cell.par_chunks_exact_mut(h))
            .enumerate()
            .with_min_len(PARALLEL_ROWS)
            .for_each(|(row, (dz, d_cell))| {
                let units = row * h..(row + 1) * h;
                let seen = Seen {
                    gates: quarters(&seen.gates[row * 4 * h..][..4 * h]),
                    cell: &seen.cell[units.clone()],
                    cell_before: &seen.cell_before[units.clone()],
                    d_hidden: &seen.d_hidden[units.clone()],
                    d_recurrent: &d_recurrent[units.clone()],
                };
                gates::backward(&seen, d_cell, quarters_mut(dz));
            });
    }

    /// Columns of one panel, all rows.
    ///
    /// # Safety
    /// The panels are packed, and no two calls at one time have the same `block`.
    #[cfg_attr(
        target_arch = "x86_64",
        target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
    )]
    unsafe fn backward_block(
        &self,
        block: usize,
        seen: &Step<'_>,
        d_cell: Disjoint<'_>,
        dz: Disjoint<'_>,
    ) {
        let Self { rows, h, .. } = *self;
        let panels = &self.packed[0];
        let (first, width) = panels.columns_of(block);
        let mut tile: Tile = [[0.0; PANEL]; ROWS];
        for row in (0..rows).step_by(ROWS) {
            let tall = ROWS.min(rows - row);
            if let Some(dz_next) = seen.dz_next {
                // SAFETY: packed means available.
                unsafe { panels.multiply(block, &dz_next[row * 4 * h..], tall, &mut tile) };
            }
            for (r, d_recurrent) in (row..row + tall).zip(&tile) {
                let at = r * h + first;
                let here = Seen {
                    gates: [0, 1, 2, 3].map(|g| &seen.gates[(r * 4 + g) * h + first..][..width]),
                    cell: &seen.cell[at..][..width],
                    cell_before: &seen.cell_before[at..][..width],
                    d_hidden: &seen.d_hidden[at..][..width],
                    d_recurrent: &d_recurrent[..width],
                };
                // SAFETY: four different gates and another buffer, all at this block's columns.
                let (d_cell, dz) = unsafe {
                    let dz = [0, 1, 2, 3].map(|g| dz.range((r * 4 + g) * h + first, width));
                    (d_cell.range(at, width), dz)
                };
                gates::backward(&here, d_cell, dz);
            }
        }
    }
}

/// The four gates of one row.
fn quarters(row: &[f32]) -> [&[f32]; 4] {
    let h = row.len() / 4;
    [0, 1, 2, 3].map(|gate| &row[gate * h..][..h])
}

/// The four gates of one row, to write.
fn quarters_mut(row: &mut [f32]) -> [&mut [f32]; 4] {
    let h = row.len() / 4;
    let (i, rest) = row.split_at_mut(h);
    let (f, rest) = rest.split_at_mut(h);
    let (g, o) = rest.split_at_mut(h);
    [i, f, g, o]
}
