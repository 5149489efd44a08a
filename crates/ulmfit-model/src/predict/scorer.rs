//! Texts to a classifier's outputs, in batches of like length: what predictors and regressors share.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use ulmfit_text::{Special, TokenGrid};

use crate::encoder::dropout::Mode;
use crate::error::Result;
use crate::text_model::TextClassifier;

/// Documents in a batch: enough to fill the processor, few enough to stay in its cache.
const BATCH: usize = 64;

/// A classifier that evaluates. It holds no state, so that any number of threads can share it.
#[derive(Clone, Debug)]
pub(crate) struct Scorer {
    pub(crate) classifier: TextClassifier,
}

impl Scorer {
    pub(crate) fn new(classifier: &TextClassifier) -> Self {
        Self {
            classifier: classifier.valid(),
        }
    }

    pub(crate) fn load(path: &Path, device: &Device) -> Result<Self> {
        Ok(Self {
            classifier: TextClassifier::load(path, &device.clone().inner())?,
        })
    }

    /// The same with the weights of its LSTM layers as whole numbers.
    pub(crate) fn quantized(mut self) -> Self {
        self.classifier.model.encoder.quantize();
        self
    }

    /// The outputs for one text.
    pub(crate) fn one(&self, text: &str) -> Vec<f32> {
        self.batch(&[self.classifier.text.encode(text)]).concat()
    }

    /// The outputs for many texts, in their order.
    pub(crate) fn all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<f32>> {
        self.each(texts, Self::batch)
    }

    /// The pooled vectors of many texts, in their order.
    pub(crate) fn vectors<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<f32>> {
        self.each(texts, |scorer, documents| {
            let (grid, lengths) = TokenGrid::padded(documents, Special::Pad.id());
            let model = &scorer.classifier.model;
            rows(model.encode(&grid, &lengths, &mut Mode::Eval).pooled)
        })
    }

    /// What `batch` says of many texts, in their order.
    fn each<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        batch: impl Fn(&Self, &[Vec<u32>]) -> Vec<Vec<f32>>,
    ) -> Vec<Vec<f32>> {
        let mut ids = self.classifier.text.encode_all(texts);
        // Documents of like length share a batch; the order is restored.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&row| std::cmp::Reverse(ids[row].len()));
        let mut outputs = vec![Vec::new(); ids.len()];
        for rows in order.chunks(BATCH) {
            let documents: Vec<Vec<u32>> =
                rows.iter().map(|&r| std::mem::take(&mut ids[r])).collect();
            for (&row, output) in rows.iter().zip(batch(self, &documents)) {
                outputs[row] = output;
            }
        }
        outputs
    }

    fn batch(&self, documents: &[Vec<u32>]) -> Vec<Vec<f32>> {
        let (grid, lengths) = TokenGrid::padded(documents, Special::Pad.id());
        rows(self.classifier.model.outputs(&grid, &lengths))
    }
}

/// The rows of a matrix.
fn rows(matrix: Tensor<2>) -> Vec<Vec<f32>> {
    let [_, width] = matrix.dims();
    let values: Vec<f32> = matrix.into_data().iter::<f32>().collect();
    let rows = values.chunks_exact(width);
    rows.map(<[f32]>::to_vec).collect()
}
