//! Texts to a classifier's outputs: what predictors and regressors share.

use std::path::Path;

use burn::tensor::Device;
use rayon::prelude::*;
use ulmfit_text::{Special, TokenGrid};

use crate::classify::task::Task;
use crate::error::Result;
use crate::file::{ModelInfo, ModelKind};
use crate::linear::classifier::LinearClassifier;
use crate::predict::attribution::{WordWeight, attribute};
use crate::text_model::TextClassifier;

/// Documents in a batch: enough to fill the processor, few enough to stay in its cache.
const BATCH: usize = 64;

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

    pub(crate) fn attribution(&self, text: &str, class: Option<usize>) -> Vec<WordWeight> {
        match self {
            Self::Recurrent(classifier) => attribute(classifier, text, class),
            Self::Linear(classifier) => classifier.attribution(text, class),
        }
    }

    /// The outputs for one text.
    pub(crate) fn one(&self, text: &str) -> Vec<f32> {
        match self {
            Self::Recurrent(classifier) => {
                batch(classifier, &[classifier.text.encode(text)]).concat()
            }
            Self::Linear(classifier) => classifier.probabilities(text),
        }
    }

    /// The outputs for many texts, in their order.
    pub(crate) fn all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<f32>> {
        let classifier = match self {
            Self::Recurrent(classifier) => classifier,
            Self::Linear(classifier) => {
                let texts = texts.par_iter();
                return texts
                    .map(|text| classifier.probabilities(text.as_ref()))
                    .collect();
            }
        };
        let mut ids = classifier.text.encode_all(texts);
        // Documents of like length share a batch; the order is restored.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&row| std::cmp::Reverse(ids[row].len()));
        let mut outputs = vec![Vec::new(); ids.len()];
        for rows in order.chunks(BATCH) {
            let documents: Vec<Vec<u32>> =
                rows.iter().map(|&r| std::mem::take(&mut ids[r])).collect();
            for (&row, output) in rows.iter().zip(batch(classifier, &documents)) {
                outputs[row] = output;
            }
        }
        outputs
    }
}

fn batch(classifier: &TextClassifier, documents: &[Vec<u32>]) -> Vec<Vec<f32>> {
    let (grid, lengths) = TokenGrid::padded(documents, Special::Pad.id());
    let outputs = classifier.model.outputs(&grid, &lengths).into_data();
    let outputs: Vec<f32> = outputs.iter::<f32>().collect();
    let rows = outputs.chunks_exact(classifier.model.n_classes());
    rows.map(<[f32]>::to_vec).collect()
}
