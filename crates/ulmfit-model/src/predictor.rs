//! Text in, class and probabilities out.

use std::path::Path;

use burn::tensor::Device;
use ulmfit_text::{Special, TokenGrid};

use crate::error::Result;
use crate::text_model::TextClassifier;

/// Documents in a batch of [`Predictor::predict_all`].
const BATCH: usize = 64;

/// What a classifier says of one text.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Prediction {
    /// The name of the most probable class.
    pub label: String,
    /// Its index.
    pub class: usize,
    /// The probability of every class, in the order of [`Predictor::classes`]; they add up to 1.
    pub probabilities: Vec<f32>,
}

impl Prediction {
    /// The probability of the most probable class.
    pub fn confidence(&self) -> f32 {
        self.probabilities[self.class]
    }
}

/// A classifier ready to serve: it holds no state, so that any number of threads can share it.
#[derive(Clone, Debug)]
pub struct Predictor {
    classifier: TextClassifier,
}

impl Predictor {
    /// A predictor of a trained classifier.
    pub fn new(classifier: &TextClassifier) -> Self {
        Self {
            classifier: classifier.valid(),
        }
    }

    /// Reads a classifier's file.
    ///
    /// # Errors
    /// [`crate::Error::Io`] or [`crate::Error::ModelFile`].
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        Ok(Self {
            classifier: TextClassifier::load(path, &device.clone().inner())?,
        })
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classifier.classes
    }

    /// The prediction for one text; an empty one is a document of `xxbos` alone.
    pub fn predict(&self, text: &str) -> Prediction {
        let ids = self.classifier.text.encode(text);
        self.predict_ids(&[&ids]).remove(0)
    }

    /// The predictions for many texts, in their order. A text's prediction does not depend on the others.
    pub fn predict_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Prediction> {
        let ids = self.classifier.text.encode_all(texts);
        // Documents of like length share a batch; the order is restored.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&row| std::cmp::Reverse(ids[row].len()));
        let mut predictions: Vec<Option<Prediction>> = vec![None; ids.len()];
        for rows in order.chunks(BATCH) {
            let batch: Vec<&[u32]> = rows.iter().map(|&row| &ids[row][..]).collect();
            for (&row, prediction) in rows.iter().zip(self.predict_ids(&batch)) {
                predictions[row] = Some(prediction);
            }
        }
        predictions.into_iter().flatten().collect()
    }

    fn predict_ids(&self, documents: &[&[u32]]) -> Vec<Prediction> {
        let (grid, lengths) = TokenGrid::padded(documents, Special::Pad.id());
        let classes = self.classes().len();
        let probabilities = self
            .classifier
            .model
            .probabilities(&grid, &lengths)
            .into_data();
        let probabilities: Vec<f32> = probabilities.iter::<f32>().collect();
        probabilities
            .chunks_exact(classes)
            .map(|row| self.prediction(row))
            .collect()
    }

    fn prediction(&self, probabilities: &[f32]) -> Prediction {
        let mut class = 0;
        for (index, &p) in probabilities.iter().enumerate() {
            if p > probabilities[class] {
                class = index;
            }
        }
        let label = self.classes()[class].clone();
        Prediction {
            label,
            class,
            probabilities: probabilities.to_vec(),
        }
    }
}
