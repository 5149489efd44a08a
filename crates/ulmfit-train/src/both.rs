//! Two classifiers as one: the paper's forward and backward models.

use std::path::{Path, PathBuf};

use ulmfit_data::Labels;
use ulmfit_model::{Ensemble, Predictor, Task, TextClassifier, TextLanguageModel};

use crate::classifier_scores::ClassifierScores;
use crate::error::Result;

/// What the run of one direction has learned.
pub(crate) struct Fitted {
    pub(crate) language_model: TextLanguageModel,
    pub(crate) classifier: TextClassifier,
    pub(crate) scores: ClassifierScores,
}

/// What [`Ulmfit::both_directions`](crate::Ulmfit::both_directions) has learned beside the models that read forward.
#[derive(Clone, Debug)]
pub struct BothDirections {
    /// The fine-tuned language model that reads backward.
    pub language_model: TextLanguageModel,
    /// The classifier that reads backward.
    pub classifier: TextClassifier,
    /// Its scores on the validation documents.
    pub scores: ClassifierScores,
    /// Both classifiers as one: the mean of their probabilities.
    pub ensemble: Ensemble,
    /// The scores of both as one.
    pub ensemble_scores: ClassifierScores,
}

impl BothDirections {
    /// Joins the runs of both directions, which were scored on documents of these labels.
    pub(crate) fn join(forward: &Fitted, backward: Fitted, labels: &Labels) -> Result<Self> {
        let members = [&forward.classifier, &backward.classifier].map(Predictor::new);
        let ensemble = Ensemble::new(members.into_iter().collect::<Result<_, _>>()?)?;
        let scores = [&forward.scores, &backward.scores];
        let task = forward.classifier.model.config().task;
        let mut ensemble_scores = mean(scores, task, labels, forward.classifier.classes.len());
        ensemble_scores.confusion = ensemble_scores
            .confusion
            .with_names(&forward.classifier.classes);
        Ok(Self {
            language_model: backward.language_model,
            classifier: backward.classifier,
            scores: backward.scores,
            ensemble,
            ensemble_scores,
        })
    }

    /// Where the model that reads backward is saved, beside the one at `path`.
    ///
    /// ```
    /// use ulmfit_train::BothDirections;
    ///
    /// let path = BothDirections::backward_path("out/reviews.safetensors");
    /// assert_eq!(path.to_str(), Some("out/reviews.backward.safetensors"));
    /// ```
    pub fn backward_path(path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) => path.with_extension(format!("backward.{extension}")),
            None => path.with_extension("backward"),
        }
    }
}

/// The scores of the mean probabilities of two classifiers for the same documents.
fn mean(
    scores: [&ClassifierScores; 2],
    task: Task,
    labels: &Labels,
    classes: usize,
) -> ClassifierScores {
    let [first, second] = scores.map(|scores| &scores.probabilities);
    let mean =
        |(a, b): (&Vec<f32>, &Vec<f32>)| a.iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect();
    let probabilities = first.iter().zip(second).map(mean).collect();
    ClassifierScores::of(task, probabilities, labels, classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ConfusionMatrix;

    #[test]
    fn the_mean_of_two_decides() {
        let of = |probabilities: [[f32; 2]; 2]| ClassifierScores {
            loss: 0.0,
            metrics: Vec::new(),
            confusion: ConfusionMatrix::new(2),
            probabilities: probabilities.map(Vec::from).to_vec(),
        };
        let (a, b) = (of([[0.5, 0.5], [0.75, 0.25]]), of([[1.0, 0.0], [0.0, 1.0]]));
        let both = mean([&a, &b], Task::SingleLabel, &vec![0, 0].into(), 2);
        assert_eq!(both.probabilities, [[0.75, 0.25], [0.375, 0.625]]);
        assert_eq!(both.confusion.accuracy(), 0.5);
        assert!((both.loss + (0.75_f64.ln() + 0.375_f64.ln()) / 2.0).abs() < 1e-9);
    }
}
