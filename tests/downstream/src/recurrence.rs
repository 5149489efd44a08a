//! A language model that ulmfit has never heard of: a plain RNN over characters, whose state travels between batches.

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param, ParamGroup};
use ulmfit::burn::tensor::{Device, Int, Tensor, TensorData};
use ulmfit::data::{LmBatch, LmLoader};
use ulmfit::kernels::{TiedLoss, tied_cross_entropy};
use ulmfit::model::Random;
use ulmfit::prelude::*;
use ulmfit::train::{BatchLoss, Learner, Scores, Settings};

const IDS: usize = 20;
const WIDTH: usize = 12;

/// The network.
#[derive(Module, Debug)]
pub struct Recurrence {
    /// `[IDS, WIDTH]`, of the decoder too.
    embedding: Param<Tensor<2>>,
    /// `[WIDTH, WIDTH]`
    hidden: Param<Tensor<2>>,
    /// `[IDS]`
    bias: Param<Tensor<1>>,
}

impl Recurrence {
    /// New weights.
    pub fn new(seed: u64, device: &Device) -> Self {
        let mut random = Random::new(seed);
        Self {
            embedding: Param::from_tensor(random.uniform([IDS, WIDTH], 0.5, device)),
            hidden: Param::from_tensor(random.uniform([WIDTH, WIDTH], 0.3, device)),
            bias: Param::from_tensor(Tensor::zeros([IDS], device)),
        }
    }

    /// The loss of a batch after `state`, and the state after it.
    fn loss(
        &self,
        batch: &LmBatch,
        state: Option<Tensor<2>>,
        mode: &mut Mode,
    ) -> (TiedLoss, Tensor<2>) {
        let (rows, steps, device) = (batch.inputs.rows(), batch.inputs.cols(), self.bias.device());
        let mut state = state.unwrap_or_else(|| Tensor::zeros([rows, WIDTH], &device));
        let column = |grid: &ulmfit::text::TokenGrid, t: usize| -> Vec<u32> {
            (0..rows).map(|row| grid.row(row)[t]).collect()
        };
        let (mut states, mut targets) = (Vec::new(), Vec::new());
        for t in 0..steps {
            let ids = column(&batch.inputs, t)
                .into_iter()
                .map(i64::from)
                .collect();
            let ids = Tensor::<1, Int>::from_data(TensorData::new::<i64, _>(ids, [rows]), &device);
            let input = mode.dropout(self.embedding.val().select(0, ids), 0.1);
            state = (input + state.matmul(self.hidden.val())).tanh();
            states.push(state.clone());
            targets.extend(column(&batch.targets, t));
        }
        let all = Tensor::cat(states, 0);
        let loss = tied_cross_entropy(all, self.embedding.val(), self.bias.val(), &targets);
        (loss, state.detach())
    }
}

/// A text as ids.
pub struct Stream {
    train: LmLoader,
    valid: LmLoader,
}

impl Stream {
    /// A text of some rhythm, drawn from `seed`.
    ///
    /// # Errors
    /// As the loader's.
    pub fn new(n: usize, seed: u64) -> ulmfit::data::Result<Self> {
        let mut random = Random::new(seed);
        let mut text = |n: usize| -> Vec<u32> {
            (0..n as u32)
                .map(|i| 2 + (i % 7) * 2 + u32::from(random.unit() < 0.2))
                .collect()
        };
        let config = LmLoaderConfig::new().with_batch_size(4).with_seq_len(9);
        let (train, valid) = (
            config.build(vec![text(n)])?,
            config.build(vec![text(n / 3)])?,
        );
        Ok(Self { train, valid })
    }
}

impl Learner for Stream {
    type Model = Recurrence;
    type Batch = LmBatch;
    type Carry = Tensor<2>;
    type Scores = Scores;

    fn groups(&self, net: &Recurrence) -> LayerGroups {
        let bias = ParamGroup::from_ids(vec![net.bias.id]);
        let hidden = ParamGroup::from_ids(vec![net.hidden.id]);
        let embedding = ParamGroup::from_ids(vec![net.embedding.id]).fuse(&bias);
        LayerGroups::new(vec![hidden, embedding], bias)
    }

    fn n_batches(&self, epoch: usize) -> usize {
        self.train.n_batches_in(epoch)
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = LmBatch> {
        self.train.epoch_from(epoch, first)
    }

    fn loss(
        &self,
        net: &Recurrence,
        batch: &LmBatch,
        carry: &mut Option<Tensor<2>>,
        mode: &mut Mode,
    ) -> BatchLoss {
        let (out, state) = net.loss(batch, carry.take(), mode);
        *carry = Some(state);
        BatchLoss::new(out.loss, out.counted)
    }

    fn evaluate(&self, net: &Recurrence) -> Option<Scores> {
        let (net, mut state, mut loss, mut n) = (net.valid(), None, 0.0, 0.0);
        for batch in self.valid.epoch(0) {
            let (out, next) = net.loss(&batch, state.take(), &mut Mode::Eval);
            state = Some(next);
            loss += f64::from(out.loss.into_scalar::<f32>()) * out.counted as f64;
            n += out.counted as f64;
        }
        Some(Scores::new(loss / n).lower_is_better("bits", loss / n / std::f64::consts::LN_2))
    }

    fn describe(&self, _: &Recurrence, settings: &mut Settings) {
        settings.add(
            "text",
            &[&self.train, &self.valid].map(|part| part.docs().fingerprint()),
        );
    }
}
