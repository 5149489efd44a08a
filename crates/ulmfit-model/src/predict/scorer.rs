//! Texts to a classifier's outputs: what predictors and regressors share.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use rayon::prelude::*;
use ulmfit_text::{Special, TokenGrid};

use crate::classify::cut::Cut;
use crate::classify::task::Task;
use crate::encoder::dropout::Mode;
use crate::error::{Error, Result};
use crate::file::{ModelInfo, ModelKind};
use crate::go_on::{GoOn, uninterrupted};
use crate::linear::classifier::LinearClassifier;
use crate::predict::attribution::{WordWeight, attribute};
use crate::text_model::TextClassifier;

/// Documents in a batch: enough to fill the processor, few enough to stay in its cache.
const BATCH: usize = 64;

/// Tokens in a batch, padding included, unless a single document has more.
const BATCH_TOKENS: usize = 1 << 17;

/// Texts that a linear classifier reads between two questions whether to go on.
const LINEAR_BATCH: usize = 4_096;

/// A classifier that evaluates. It holds no state, so that any number of threads can share it.
#[derive(Clone, Debug)]
pub(crate) enum Scorer {
    Recurrent(Box<TextClassifier>),
    Linear(LinearClassifier),
}

impl Scorer {
    pub(crate) fn new(classifier: &TextClassifier) -> Self {
        Self::Recurrent(Box::new(classifier.valid()))
    }

    /// Reads a classifier of either kind.
    pub(crate) fn load(path: &Path, device: &Device) -> Result<Self> {
        if ModelInfo::read(path)?.kind == ModelKind::LinearClassifier {
            return Ok(Self::Linear(LinearClassifier::load(path)?));
        }
        let classifier = TextClassifier::load(path, &device.clone().inner())?;
        Ok(Self::Recurrent(Box::new(classifier)))
    }

    /// The same with the weights of its LSTM layers as whole numbers.
    pub(crate) fn quantized(mut self) -> Self {
        if let Self::Recurrent(classifier) = &mut self {
            classifier.model.encoder.quantize();
        }
        self
    }

    /// The tokens of a text.
    pub(crate) fn tokens(&self, text: &str) -> usize {
        let mut tokens = 0;
        let tokenizer = match self {
            Self::Recurrent(classifier) => classifier.text.tokenizer(),
            Self::Linear(classifier) => classifier.tokenizer(),
        };
        tokenizer.for_each_token(text, |_| tokens += 1);
        tokens
    }

    /// What is read of a long text.
    pub(crate) fn cut(&self) -> Cut {
        match self {
            Self::Recurrent(classifier) => classifier.model.config().cut,
            Self::Linear(_) => Cut::Whole,
        }
    }

    /// The names of the outputs.
    pub(crate) fn classes(&self) -> &[String] {
        match self {
            Self::Recurrent(classifier) => &classifier.classes,
            Self::Linear(classifier) => classifier.classes(),
        }
    }

    pub(crate) fn task(&self) -> Task {
        match self {
            Self::Recurrent(classifier) => classifier.model.config().task,
            Self::Linear(classifier) => classifier.task(),
        }
    }

    pub(crate) fn attribution(
        &self,
        text: &str,
        class: Option<usize>,
        go_on: GoOn<'_>,
    ) -> Option<Vec<WordWeight>> {
        match self {
            Self::Recurrent(classifier) => attribute(classifier, text, class, go_on),
            Self::Linear(classifier) => Some(classifier.attribution(text, class)),
        }
    }

    /// The outputs for one text.
    pub(crate) fn one(&self, text: &str) -> Vec<f32> {
        self.all(&[text]).remove(0)
    }

    /// The outputs for many texts, in their order.
    pub(crate) fn all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<f32>> {
        uninterrupted(|go_on| self.all_while(texts, go_on))
    }

    /// As [`Self::all`]; none once `go_on` says no.
    pub(crate) fn all_while<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        go_on: GoOn<'_>,
    ) -> Option<Vec<Vec<f32>>> {
        match self {
            Self::Recurrent(classifier) => each(classifier, texts, |documents| {
                let (grid, lengths) = TokenGrid::padded(documents, Special::Pad.id());
                let outputs = classifier.model.outputs_while(&grid, &lengths, go_on)?;
                Some(rows(outputs))
            }),
            Self::Linear(classifier) => {
                // The work of a moment for each part.
                let mut all = Vec::with_capacity(texts.len());
                for part in texts.chunks(LINEAR_BATCH) {
                    if !go_on() {
                        return None;
                    }
                    let part = part.par_iter();
                    let part = part.map(|text| classifier.probabilities(text.as_ref()));
                    all.extend(part.collect::<Vec<_>>());
                }
                Some(all)
            }
        }
    }

    /// The pooled vectors of many texts, in their order.
    ///
    /// # Errors
    /// [`Error::Config`] for a linear classifier, which has none.
    pub(crate) fn vectors<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Vec<Vec<f32>>> {
        let Self::Recurrent(classifier) = self else {
            let expected = "a classifier with an LSTM, which has vectors of texts";
            return Err(Error::config("model", expected, "a linear classifier"));
        };
        let vectors = each(classifier, texts, |documents| {
            let (grid, lengths) = TokenGrid::padded(documents, Special::Pad.id());
            let encoded = classifier.model.encode(&grid, &lengths, &mut Mode::Eval);
            Some(rows(encoded.pooled))
        });
        Ok(vectors.unwrap_or_default())
    }
}

/// What `batch` says of many texts, in their order; none once it gives up.
fn each<S: AsRef<str> + Sync>(
    classifier: &TextClassifier,
    texts: &[S],
    batch: impl Fn(&[Vec<u32>]) -> Option<Vec<Vec<f32>>>,
) -> Option<Vec<Vec<f32>>> {
    let cut = classifier.model.config().cut;
    let ids = classifier.text.encode_all(texts).into_iter();
    let mut ids: Vec<Vec<u32>> = ids.map(|ids| cut.apply(ids)).collect();
    // Documents of like length share a batch; the order is restored.
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|&row| std::cmp::Reverse(ids[row].len()));
    let mut outputs = vec![Vec::new(); ids.len()];
    let mut rest = order.as_slice();
    while let [longest, ..] = rest {
        let rows = BATCH.min(BATCH_TOKENS / ids[*longest].len().max(1));
        let (rows, later) = rest.split_at(rows.clamp(1, rest.len()));
        let documents: Vec<Vec<u32>> = rows.iter().map(|&r| std::mem::take(&mut ids[r])).collect();
        for (&row, output) in rows.iter().zip(batch(&documents)?) {
            outputs[row] = output;
        }
        rest = later;
    }
    Some(outputs)
}

/// The rows of a matrix.
fn rows(matrix: Tensor<2>) -> Vec<Vec<f32>> {
    let [_, width] = matrix.dims();
    let values: Vec<f32> = matrix.into_data().iter::<f32>().collect();
    let rows = values.chunks_exact(width);
    rows.map(<[f32]>::to_vec).collect()
}
