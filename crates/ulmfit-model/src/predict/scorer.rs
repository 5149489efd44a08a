//! Texts to a classifier's outputs, in batches of like length: what predictors and regressors share.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use ulmfit_text::{Special, TokenGrid};

use crate::encoder::dropout::Mode;
use crate::error::Result;
use crate::predict::GoOn;
use crate::text_model::TextClassifier;

/// Documents in a batch: enough to fill the processor, few enough to stay in its cache.
const BATCH: usize = 64;

/// Tokens in a batch, padding included, unless a single document has more.
const BATCH_TOKENS: usize = 1 << 17;

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

    /// The tokens of a text.
    pub(crate) fn tokens(&self, text: &str) -> usize {
        let mut tokens = 0;
        let tokenizer = self.classifier.text.tokenizer();
        tokenizer.for_each_token(text, |_| tokens += 1);
        tokens
    }

    /// The outputs for one text.
    pub(crate) fn one(&self, text: &str) -> Vec<f32> {
        self.all(&[text]).remove(0)
    }

    /// The outputs for many texts, in their order.
    pub(crate) fn all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<f32>> {
        match self.all_while(texts, &|| true) {
            Some(all) => all,
            None => unreachable!("nobody gives up"),
        }
    }

    /// As [`Self::all`]; none once `go_on` says no.
    pub(crate) fn all_while<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        go_on: GoOn<'_>,
    ) -> Option<Vec<Vec<f32>>> {
        self.each(texts, |documents| self.batch(documents, go_on))
    }

    /// The pooled vectors of many texts, in their order.
    pub(crate) fn vectors<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<f32>> {
        let vectors = self.each(texts, |documents| {
            let (grid, lengths) = TokenGrid::padded(documents, Special::Pad.id());
            let model = &self.classifier.model;
            let encoded = model.encode(&grid, &lengths, &mut Mode::Eval);
            Some(rows(encoded.pooled))
        });
        vectors.unwrap_or_default()
    }

    /// What `batch` says of many texts, in their order; none once it gives up.
    fn each<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        batch: impl Fn(&[Vec<u32>]) -> Option<Vec<Vec<f32>>>,
    ) -> Option<Vec<Vec<f32>>> {
        let cut = self.classifier.model.config().cut;
        let ids = self.classifier.text.encode_all(texts).into_iter();
        let mut ids: Vec<Vec<u32>> = ids.map(|ids| cut.apply(ids)).collect();
        // Documents of like length share a batch; the order is restored.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&row| std::cmp::Reverse(ids[row].len()));
        let mut outputs = vec![Vec::new(); ids.len()];
        let mut rest = order.as_slice();
        while let [longest, ..] = rest {
            let rows = BATCH.min(BATCH_TOKENS / ids[*longest].len().max(1));
            let (rows, later) = rest.split_at(rows.clamp(1, rest.len()));
            let documents: Vec<Vec<u32>> =
                rows.iter().map(|&r| std::mem::take(&mut ids[r])).collect();
            for (&row, output) in rows.iter().zip(batch(&documents)?) {
                outputs[row] = output;
            }
            rest = later;
        }
        Some(outputs)
    }

    fn batch(&self, documents: &[Vec<u32>], go_on: GoOn<'_>) -> Option<Vec<Vec<f32>>> {
        let (grid, lengths) = TokenGrid::padded(documents, Special::Pad.id());
        let model = &self.classifier.model;
        Some(rows(model.outputs_while(&grid, &lengths, go_on)?))
    }
}

/// The rows of a matrix.
fn rows(matrix: Tensor<2>) -> Vec<Vec<f32>> {
    let [_, width] = matrix.dims();
    let values: Vec<f32> = matrix.into_data().iter::<f32>().collect();
    let rows = values.chunks_exact(width);
    rows.map(<[f32]>::to_vec).collect()
}
