//! The lesson of a table: batches of shuffled rows.

use anyhow::ensure;
use ulmfit::burn::module::Module as _;
use ulmfit::burn::tensor::Tensor;
use ulmfit::prelude::*;

use crate::columns::Rows;
use crate::fit::{Lesson, shuffled};
use crate::model::Tabular;

/// Rows of a training batch, fastai's 64.
const BATCH: usize = 64;

/// Rows to learn from and rows that are held out.
pub(crate) struct Classes<'a> {
    train: &'a Rows,
    valid: &'a Rows,
    seed: u64,
    order: Vec<usize>,
}

impl<'a> Classes<'a> {
    /// Both parts.
    ///
    /// # Errors
    /// Without a held-out row.
    pub(crate) fn new(train: &'a Rows, valid: &'a Rows, seed: u64) -> anyhow::Result<Self> {
        ensure!(
            valid.len() > 0,
            "expected at least one held-out row, found none; give a larger table"
        );
        Ok(Self {
            train,
            valid,
            seed,
            order: Vec::new(),
        })
    }
}

impl Lesson<Tabular> for Classes<'_> {
    const METRIC: &'static str = "accuracy";

    /// As in fastai a short last batch is left out: normalization needs rows. The next epoch leaves out others.
    fn n_batches(&self) -> usize {
        (self.train.len() / BATCH).max(1)
    }

    fn start(&mut self, epoch: usize) {
        self.order = shuffled(self.train.len(), self.seed, epoch);
    }

    fn loss(&mut self, model: &Tabular, batch: usize) -> (Tensor<1>, usize) {
        let rows = self.order.chunks(BATCH).nth(batch).unwrap_or_default();
        // The mode turns the normalizations to the batch; nothing is dropped.
        let out = model.loss(self.train, rows, &Mode::train(self.seed));
        (out.loss, out.counted)
    }

    fn scores(&self, model: &Tabular) -> (f64, f64) {
        let model = model.valid();
        let all: Vec<usize> = (0..self.valid.len()).collect();
        let (mut loss, mut correct) = (0.0, 0.0);
        for rows in all.chunks(1024) {
            let out = model.loss(self.valid, rows, &Mode::Eval);
            loss += f64::from(out.loss.into_scalar::<f32>()) * rows.len() as f64;
            correct += f64::from(out.correct.into_scalar::<f32>());
        }
        let n = self.valid.len() as f64;
        (loss / n, correct / n)
    }
}
