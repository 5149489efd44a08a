//! What a run has learned: its models, and how they score.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ulmfit_model::{TextClassifier, TextLanguageModel};

use crate::both::BothDirections;
use crate::classifier_scores::ClassifierScores;
use crate::error::Result;
use crate::observe::History;

/// What a run has learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The fine-tuned language model; after [`Ulmfit::both_directions`](crate::Ulmfit::both_directions) the one
    /// that reads forward.
    pub language_model: TextLanguageModel,
    /// The classifier; after [`Ulmfit::both_directions`](crate::Ulmfit::both_directions) the one that reads forward.
    pub classifier: TextClassifier,
    /// The classifier's scores on the validation documents.
    pub scores: ClassifierScores,
    /// After [`Ulmfit::both_directions`](crate::Ulmfit::both_directions): the models that read backward, and both
    /// classifiers as one.
    pub both: Option<BothDirections>,
    /// Every epoch.
    pub history: History,
}

impl Learned {
    /// The table of epochs, the metrics and, of classes, the confusion matrix, as text; of both directions where there
    /// are two.
    pub fn report(&self) -> String {
        let mut report = self.history.to_string();
        let (name, own) = self.scores.headline();
        let scores = self
            .both
            .as_ref()
            .map_or(&self.scores, |both| &both.ensemble_scores);
        // Writing to a string cannot fail.
        let _ = match &self.both {
            None => write!(report, "\n{name} {own}"),
            Some(both) => write!(
                report,
                "\n{name} {} (forward {own}, backward {})",
                scores.headline().1,
                both.scores.headline().1,
            ),
        };
        for (name, value) in scores.metrics.iter().skip(1) {
            let _ = write!(report, ", {name} {value:.4}");
        }
        if scores.confusion.n_classes() > 0 {
            let _ = write!(report, "\n\n{}", scores.confusion);
        }
        report
    }

    /// Writes the classifier to `path` and, where there are two, the one that reads backward beside it:
    /// `reviews.safetensors` and `reviews.backward.safetensors`. Returns the paths.
    ///
    /// # Errors
    /// As [`TextClassifier::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        let path = path.as_ref();
        self.classifier.save(path)?;
        let mut paths = vec![path.to_owned()];
        if let Some(both) = &self.both {
            let second = BothDirections::backward_path(path);
            both.classifier.save(&second)?;
            paths.push(second);
        }
        Ok(paths)
    }
}
