//! The stateful lesson: the text as a few long rows, the state carried from batch to batch, every character predicted.

use ulmfit::burn::module::Module as _;
use ulmfit::burn::tensor::Tensor;
use ulmfit::data::{DocumentOrder, LmBatch, LmLoader};
use ulmfit::kernels::TiedLoss;
use ulmfit::prelude::*;
use ulmfit::text::TokenGrid;

use crate::cells::State;
use crate::fit::Lesson;
use crate::model::CharModel;

/// The loader of the language models, over characters.
pub(crate) struct Stream {
    train: LmLoader,
    valid: LmLoader,
    batches: Vec<LmBatch>,
    state: Option<State>,
}

impl Stream {
    /// Rows of both texts; gradients flow through the lesson's 8 characters.
    ///
    /// # Errors
    /// As the loader's.
    pub(crate) fn new(train: &[u32], valid: &[u32]) -> anyhow::Result<Self> {
        let loader = |text: &[u32], seq_len| {
            let config = LmLoaderConfig::new()
                .with_batch_size(64)
                .with_seq_len(seq_len)
                .with_pad(0);
            config
                .with_order(DocumentOrder::Kept)
                .build(vec![text.to_vec()])
        };
        let (train, valid) = (loader(train, 8)?, loader(valid, 64)?);
        Ok(Self {
            train,
            valid,
            batches: Vec::new(),
            state: None,
        })
    }
}

impl Lesson<CharModel> for Stream {
    const METRIC: &'static str = "accuracy";

    fn n_batches(&self) -> usize {
        self.train.n_batches()
    }

    fn start(&mut self, epoch: usize) {
        self.batches = self.train.epoch(epoch).collect();
        self.state = None;
    }

    fn loss(&mut self, model: &CharModel, batch: usize) -> (Tensor<1>, usize) {
        let (out, next) = cost(model, &self.batches[batch], self.state.take());
        self.state = Some(next);
        (out.loss, out.counted)
    }

    fn scores(&self, model: &CharModel) -> (f64, f64) {
        let model = model.valid();
        let (mut loss, mut correct, mut n) = (0.0, 0.0, 0.0);
        let mut state = None;
        for batch in self.valid.epoch(0) {
            let (out, next) = cost(&model, &batch, state.take());
            state = Some(next);
            loss += f64::from(out.loss.into_scalar::<f32>()) * out.counted as f64;
            correct += f64::from(out.correct.into_scalar::<f32>());
            n += out.counted as f64;
        }
        (loss / n, correct / n)
    }
}

/// The loss of a batch and the state after it.
fn cost(model: &CharModel, batch: &LmBatch, state: Option<State>) -> (TiedLoss, State) {
    let rows = batch.inputs.rows();
    let state = state.unwrap_or_else(|| model.initial_state(rows));
    let (hidden, next) = model.hidden(&time_first(&batch.inputs), rows, &state);
    let [steps, rows, width] = hidden.dims();
    // The loader marks positions without a target; the kernel leaves them out.
    let out = model.cost(
        hidden.reshape([steps * rows, width]),
        &time_first(&batch.targets),
    );
    (out, next)
}

/// A grid column by column.
fn time_first(grid: &TokenGrid) -> Vec<u32> {
    let cols = grid.cols();
    (0..cols)
        .flat_map(|t| grid.ids().iter().skip(t).step_by(cols).copied())
        .collect()
}
