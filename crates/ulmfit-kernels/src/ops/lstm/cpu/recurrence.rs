//! The recurrent half of a layer on the CPU: one step forward and one step back, for all rows.
//!
//! A general product packs its right operand at each call; here the weight is the same at all `T` steps, so that it is
//! packed once. A task takes some columns of the hidden state: its four products and the gates that they end in.

use super::gates::{self, Seen};
use crate::cpu::gemm::{Beta, Element, LhsBuffer, Matrix, Panels, Source, Target};
use crate::cpu::isa::Isa;
use crate::cpu::parts::Disjoint;
use crate::cpu::team::Team;
use crate::mask::KeptElements;

/// What one step of the way back reads; each slice holds all rows.
pub(super) struct Step<'a> {
    pub(super) cell: &'a [f32],
    pub(super) cell_before: &'a [f32],
    pub(super) d_hidden: &'a [f32],
    /// Gradient of the pre-activations of step `t + 1`; none at the last step.
    pub(super) dz_next: Option<&'a [f32]>,
}

/// The recurrent weight, packed for one direction: a product for each gate.
pub(super) struct Recurrence {
    h: usize,
    packed: Panels,
}

impl Recurrence {
    /// Packs `w_hh [H, 4H]`, without what weight dropout takes, for [`Recurrence::forward`].
    pub(super) fn forward_of(
        team: &Team,
        element: Element,
        w_hh: &[f32],
        kept: Option<&KeptElements>,
        h: usize,
    ) -> Self {
        let weight = Source::masked(Matrix::new(w_hh, 4 * h), kept);
        Self::of(team, element, gates_of(weight, h), h)
    }

    /// Packs `w_hh [H, 4H]` for [`Recurrence::backward`].
    pub(super) fn backward_of(
        team: &Team,
        element: Element,
        w_hh: &[f32],
        kept: Option<&KeptElements>,
        h: usize,
    ) -> Self {
        let weight = Source::masked(Matrix::new(w_hh, 4 * h), kept);
        Self::of(
            team,
            element,
            gates_of(weight, h).map(Source::transposed),
            h,
        )
    }

    fn of(team: &Team, element: Element, gates: [Source<'_>; 4], h: usize) -> Self {
        let mut packed = Panels::empty(Isa::best(), element);
        packed.pack(Some(team), &gates, h, h);
        Self { h, packed }
    }

    /// One step forward: `gates` holds the input projection and becomes the activations.
    pub(super) fn forward(
        &self,
        team: &Team,
        bias: &[f32],
        hidden_before: &[f32],
        cell_before: &[f32],
        [gates, cell, hidden]: [&mut [f32]; 3],
    ) {
        let h = self.h;
        let rows = cell.len() / h;
        let [gates, cell, hidden] = [gates, cell, hidden].map(Disjoint::new);
        let bias = quarters(bias);
        let mut buffer = LhsBuffer::default();
        let before = buffer.prepare(
            Some(team),
            &self.packed,
            Matrix::new(hidden_before, h),
            rows,
        );
        team.for_each(self.packed.count(), |block| {
            let (first, width) = self.packed.columns_of(block);
            let z = Target::new(gates, first, 4 * h);
            // SAFETY: these columns are this block's alone.
            unsafe {
                self.packed
                    .multiply_each(block, before, rows, (z, h), Beta::One)
            };
            let bias = bias.map(|gate| &gate[first..][..width]);
            for row in 0..rows {
                let at = row * h + first;
                // SAFETY: four different gates and two different buffers, all at this block's columns.
                let (z, cell, hidden) = unsafe {
                    let z = [0, 1, 2, 3].map(|g| gates.range((row * 4 + g) * h + first, width));
                    (z, cell.range(at, width), hidden.range(at, width))
                };
                gates::forward(z, bias, &cell_before[at..][..width], cell, hidden);
            }
        });
    }

    /// One step back: `gates` holds the activations and becomes the gradient of the pre-activations, `d_cell` is
    /// carried, `d_recurrent` is room for the gradient from step `t + 1`.
    pub(super) fn backward(
        &self,
        team: &Team,
        seen: &Step<'_>,
        [d_recurrent, d_cell, gates]: [&mut [f32]; 3],
    ) {
        let h = self.h;
        let rows = d_cell.len() / h;
        let [d_recurrent, d_cell, gates] = [d_recurrent, d_cell, gates].map(Disjoint::new);
        let mut buffers: [LhsBuffer; 4] = Default::default();
        let next = seen.dz_next.map(|dz_next| {
            let mut gate = 0;
            buffers.each_mut().map(|buffer| {
                let next = Matrix::new(dz_next, 4 * h).from(0, gate * h);
                gate += 1;
                buffer.prepare(Some(team), &self.packed, next, rows)
            })
        });
        team.for_each(self.packed.count(), |block| {
            let (first, width) = self.packed.columns_of(block);
            if let Some(next) = next {
                let mut beta = Beta::Zero;
                for (gate, next) in next.into_iter().enumerate() {
                    let to = Target::new(d_recurrent, first, h);
                    // SAFETY: these columns are this block's alone.
                    unsafe { self.packed.multiply([block, gate], next, rows, to, beta) };
                    beta = Beta::One;
                }
            }
            for row in 0..rows {
                let at = row * h + first;
                // SAFETY: four different gates and two other buffers, all at this block's columns.
                let (d_recurrent, d_cell, z) = unsafe {
                    let z = [0, 1, 2, 3].map(|g| gates.range((row * 4 + g) * h + first, width));
                    (d_recurrent.range(at, width), d_cell.range(at, width), z)
                };
                let here = Seen {
                    cell: &seen.cell[at..][..width],
                    cell_before: &seen.cell_before[at..][..width],
                    d_hidden: &seen.d_hidden[at..][..width],
                    d_recurrent,
                };
                gates::backward(here, d_cell, z);
            }
        });
    }
}

/// The four gates of `[H, 4H]`, `[H, H]` each.
fn gates_of(weight: Source<'_>, h: usize) -> [Source<'_>; 4] {
    [0, 1, 2, 3].map(|gate| weight.from(0, gate * h))
}

/// The four gates of one row.
fn quarters(row: &[f32]) -> [&[f32]; 4] {
    let h = row.len() / 4;
    [0, 1, 2, 3].map(|gate| &row[gate * h..][..h])
}
