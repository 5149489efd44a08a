//! The lesson of windows: so many characters in, the next one out, no memory from one window to the next.

use ulmfit::burn::module::Module as _;
use ulmfit::kernels::TiedLoss;
use ulmfit::prelude::*;
use ulmfit::train::{BatchLoss, Learner, Scores, Settings, epoch_order};

use crate::cells::last;
use crate::model::CharModel;

/// Windows of a text.
pub(crate) struct Windows<'a> {
    train: &'a [u32],
    valid: &'a [u32],
    seed: u64,
    /// Characters that are read.
    width: usize,
    /// Characters from one window to the next in training.
    stride: usize,
    /// Windows of a batch; the lesson's 512, fewer where the text is short.
    batch: usize,
}

impl<'a> Windows<'a> {
    /// Windows of `width` characters, in training `stride` apart.
    pub(crate) fn new(
        train: &'a [u32],
        valid: &'a [u32],
        width: usize,
        stride: usize,
        seed: u64,
    ) -> Self {
        let batch = (train.len() / 200).clamp(8, 512);
        Self {
            train,
            valid,
            seed,
            width,
            stride,
            batch,
        }
    }

    fn n_windows(&self) -> usize {
        (self.train.len() - self.width - 1) / self.stride + 1
    }

    /// The loss of the windows of `text` that begin at `starts`.
    fn cost(&self, model: &CharModel, text: &[u32], starts: &[usize]) -> TiedLoss {
        let ids: Vec<u32> = (0..self.width)
            .flat_map(|t| starts.iter().map(move |s| text[s + t]))
            .collect();
        let targets: Vec<u32> = starts.iter().map(|s| text[s + self.width]).collect();
        let state = model.initial_state(starts.len());
        let (hidden, _) = model.hidden(&ids, starts.len(), &state);
        model.cost(last(hidden), &targets)
    }
}

impl Learner for Windows<'_> {
    type Model = CharModel;
    /// Where windows begin.
    type Batch = Vec<usize>;
    type Carry = ();
    type Scores = Scores;

    fn groups(&self, model: &CharModel) -> LayerGroups {
        model.groups()
    }

    fn n_batches(&self, _: usize) -> usize {
        self.n_windows().div_ceil(self.batch)
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = Vec<usize>> {
        let order = epoch_order(self.n_windows(), self.seed, epoch);
        (first..self.n_batches(epoch)).map(move |batch| {
            let windows = order.iter().skip(batch * self.batch).take(self.batch);
            windows.map(|window| window * self.stride).collect()
        })
    }

    fn loss(
        &self,
        model: &CharModel,
        starts: &Vec<usize>,
        _: &mut Option<()>,
        _: &mut Mode,
    ) -> BatchLoss {
        let out = self.cost(model, self.train, starts);
        BatchLoss::new(out.loss, out.counted)
    }

    fn evaluate(&self, model: &CharModel) -> Option<Scores> {
        let model = model.valid();
        let starts: Vec<usize> = (0..self.valid.len() - self.width).collect();
        let (mut loss, mut correct) = (0.0, 0.0);
        for starts in starts.chunks(1024) {
            let out = self.cost(&model, self.valid, starts);
            loss += f64::from(out.loss.into_scalar::<f32>()) * out.counted as f64;
            correct += f64::from(out.correct.into_scalar::<f32>());
        }
        let n = starts.len() as f64;
        Some(Scores::new(loss / n).higher_is_better("accuracy", correct / n))
    }

    fn describe(&self, _: &CharModel, settings: &mut Settings) {
        settings.add("text", &[self.train, self.valid]);
        settings.add("windows", &[self.width, self.stride, self.batch]);
    }
}
