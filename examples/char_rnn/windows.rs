//! The lesson of windows: so many characters in, the next one out, no memory from one window to the next.

use ulmfit::burn::module::Module as _;
use ulmfit::burn::tensor::Tensor;
use ulmfit::kernels::TiedLoss;

use crate::cells::last;
use crate::fit::{Lesson, shuffled};
use crate::model::CharModel;

/// Windows of a text.
pub(crate) struct Windows<'a> {
    train: &'a [u32],
    valid: &'a [u32],
    seed: u64,
    order: Vec<usize>,
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
            order: Vec::new(),
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

impl Lesson<CharModel> for Windows<'_> {
    const METRIC: &'static str = "accuracy";

    fn n_batches(&self) -> usize {
        self.n_windows().div_ceil(self.batch)
    }

    fn start(&mut self, epoch: usize) {
        self.order = shuffled(self.n_windows(), self.seed, epoch);
    }

    fn loss(&mut self, model: &CharModel, batch: usize) -> (Tensor<1>, usize) {
        let rows = self.order.chunks(self.batch).nth(batch).unwrap_or_default();
        let starts: Vec<usize> = rows.iter().map(|window| window * self.stride).collect();
        let out = self.cost(model, self.train, &starts);
        (out.loss, out.counted)
    }

    fn scores(&self, model: &CharModel) -> (f64, f64) {
        let model = model.valid();
        let starts: Vec<usize> = (0..self.valid.len() - self.width).collect();
        let (mut loss, mut correct) = (0.0, 0.0);
        for starts in starts.chunks(1024) {
            let out = self.cost(&model, self.valid, starts);
            loss += f64::from(out.loss.into_scalar::<f32>()) * out.counted as f64;
            correct += f64::from(out.correct.into_scalar::<f32>());
        }
        let n = starts.len() as f64;
        (loss / n, correct / n)
    }
}
