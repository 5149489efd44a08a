//! Text in, numbers out.

use std::path::Path;

use burn::tensor::Device;

use crate::classify::cut::Cut;
use crate::classify::task::Task;
use crate::error::{Error, Result};
use crate::go_on::GoOn;
use crate::predict::scorer::Scorer;
use crate::text_model::TextClassifier;

/// A model of [`Task::Regression`] ready to serve; threads share it as they share a [`Predictor`](crate::Predictor).
#[derive(Clone, Debug)]
pub struct Regressor {
    scorer: Scorer,
}

impl Regressor {
    /// A regressor of a trained model.
    ///
    /// # Errors
    /// [`Error::Config`] for a model of classes.
    pub fn new(model: &TextClassifier) -> Result<Self> {
        Self::of(Scorer::new(model))
    }

    /// Reads a model's file.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::ModelFile`], and as [`Self::new`].
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        Self::of(Scorer::load(path.as_ref(), device)?)
    }

    /// As [`Predictor::quantized`](crate::Predictor::quantized).
    #[must_use]
    pub fn quantized(self) -> Self {
        Self {
            scorer: self.scorer.quantized(),
        }
    }

    /// The names of the numbers.
    pub fn names(&self) -> &[String] {
        self.scorer.classes()
    }

    /// The numbers for one text, in the order of [`Self::names`].
    pub fn predict(&self, text: &str) -> Vec<f32> {
        self.scorer.one(text)
    }

    /// The numbers for many texts, in their order. A text's numbers do not depend on the others.
    pub fn predict_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<f32>> {
        self.scorer.all(texts)
    }

    /// As [`Predictor::predict_all_while`](crate::Predictor::predict_all_while).
    pub fn predict_all_while<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        go_on: GoOn<'_>,
    ) -> Option<Vec<Vec<f32>>> {
        self.scorer.all_while(texts, go_on)
    }

    /// As [`Predictor::tokens`](crate::Predictor::tokens).
    pub fn tokens(&self, text: &str) -> usize {
        self.scorer.tokens(text)
    }

    /// What the model reads of a long text.
    pub fn cut(&self) -> Cut {
        self.scorer.cut()
    }

    fn of(scorer: Scorer) -> Result<Self> {
        match scorer.task() {
            Task::Regression { .. } => Ok(Self { scorer }),
            Task::SingleLabel | Task::MultiLabel => {
                let found = "a model of classes; use `Predictor`";
                Err(Error::config("task", "a regression", found))
            }
        }
    }
}
