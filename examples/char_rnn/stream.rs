//! The stateful lesson: the text as a few long rows, the state carried from batch to batch, every character predicted.

use ulmfit::burn::module::Module as _;
use ulmfit::data::{DocumentOrder, LmBatch, LmLoader};
use ulmfit::kernels::TiedLoss;
use ulmfit::prelude::*;
use ulmfit::text::TokenGrid;
use ulmfit::train::{BatchLoss, Learner, Scores, Settings};

use crate::cells::State;
use crate::model::CharModel;

/// The loader of the language models, over characters.
pub(crate) struct Stream {
    train: LmLoader,
    valid: LmLoader,
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
        Ok(Self { train, valid })
    }
}

impl Learner for Stream {
    type Model = CharModel;
    type Batch = LmBatch;
    type Carry = State;
    type Scores = Scores;

    fn groups(&self, model: &CharModel) -> LayerGroups {
        model.groups()
    }

    fn n_batches(&self, epoch: usize) -> usize {
        self.train.n_batches_in(epoch)
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = LmBatch> {
        self.train.epoch_from(epoch, first)
    }

    fn loss(
        &self,
        model: &CharModel,
        batch: &LmBatch,
        carry: &mut Option<State>,
        _: &mut Mode,
    ) -> BatchLoss {
        let (out, next) = cost(model, batch, carry.take());
        *carry = Some(next);
        BatchLoss::new(out.loss, out.counted)
    }

    fn evaluate(&self, model: &CharModel) -> Option<Scores> {
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
        Some(Scores::new(loss / n).higher_is_better("accuracy", correct / n))
    }

    fn describe(&self, _: &CharModel, settings: &mut Settings) {
        let parts = [&self.train, &self.valid];
        settings.add("text", &parts.map(|part| part.docs().fingerprint()));
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
