//! What a classifier scores on labelled documents.

use burn::module::Module;
use ulmfit_data::ClassLoader;
use ulmfit_model::{Classifier, top_class};

use crate::metrics::ConfusionMatrix;

/// What a classifier scores on labelled documents, weighted by rows.
#[derive(Clone, Debug)]
pub struct ClassifierScores {
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// True classes against predicted ones.
    pub confusion: ConfusionMatrix,
    /// The probabilities of every class for every document, in the order of the documents.
    pub probabilities: Vec<Vec<f32>>,
}

impl ClassifierScores {
    /// The scores of these probabilities, one row of `classes` for each document, against the documents' labels.
    pub fn of(probabilities: Vec<Vec<f32>>, labels: &[u32], classes: usize) -> Self {
        let mut confusion = ConfusionMatrix::new(classes);
        let mut loss = 0.0;
        for (row, &label) in probabilities.iter().zip(labels) {
            let truth = label as usize;
            // The probability of a class can round to zero; its logarithm must stay finite.
            loss -= f64::from(row[truth].max(f32::MIN_POSITIVE)).ln();
            confusion.add(truth, top_class(row).unwrap_or(0));
        }
        Self {
            loss: loss / labels.len().max(1) as f64,
            confusion,
            probabilities,
        }
    }
}

/// The scores of a classifier on labelled documents, without dropout and outside of autodiff.
pub fn evaluate_classifier(model: &Classifier, data: &ClassLoader) -> ClassifierScores {
    let model = model.valid();
    let classes = model.n_classes();
    let mut probabilities = vec![Vec::new(); data.len()];
    for batch in data.sorted() {
        let outputs = model.outputs(&batch.inputs, &batch.lengths).into_data();
        let values: Vec<f32> = outputs.iter::<f32>().collect();
        for (row, &document) in values.chunks_exact(classes).zip(&batch.rows) {
            probabilities[document] = row.to_vec();
        }
    }
    ClassifierScores::of(probabilities, data.labels(), classes)
}
