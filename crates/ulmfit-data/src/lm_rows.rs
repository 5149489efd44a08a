//! The rows that the stream of a language model is folded into, and a batch of them.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use ulmfit_text::TokenGrid;

use crate::step_lengths::Step;
use crate::store::OrderedDocs;

/// A target that stands for no token: the loss skips such positions. No vocabulary is so large that this is an id of it.
pub const IGNORE: u32 = u32::MAX;

/// One step's inputs and the tokens that follow them.
#[derive(Clone, Debug, PartialEq)]
pub struct LmBatch {
    /// The tokens to read, `[B, T]`.
    pub inputs: TokenGrid,
    /// The token after each input, `[B, T]`, or [`IGNORE`].
    pub targets: TokenGrid,
    /// What to multiply this step's learning rate by; 1 unless lengths are [`Lengths::Awd`](crate::Lengths::Awd).
    pub rate_scale: f64,
}

impl LmBatch {
    /// The batch of some of its rows.
    ///
    /// # Panics
    /// If there are no such rows.
    #[must_use]
    pub fn of_rows(&self, rows: Range<usize>) -> Self {
        let part = |grid: &TokenGrid| {
            let (n, cols) = (rows.len(), grid.cols());
            let ids = &grid.ids()[rows.start * cols..rows.end * cols];
            TokenGrid::new(n, cols, ids.to_vec())
        };
        Self {
            inputs: part(&self.inputs),
            targets: part(&self.targets),
            rate_scale: self.rate_scale,
        }
    }
}

/// What happens to tokens that do not fill all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// Every token but the very first is predicted exactly once. Rows are `ceil((N-1)/B)` long; the last rows lack one
    /// position each where `B` does not divide `N-1`, and there the input is `pad` and the target [`IGNORE`]. A stream
    /// too short for `B` rows gets as many rows as it has predictions.
    ///
    /// Deviation: every reference drops up to `B-1` tokens instead.
    #[default]
    Keep,
    /// fastai v2, exactly: rows are `floor((N-1)/B)` long and up to `B-1` tokens at the end are never predicted. With
    /// fewer than `B+1` tokens there is no batch at all.
    Drop,
}

/// How `N-1` predictions are laid out in rows: the first `full` rows have `len` of them, the others one less.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) n: usize,
    pub(crate) len: usize,
    full: usize,
}

impl Rows {
    pub(crate) fn new(predictions: usize, batch_size: usize, remainder: Remainder) -> Self {
        match remainder {
            Remainder::Drop => Self {
                n: batch_size,
                len: predictions / batch_size,
                full: batch_size,
            },
            Remainder::Keep => {
                let n = batch_size.min(predictions);
                let len = predictions.div_ceil(n);
                Self {
                    n,
                    len,
                    full: n - (n * len - predictions),
                }
            }
        }
    }

    pub(crate) fn batch(&self, view: &OrderedDocs<'_>, step: Step, pad: u32) -> LmBatch {
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        inputs.reserve_exact(self.n * step.len);
        targets.reserve_exact(self.n * step.len);
        for row in 0..self.n {
            let start = row * self.len - row.saturating_sub(self.full);
            let len = if row < self.full {
                self.len
            } else {
                self.len - 1
            };
            let there = step.len.min(len - step.from.min(len));
            view.copy(start + step.from, there, &mut inputs);
            view.copy(start + step.from + 1, there, &mut targets);
            inputs.resize((row + 1) * step.len, pad);
            targets.resize((row + 1) * step.len, IGNORE);
        }
        let grid = |ids| TokenGrid::new(self.n, step.len, ids);
        LmBatch {
            inputs: grid(inputs),
            targets: grid(targets),
            rate_scale: step.rate_scale,
        }
    }
}
