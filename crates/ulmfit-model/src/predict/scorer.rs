//! Texts to a classifier's outputs, in batches of like length: what predictors and regressors share.

use std::path::Path;

use burn::tensor::Device;
use ulmfit_text::{Special, TokenGrid};

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
        let mut ids = self.classifier.text.encode_all(texts);
        // Documents of like length share a batch; the order is restored.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&row| std::cmp::Reverse(ids[row].len()));
        let mut outputs = vec![Vec::new(); ids.len()];
        for rows in order.chunks(BATCH) {
            let batch: Vec<Vec<u32>> = rows.iter().map(|&r| std::mem::take(&mut ids[r])).collect();
            for (&row, output) in rows.iter().zip(self.batch(&batch)) {
                outputs[row] = output;
            }
        }
        outputs
    }

    fn batch(&self, documents: &[Vec<u32>]) -> Vec<Vec<f32>> {
        let (grid, lengths) = TokenGrid::padded(documents, Special::Pad.id());
        let outputs = self.classifier.model.outputs(&grid, &lengths).into_data();
        let outputs: Vec<f32> = outputs.iter::<f32>().collect();
        let rows = outputs.chunks_exact(self.classifier.model.n_classes());
        rows.map(<[f32]>::to_vec).collect()
    }
}
