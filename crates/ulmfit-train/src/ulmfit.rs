//! ULMFiT in one call.

use std::fmt::Write as _;
use std::path::PathBuf;

use burn::tensor::Device;
use ulmfit_data::Corpus;
use ulmfit_model::{TextClassifier, TextLanguageModel};

use crate::checkpoint::Checkpoints;
use crate::error::Result;
use crate::fit::{ClassifierScores, evaluate_classifier};
use crate::observe::{History, Observer};
use crate::recipe::Recipe;
use crate::steps::{self, Run};

/// The share of the labelled documents that is held out where no validation set is given (fastai's course: 10 %).
const HELD_OUT: f64 = 0.1;

/// The three steps: language model, fine-tuning, classifier.
///
/// ```no_run
/// use burn::tensor::Device;
/// use ulmfit_data::{Corpus, CsvColumns};
/// use ulmfit_train::{Recipe, Ulmfit};
///
/// let corpus = Corpus::from_csv("reviews.csv", &CsvColumns::new("text").with_label("label"))?;
/// let learned = Ulmfit::builder()
///     .pretrained("english.safetensors")
///     .recipe(Recipe::default())
///     .fit(&corpus, &Device::default())?;
/// println!("{}", learned.report());
/// learned.classifier.save("reviews.safetensors")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Ulmfit {
    recipe: Recipe,
    pretrained: Option<PathBuf>,
    unlabeled: Option<Corpus>,
    valid: Option<Corpus>,
    seed: u64,
    checkpoints: Option<Checkpoints>,
    observers: Vec<Box<dyn Observer>>,
}

impl Ulmfit {
    /// The default recipe, from scratch, seed 0.
    pub fn builder() -> Self {
        Self::default()
    }

    /// Starts from a language model's file instead of from scratch.
    #[must_use]
    pub fn pretrained(mut self, path: impl Into<PathBuf>) -> Self {
        self.pretrained = Some(path.into());
        self
    }

    /// Another recipe.
    #[must_use]
    pub fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = recipe;
        self
    }

    /// Further text of the domain, without labels, for the language model.
    #[must_use]
    pub fn unlabeled(mut self, corpus: Corpus) -> Self {
        self.unlabeled = Some(corpus);
        self
    }

    /// The documents to score; without this a tenth of the labelled ones is held out.
    #[must_use]
    pub fn valid(mut self, corpus: Corpus) -> Self {
        self.valid = Some(corpus);
        self
    }

    /// The seed of every random number; default 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Stores the run in a folder, so that it can be cut anywhere; each step has a folder of its own within it.
    ///
    /// ```no_run
    /// use ulmfit_train::{Checkpoints, Resume, Ulmfit};
    ///
    /// // Begins, or goes on with the step and batch at which it was cut.
    /// let run = Ulmfit::builder().checkpoints(Checkpoints::new("run-1").with_resume(Resume::Newest));
    /// # let _ = run;
    /// ```
    #[must_use]
    pub fn checkpoints(mut self, checkpoints: Checkpoints) -> Self {
        self.checkpoints = Some(checkpoints);
        self
    }

    /// Watches the run, beside the history that is always kept; may stop a stage.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Runs the three steps on a labelled corpus. The validation documents are not seen by any step.
    ///
    /// # Errors
    /// For a corpus without labels or with a single class, a pretrained file that cannot be read, or a loss that is not
    /// finite; every message says what was expected, what was found and what to do.
    pub fn fit(mut self, corpus: &Corpus, device: &Device) -> Result<Learned> {
        corpus.require_classes(2)?;
        let (train, valid) = match self.valid.take() {
            Some(valid) => (corpus.clone(), valid),
            None => corpus.split(HELD_OUT, self.seed),
        };
        let mut watch = (History::default(), self.observers);
        let mut run = Run {
            seed: self.seed,
            checkpoints: self.checkpoints,
            observer: &mut watch,
        };
        let mut texts = train.texts();
        if let Some(unlabeled) = &self.unlabeled {
            texts.extend(unlabeled.texts());
        }
        let recipe = &self.recipe;
        let language_model = match &self.pretrained {
            Some(path) => {
                let pretrained = TextLanguageModel::load(path, device)?;
                steps::adapt(recipe, &pretrained, &texts, device, &mut run)?
            }
            None => {
                let model = steps::pretrain(recipe, &texts, device, &mut run)?;
                steps::finetune(recipe, model, &texts, device, &mut run)?
            }
        };
        let classifier = steps::classify(
            recipe,
            &language_model,
            &train,
            Some(&valid),
            device,
            &mut run,
        )?;
        let loader = steps::class_loader(recipe, &classifier.text, &valid, self.seed)?;
        let mut scores = evaluate_classifier(&classifier.model, &loader);
        scores.confusion = scores.confusion.with_names(train.classes());
        Ok(Learned {
            language_model,
            classifier,
            scores,
            history: watch.0,
        })
    }
}

/// What a run has learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The fine-tuned language model.
    pub language_model: TextLanguageModel,
    /// The classifier.
    pub classifier: TextClassifier,
    /// The classifier's scores on the validation documents.
    pub scores: ClassifierScores,
    /// Every epoch.
    pub history: History,
}

impl Learned {
    /// The table of epochs, the accuracy and the confusion matrix, as text.
    pub fn report(&self) -> String {
        let mut report = self.history.to_string();
        let accuracy = 100.0 * self.scores.confusion.accuracy();
        // Writing to a string cannot fail.
        let _ = write!(
            report,
            "\naccuracy {accuracy:.2} %\n\n{}",
            self.scores.confusion
        );
        report
    }
}
