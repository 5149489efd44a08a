//! A head of one's own on the library's encoder: the documents are those of its loader, the pooled vectors come from
//! `Classifier::encode`, and what follows is a network that the library has never heard of.

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param, ParamGroup};
use ulmfit::burn::tensor::{Device, Tensor, activation};
use ulmfit::data::{ClassBatch, ClassLoader, Labels};
use ulmfit::kernels::{TiedLoss, tied_cross_entropy};
use ulmfit::model::{Classifier, Random};
use ulmfit::prelude::*;
use ulmfit::train::{BatchLoss, Learner, Scores, Settings};

/// A gate over the pooled vector, then a linear map to the classes.
#[derive(Module, Debug)]
pub struct Gated {
    /// Encoder, window and pooling are the library's; its own head is left as it was drawn.
    pub below: Classifier,
    /// `[P, P]`
    gate: Param<Tensor<2>>,
    /// `[classes, P]`
    out: Param<Tensor<2>>,
    /// `[classes]`
    bias: Param<Tensor<1>>,
}

impl Gated {
    /// New weights over pooled vectors of `width` numbers.
    pub fn new(below: Classifier, width: usize, seed: u64, device: &Device) -> Self {
        let (mut random, classes) = (Random::new(seed), below.n_classes());
        Self {
            below,
            gate: Param::from_tensor(random.uniform([width, width], 0.1, device)),
            out: Param::from_tensor(random.uniform([classes, width], 0.1, device)),
            bias: Param::from_tensor(Tensor::zeros([classes], device)),
        }
    }

    fn head(&self, pooled: Tensor<2>) -> Tensor<2> {
        let gate = activation::sigmoid(pooled.clone().matmul(self.gate.val()));
        pooled * gate
    }

    fn loss(&self, batch: &ClassBatch, mode: &mut Mode) -> (TiedLoss, Option<Tensor<1>>) {
        let encoded = self.below.encode(&batch.inputs, &batch.lengths, mode);
        let hidden = self.head(mode.dropout(encoded.pooled, 0.1));
        let classes = batch.labels.classes().expect("one class each");
        let loss = tied_cross_entropy(hidden, self.out.val(), self.bias.val(), classes);
        (loss, encoded.penalty)
    }

    /// The probabilities of the classes for a document, without dropout.
    pub fn probabilities(&self, ids: &[u32]) -> Vec<f32> {
        let grid = ulmfit::text::TokenGrid::new(1, ids.len(), ids.to_vec());
        let encoded = self.below.encode(&grid, &[ids.len()], &mut Mode::Eval);
        let logits = self.head(encoded.pooled).matmul(self.out.val().transpose());
        let logits = logits + self.bias.val().unsqueeze::<2>();
        let shares = activation::softmax(logits, 1).into_data();
        shares.iter::<f32>().collect()
    }
}

/// Labelled documents.
pub struct Labelled {
    /// What is trained on.
    pub train: ClassLoader,
    /// What is scored.
    pub valid: ClassLoader,
}

impl Learner for Labelled {
    type Model = Gated;
    type Batch = ClassBatch;
    type Carry = ();
    type Scores = Scores;

    /// The classifier's groups, with this head in place of its own.
    fn groups(&self, model: &Gated) -> LayerGroups {
        let head = vec![model.gate.id, model.out.id, model.bias.id];
        let encoder = ParamGroup::ids_from_module(model.below.encoder.clone());
        let no_decay = ParamGroup::from_ids(vec![model.bias.id]);
        LayerGroups::new(vec![encoder, ParamGroup::from_ids(head)], no_decay)
    }

    fn n_batches(&self, _: usize) -> usize {
        self.train.n_batches()
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = ClassBatch> {
        self.train.epoch_from(epoch, first)
    }

    fn loss(
        &self,
        model: &Gated,
        batch: &ClassBatch,
        _: &mut Option<()>,
        mode: &mut Mode,
    ) -> BatchLoss {
        let (out, penalty) = model.loss(batch, mode);
        let value = out.loss.clone().detach();
        let objective = match penalty {
            Some(penalty) => out.loss + penalty,
            None => out.loss,
        };
        BatchLoss::new(objective, batch.lengths.len()).with_value(value)
    }

    fn evaluate(&self, model: &Gated) -> Option<Scores> {
        let model = model.valid();
        let (mut loss, mut hits) = (0.0, 0.0);
        for batch in self.valid.in_order() {
            let out = model.loss(&batch, &mut Mode::Eval).0;
            loss += f64::from(out.loss.into_scalar::<f32>()) * batch.lengths.len() as f64;
            hits += f64::from(out.correct.into_scalar::<f32>());
        }
        let n = self.valid.len() as f64;
        Some(Scores::new(loss / n).higher_is_better("accuracy", hits / n))
    }

    fn describe(&self, _: &Gated, settings: &mut Settings) {
        settings.add("training documents", &self.train.fingerprint());
        settings.add("validation documents", &self.valid.fingerprint());
    }
}

/// Documents of ids whose class says whether the id 20 is among them.
///
/// # Errors
/// As the loader's.
pub fn documents(n: usize, seed: u64) -> ulmfit::data::Result<ClassLoader> {
    let mut random = Random::new(seed);
    let mut draw = |below: usize| (random.unit() * below as f32) as usize;
    let (mut ids, mut classes) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let mut document: Vec<u32> = (0..4 + draw(6)).map(|_| 9 + draw(10) as u32).collect();
        let class = draw(2) as u32;
        if class == 1 {
            let at = draw(document.len());
            document[at] = 20;
        }
        ids.push(document);
        classes.push(class);
    }
    let config = ulmfit::data::ClassLoaderConfig::new().with_batch_size(8);
    config.build(ids, Labels::SingleLabel(classes))
}
