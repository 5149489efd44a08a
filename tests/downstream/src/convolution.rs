//! A classifier that ulmfit has never heard of: convolutions over ids, the largest value of each filter, a normalized head.

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param, ParamGroup};
use ulmfit::burn::tensor::{Device, Int, Tensor, TensorData, activation};
use ulmfit::kernels::{TiedLoss, tied_cross_entropy};
use ulmfit::model::{BatchNorm, Random};
use ulmfit::prelude::*;
use ulmfit::train::{BatchLoss, Learner, Scores, Settings, epoch_order};

const IDS: usize = 30;
const EMBED: usize = 6;
const FILTERS: usize = 10;
/// Ids that a filter sees.
const WIDTH: usize = 3;
const BATCH: usize = 8;

/// The network.
#[derive(Module, Debug)]
pub struct Convolution {
    /// `[IDS, EMBED]`
    embedding: Param<Tensor<2>>,
    /// `[WIDTH * EMBED, FILTERS]`
    filters: Param<Tensor<2>>,
    norm: BatchNorm,
    /// `[2, FILTERS]`
    head: Param<Tensor<2>>,
    /// `[2]`
    bias: Param<Tensor<1>>,
}

impl Convolution {
    /// New weights.
    pub fn new(seed: u64, device: &Device) -> Self {
        let mut random = Random::new(seed);
        Self {
            embedding: Param::from_tensor(random.uniform([IDS, EMBED], 1.0, device)),
            filters: Param::from_tensor(random.uniform([WIDTH * EMBED, FILTERS], 0.4, device)),
            norm: BatchNorm::new(FILTERS, device),
            head: Param::from_tensor(random.uniform([2, FILTERS], 0.4, device)),
            bias: Param::from_tensor(Tensor::zeros([2], device)),
        }
    }

    fn loss(&self, documents: &[&Document], mode: &mut Mode) -> TiedLoss {
        let windows = documents[0].ids.len() + 1 - WIDTH;
        let all = documents
            .iter()
            .flat_map(|document| document.ids.windows(WIDTH).flatten());
        let ids: Vec<i64> = all.map(|&id| i64::from(id)).collect();
        let ids = TensorData::new(ids, [documents.len() * windows * WIDTH]);
        let ids = Tensor::<1, Int>::from_data(ids, &self.embedding.device());
        let seen = self.embedding.val().select(0, ids);
        let seen = seen.reshape([documents.len() * windows, WIDTH * EMBED]);
        let found = activation::relu(seen.matmul(self.filters.val()));
        let found = found.reshape([documents.len(), windows, FILTERS]);
        let largest = found.max_dim(1).reshape([documents.len(), FILTERS]);
        let largest = mode.dropout(self.norm.forward(largest, mode), 0.2);
        let classes: Vec<u32> = documents.iter().map(|document| document.class).collect();
        tied_cross_entropy(largest, self.head.val(), self.bias.val(), &classes)
    }
}

/// A document and its class.
#[derive(Debug)]
struct Document {
    ids: Vec<u32>,
    class: u32,
}

/// Documents whose class says whether two ids follow each other.
#[derive(Debug)]
pub struct Documents {
    train: Vec<Document>,
    valid: Vec<Document>,
    seed: u64,
}

impl Documents {
    /// Documents drawn from `seed`.
    pub fn new(n: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut draw = |below: usize| (random.unit() * below as f32) as usize;
        let mut document = || {
            let mut ids: Vec<u32> = (0..10).map(|_| 2 + draw(IDS - 2) as u32).collect();
            let class = draw(2) as u32;
            if class == 1 {
                let at = draw(9);
                ids[at..at + 2].copy_from_slice(&[0, 1]);
            }
            Document { ids, class }
        };
        let train = (0..n).map(|_| document()).collect();
        let valid = (0..n / 2).map(|_| document()).collect();
        Self { train, valid, seed }
    }
}

impl Learner for Documents {
    type Model = Convolution;
    type Batch = Vec<usize>;
    type Carry = ();
    type Scores = Scores;

    fn groups(&self, model: &Convolution) -> LayerGroups {
        let norm = ParamGroup::ids_from_module(model.norm.clone());
        let head = ParamGroup::from_ids(vec![model.head.id, model.bias.id]).fuse(&norm);
        let below = [model.embedding.id, model.filters.id].map(|id| ParamGroup::from_ids(vec![id]));
        LayerGroups::new(below.into_iter().chain([head]).collect(), norm)
    }

    fn n_batches(&self, _: usize) -> usize {
        self.train.len() / BATCH
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = Vec<usize>> {
        let order = epoch_order(self.train.len(), self.seed, epoch);
        let batches = (first..self.n_batches(epoch)).map(move |at| at * BATCH);
        batches.map(move |at| order[at..at + BATCH].to_vec())
    }

    fn loss(
        &self,
        net: &Convolution,
        batch: &Vec<usize>,
        _: &mut Option<()>,
        mode: &mut Mode,
    ) -> BatchLoss {
        let documents: Vec<&Document> = batch.iter().map(|&row| &self.train[row]).collect();
        let out = net.loss(&documents, mode);
        BatchLoss::new(out.loss, batch.len())
    }

    fn evaluate(&self, net: &Convolution) -> Option<Scores> {
        let documents: Vec<&Document> = self.valid.iter().collect();
        let out = net.valid().loss(&documents, &mut Mode::Eval);
        let hits = out.correct.into_scalar::<f32>() / documents.len() as f32;
        let loss = f64::from(out.loss.into_scalar::<f32>());
        Some(Scores::new(loss).higher_is_better("hits", f64::from(hits)))
    }

    fn describe(&self, _: &Convolution, settings: &mut Settings) {
        settings.add("documents", self);
    }
}
