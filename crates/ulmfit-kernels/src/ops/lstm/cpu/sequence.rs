//! The way forward on the CPU: the input projection as one product over many steps, then step by step.

use super::super::node::{Outputs, Saved};
use super::recurrence::Recurrence;
use crate::cpu::gemm::{Element, Matrix, Packed};
use crate::cpu::scratch::Scratch;
use crate::cpu::team::Team;
use crate::mask::KeptElements;
use crate::ops::flex_tensors::tensor;
use burn::backend::Flex;

/// Rows of the input projection at a time where nothing is kept: 19 MB at a hidden width of 1,152.
const PROJECTED_ROWS: usize = 1024;

/// The weights of the way forward.
pub(super) trait Weights {
    /// `dst = left * w_ih` for `rows` rows.
    fn project(&self, team: &Team, dst: &mut [f32], rows: usize, left: Matrix<'_>);

    /// The recurrent weight; after `last` nothing more is projected.
    fn recurrence(&mut self, team: &Team, h: usize, last: bool) -> &Recurrence;
}

/// Weights that are packed for one call.
pub(super) struct Packing<'a> {
    element: Element,
    projection: Option<Packed>,
    recurrence: Option<Recurrence>,
    w_hh: &'a [f32],
    kept: Option<&'a KeptElements>,
}

impl<'a> Packing<'a> {
    /// Packs `w_ih [width, 4H]`; `w_hh [H, 4H]` will be when it is first asked for.
    pub(super) fn new(
        team: &Team,
        element: Element,
        (w_ih, width): (Matrix<'_>, usize),
        (w_hh, h): (&'a [f32], usize),
        kept: Option<&'a KeptElements>,
    ) -> Self {
        Self {
            element,
            projection: Some(Packed::new(team, element, w_ih, [width, 4 * h])),
            recurrence: None,
            w_hh,
            kept,
        }
    }
}

impl Weights for Packing<'_> {
    fn project(&self, team: &Team, dst: &mut [f32], rows: usize, left: Matrix<'_>) {
        if let Some(projection) = &self.projection {
            projection.multiply(team, dst, rows, left);
        }
    }

    fn recurrence(&mut self, team: &Team, h: usize, last: bool) -> &Recurrence {
        if last {
            // The recurrent weight may take its room.
            self.projection = None;
        }
        let (element, w_hh, kept) = (self.element, self.w_hh, self.kept);
        self.recurrence
            .get_or_insert_with(|| Recurrence::forward_of(team, element, w_hh, kept, h))
    }
}

/// What a layer reads beside its weights.
pub(super) struct Sequence<'a> {
    /// `T`, `B`, `I`
    pub(super) shape: [usize; 3],
    /// `[T, B, I]`
    pub(super) x: &'a [f32],
    /// `[4H]`
    pub(super) bias: &'a [f32],
    /// `[B, H]`
    pub(super) h0: &'a [f32],
    /// `[B, H]`
    pub(super) c0: &'a [f32],
}

impl Sequence<'_> {
    pub(super) fn forward(
        &self,
        team: &Team,
        weights: &mut impl Weights,
        save: bool,
    ) -> Outputs<Flex> {
        let [steps, rows, width] = self.shape;
        let h = self.bias.len() / 4;
        let (n, step, h4) = (steps * rows, rows * h, 4 * h);
        let Self { x, h0, c0, .. } = *self;
        // The input projection of many steps is one product. Without a way back the room for it is used again.
        let span = if save {
            steps
        } else {
            (PROJECTED_ROWS / rows.max(1)).clamp(1, steps)
        };
        // What is kept becomes a tensor; what is not, room for the next call.
        let mut kept = vec![0.0; if save { n * h4 } else { 0 }];
        let mut reused = Scratch::of(if save { 0 } else { span * rows * h4 });
        let activations: &mut [f32] = if save { &mut kept } else { &mut reused };
        let mut hidden = vec![0.0; n * h];
        // Without a way back two steps take turns.
        let kept_cells = if save { steps } else { steps.min(2) };
        let mut cells = vec![0.0; kept_cells * step];
        let cell_of = |t: usize| t % kept_cells * step..(t % kept_cells + 1) * step;
        for from in (0..steps).step_by(span) {
            let span = span.min(steps - from);
            let left = Matrix::new(&x[from * rows * width..], width);
            weights.project(
                team,
                &mut activations[..span * rows * h4],
                span * rows,
                left,
            );
            let recurrence = weights.recurrence(team, h, from + span == steps);
            for t in from..from + span {
                let (hidden_before, hidden_now) = hidden.split_at_mut(t * step);
                let (hidden_before, cell_before, cell): (&[f32], &[f32], _) = match t {
                    0 => (h0, c0, &mut cells[cell_of(0)]),
                    _ => {
                        let [before, now] = cells
                            .get_disjoint_mut([cell_of(t - 1), cell_of(t)])
                            .expect("two steps that follow each other");
                        (&hidden_before[(t - 1) * step..], before, now)
                    }
                };
                let gates = &mut activations[(t - from) * rows * h4..][..rows * h4];
                let results = [gates, cell, &mut hidden_now[..step]];
                recurrence.forward(team, self.bias, hidden_before, cell_before, results);
            }
        }
        let last_cell = cells[cell_of(steps - 1)].to_vec();
        let saved = save.then(|| Saved {
            gates: tensor(kept, [steps, rows, h4]),
            cells: tensor(cells, [steps, rows, h]),
        });
        Outputs {
            hidden: tensor(hidden, [steps, rows, h]),
            last_cell: tensor(last_cell, [rows, h]),
            saved,
        }
    }
}
