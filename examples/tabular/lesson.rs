//! The lesson of a table: batches of shuffled rows.

use anyhow::ensure;
use ulmfit::burn::module::Module as _;
use ulmfit::prelude::*;
use ulmfit::train::{BatchLoss, Learner, Scores, Settings, epoch_order};

use crate::columns::Rows;
use crate::model::Tabular;

/// Rows of a training batch, fastai's 64.
const BATCH: usize = 64;

/// Rows to learn from and rows that are held out.
pub(crate) struct Classes<'a> {
    train: &'a Rows,
    valid: &'a Rows,
    seed: u64,
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
        Ok(Self { train, valid, seed })
    }
}

impl Learner for Classes<'_> {
    type Model = Tabular;
    type Batch = Vec<usize>;
    type Carry = ();
    type Scores = Scores;

    fn groups(&self, model: &Tabular) -> LayerGroups {
        model.groups()
    }

    /// As in fastai a short last batch is left out: normalization needs rows. The next epoch leaves out others.
    fn n_batches(&self, _: usize) -> usize {
        (self.train.len() / BATCH).max(1)
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = Vec<usize>> {
        let order = epoch_order(self.train.len(), self.seed, epoch);
        let batches: Vec<_> = order.chunks(BATCH).map(<[usize]>::to_vec).collect();
        let whole = self.n_batches(epoch);
        batches.into_iter().take(whole).skip(first)
    }

    fn loss(
        &self,
        model: &Tabular,
        rows: &Vec<usize>,
        _: &mut Option<()>,
        mode: &mut Mode,
    ) -> BatchLoss {
        // The mode turns the normalizations to the batch; nothing is dropped.
        let out = model.loss(self.train, rows, mode);
        BatchLoss::new(out.loss, out.counted)
    }

    fn evaluate(&self, model: &Tabular) -> Option<Scores> {
        let model = model.valid();
        let all: Vec<usize> = (0..self.valid.len()).collect();
        let (mut loss, mut correct) = (0.0, 0.0);
        for rows in all.chunks(1024) {
            let out = model.loss(self.valid, rows, &Mode::Eval);
            loss += f64::from(out.loss.into_scalar::<f32>()) * rows.len() as f64;
            correct += f64::from(out.correct.into_scalar::<f32>());
        }
        let n = self.valid.len() as f64;
        Some(Scores::new(loss / n).higher_is_better("accuracy", correct / n))
    }

    fn describe(&self, _: &Tabular, settings: &mut Settings) {
        settings.add("rows", &[self.train, self.valid]);
    }
}
