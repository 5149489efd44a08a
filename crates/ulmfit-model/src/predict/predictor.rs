//! Text in, class and probabilities out.

use std::path::Path;

use burn::tensor::Device;

use crate::classify::cut::Cut;
use crate::classify::task::Task;
use crate::error::{Error, Result};
use crate::go_on::{GoOn, uninterrupted};
use crate::linear::classifier::LinearClassifier;
use crate::predict::attribution::WordWeight;
use crate::predict::scorer::Scorer;
use crate::predict::top_class::top_class;
use crate::text_model::TextClassifier;

/// What a classifier says of one text.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Prediction {
    /// The name of the most probable class.
    pub label: String,
    /// Its index.
    pub class: usize,
    /// The classes the text is of: the most probable one, or with [`Task::MultiLabel`] all of probability 0.5 or more.
    pub labels: Vec<String>,
    /// The probability of every class, in the order of [`Predictor::classes`]; of one class each they add up to 1.
    pub probabilities: Vec<f32>,
}

impl Prediction {
    /// The probability of the most probable class.
    pub fn confidence(&self) -> f32 {
        self.probabilities[self.class]
    }

    pub(crate) fn new(probabilities: Vec<f32>, task: Task, classes: &[String]) -> Self {
        let class = top_class(&probabilities).unwrap_or(0);
        let labels = match task {
            Task::MultiLabel => {
                let above = |(_, p): &(&String, &f32)| **p >= Task::THRESHOLD;
                let pairs = classes.iter().zip(&probabilities).filter(above);
                pairs.map(|(name, _)| name.clone()).collect()
            }
            _ => vec![classes[class].clone()],
        };
        Self {
            label: classes[class].clone(),
            class,
            labels,
            probabilities,
        }
    }
}

/// A classifier ready to serve: it holds no state, so that any number of threads can share it.
#[derive(Clone, Debug)]
pub struct Predictor {
    scorer: Scorer,
}

impl Predictor {
    /// A predictor of a trained classifier.
    ///
    /// # Errors
    /// [`Error::Config`] for a regression, whose numbers a [`Regressor`](crate::Regressor) gives.
    pub fn new(classifier: &TextClassifier) -> Result<Self> {
        Self::of(Scorer::new(classifier))
    }

    /// A predictor of a linear classifier.
    pub fn of_linear(classifier: &LinearClassifier) -> Self {
        Self {
            scorer: Scorer::Linear(classifier.clone()),
        }
    }

    /// Reads a classifier's file, that of a [`TextClassifier`] or of a [`LinearClassifier`].
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::ModelFile`], and as [`Self::new`].
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        Self::of(Scorer::load(path.as_ref(), device)?)
    }

    /// The same with the weights of its LSTM layers rounded to 8 bits, one factor for each output: a quarter of the
    /// bytes to read, which is what a prediction of one text on the CPU waits for. Sums stay in single precision; other
    /// layers, other devices' speed and [`attribution`](Self::attribution) stay as they are.
    ///
    /// ```no_run
    /// # use burn::tensor::Device;
    /// # use ulmfit_model::{Error, Predictor};
    /// let predictor = Predictor::load("reviews.safetensors", &Device::default())?.quantized();
    /// # let _ = predictor;
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn quantized(self) -> Self {
        Self {
            scorer: self.scorer.quantized(),
        }
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        self.scorer.classes()
    }

    /// Whether a text is of one class or of several.
    pub fn task(&self) -> Task {
        self.scorer.task()
    }

    /// The prediction for one text; an empty one is a document of `xxbos` alone.
    pub fn predict(&self, text: &str) -> Prediction {
        self.prediction(self.scorer.one(text))
    }

    /// The predictions for many texts, in their order. A text's prediction does not depend on the others.
    pub fn predict_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Prediction> {
        let all = self.scorer.all(texts).into_iter();
        all.map(|probabilities| self.prediction(probabilities))
            .collect()
    }

    /// The pooled vector of each text, what the classifier's head reads: `3E` numbers with the paper's pooling. For
    /// searching, clustering, or a head of another kind.
    ///
    /// # Errors
    /// [`Error::Config`] for a linear classifier, which has none.
    pub fn vectors<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Vec<Vec<f32>>> {
        self.scorer.vectors(texts)
    }

    /// As [`Self::predict_all`], for answers that may cease to be wanted: `go_on` is asked before each window of
    /// [`bptt`](crate::DocumentWindow) tokens and may do short work of its own. None once it says no.
    ///
    /// ```no_run
    /// # use burn::tensor::Device;
    /// # use ulmfit_model::{Error, Predictor};
    /// use std::time::{Duration, Instant};
    ///
    /// let predictor = Predictor::load("reviews.safetensors", &Device::default())?;
    /// let end = Instant::now() + Duration::from_secs(1);
    /// let in_time = predictor.predict_all_while(&["A lovely film."], &|| Instant::now() < end);
    /// # let _ = in_time;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn predict_all_while<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        go_on: GoOn<'_>,
    ) -> Option<Vec<Prediction>> {
        let all = self.probabilities_all_while(texts, go_on)?.into_iter();
        Some(all.map(|row| self.prediction(row)).collect())
    }

    /// The tokens of a text, marks included: what a long text costs, and of which [`Self::cut`] leaves some.
    pub fn tokens(&self, text: &str) -> usize {
        self.scorer.tokens(text)
    }

    /// What the model reads of a long text.
    pub fn cut(&self) -> Cut {
        self.scorer.cut()
    }

    /// How much each word of a text decided for a class (default: the most probable one), in the text's order.
    ///
    /// fastai v1's `intrinsic_attention`: the size of the probability's gradient at the word's embedding, summed over its
    /// width and over the word's tokens, divided by the largest. It says how much the word matters, not in which
    /// direction. Words before the last `max_len` tokens, and those that the model's [`Cut`](crate::Cut) leaves out, have
    /// weight 0.
    ///
    /// # Panics
    /// If `class` is not an index of [`Self::classes`].
    pub fn attribution(&self, text: &str, class: Option<usize>) -> Vec<WordWeight> {
        uninterrupted(|go_on| self.attribution_while(text, class, go_on))
    }

    /// As [`Self::attribution`]; none once `go_on`, which is asked before each window, says no.
    ///
    /// # Panics
    /// As [`Self::attribution`].
    pub fn attribution_while(
        &self,
        text: &str,
        class: Option<usize>,
        go_on: GoOn<'_>,
    ) -> Option<Vec<WordWeight>> {
        let classes = self.classes().len();
        assert!(
            class.is_none_or(|class| class < classes),
            "class {class:?} of {classes}"
        );
        self.scorer.attribution(text, class, go_on)
    }

    pub(crate) fn probabilities_all_while<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        go_on: GoOn<'_>,
    ) -> Option<Vec<Vec<f32>>> {
        self.scorer.all_while(texts, go_on)
    }

    fn of(scorer: Scorer) -> Result<Self> {
        match scorer.task() {
            Task::SingleLabel | Task::MultiLabel => Ok(Self { scorer }),
            Task::Regression { .. } => {
                let found = "a regression; use `Regressor`";
                Err(Error::config("task", "a model of classes", found))
            }
        }
    }

    fn prediction(&self, probabilities: Vec<f32>) -> Prediction {
        Prediction::new(probabilities, self.task(), self.classes())
    }
}
