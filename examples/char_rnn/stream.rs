//! The stateful lesson: the text as a few long rows, the state carried from batch to batch, every character predicted.

use ulmfit::data::{DocumentOrder, LmBatch, LmLoader};
use ulmfit::model::LmLoss;
use ulmfit::prelude::*;
use ulmfit::text::TokenGrid;
use ulmfit::train::StreamModel;

use crate::cells::State;
use crate::model::CharModel;

/// The rows of a text, `seq_len` characters in a batch: the loader of the language models.
///
/// # Errors
/// As the loader's.
pub(crate) fn rows(text: &[u32], seq_len: usize) -> anyhow::Result<LmLoader> {
    let config = LmLoaderConfig::new()
        .with_batch_size(64)
        .with_seq_len(seq_len)
        .with_pad(0)
        .with_order(DocumentOrder::Kept);
    Ok(config.build(vec![text.to_vec()])?)
}

impl StreamModel for CharModel {
    type State = State;

    fn groups(&self) -> LayerGroups {
        self.groups()
    }

    fn batch_loss(&self, batch: &LmBatch, before: Option<State>, _: &mut Mode) -> (LmLoss, State) {
        let rows = batch.inputs.rows();
        let before = before.unwrap_or_else(|| self.initial_state(rows));
        let (hidden, next) = self.hidden(&time_first(&batch.inputs), rows, &before);
        let [steps, rows, width] = hidden.dims();
        // The loader marks positions without a target; the kernel leaves them out.
        let hidden = hidden.reshape([steps * rows, width]);
        let out = self.cost(hidden, &time_first(&batch.targets));
        let loss = LmLoss {
            cross_entropy: out.loss.clone().detach(),
            objective: out.loss,
            correct: out.correct,
            counted: out.counted,
        };
        (loss, next)
    }
}

/// A grid column by column.
fn time_first(grid: &TokenGrid) -> Vec<u32> {
    let cols = grid.cols();
    (0..cols)
        .flat_map(|t| grid.ids().iter().skip(t).step_by(cols).copied())
        .collect()
}
