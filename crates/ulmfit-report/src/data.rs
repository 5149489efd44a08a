//! What a report says, as plain data. An empty part is left out of the page.

use crate::Validation;

/// Everything on the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The heading.
    pub title: String,
    /// What was done, as name and value: files, counts, sizes, seed, time.
    pub facts: Vec<(String, String)>,
    /// What a reader should know before the numbers, a sentence each.
    pub notes: Vec<String>,
    /// The run's stages in order.
    pub stages: Vec<StageCurve>,
    /// The scores on documents that were not trained on.
    pub validation: Option<Validation>,
    /// The same documents labeled by simpler models.
    pub beside: Option<Beside>,
    /// Wrong predictions, the most confident first.
    pub mistakes: Vec<Mistake>,
    /// How much of the texts the vocabulary knows, a row for each part of the data.
    pub coverage: Vec<Coverage>,
    /// The most frequent words that the vocabulary does not know, with their counts.
    pub unknown_words: Vec<(String, u64)>,
    /// How the model is used.
    pub snippets: Vec<Snippet>,
    /// Every number of the run, as a recipe's text.
    pub recipe: String,
}

impl Report {
    /// A report that has only a heading.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }
}

/// A stage of training.
#[derive(Clone, Debug, PartialEq)]
pub struct StageCurve {
    /// Its name.
    pub name: String,
    /// The name of [`EpochRow::metric`]; stages that follow each other with the same one share their charts.
    pub metric: String,
    /// Batches of the whole stage.
    pub batches: usize,
    /// The losses and rates of single batches, or of means of neighbors.
    pub points: Vec<Point>,
    /// Its epochs.
    pub epochs: Vec<EpochRow>,
}

/// One batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The number of batches of the stage until here.
    pub batch: usize,
    /// Mean loss in nats.
    pub loss: f64,
    /// The learning rate of the last group.
    pub rate: f64,
    /// The momentum, Adam's beta1.
    pub momentum: f64,
}

/// One epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochRow {
    /// The number of batches of the stage until its end.
    pub batch: usize,
    /// Mean loss on the training data in nats.
    pub train_loss: f64,
    /// Mean loss on the validation data in nats.
    pub valid_loss: Option<f64>,
    /// The metric on the validation data.
    pub metric: Option<f64>,
    /// Seconds for training and evaluation.
    pub seconds: f64,
}

/// A model beside simpler ones, on the same documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The simpler models, and the model itself last.
    pub rows: Vec<BesideRow>,
    /// What follows, in words.
    pub sentence: String,
}

/// One of these models.
#[derive(Clone, Debug, PartialEq)]
pub struct BesideRow {
    /// What it is.
    pub name: String,
    /// The share of documents that it labels rightly, 0 to 1.
    pub accuracy: f64,
    /// Between which shares the true one lies with 95 %.
    pub interval: (f64, f64),
}

/// A wrong prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// The class by its label.
    pub label: String,
    /// The class by the model.
    pub predicted: String,
    /// The probability of [`Self::predicted`], 0 to 1.
    pub confidence: f32,
    /// The probability of [`Self::label`], 0 to 1.
    pub of_label: f32,
    /// The text in pieces, with its spaces.
    pub words: Vec<Word>,
}

/// A piece of a text and how much it decided for the prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// A word, or what stands between words.
    pub text: String,
    /// 0 to 1; that of the word that decided most is 1.
    pub weight: f32,
}

/// How much of a part of the data the vocabulary knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// The part: training or validation.
    pub part: String,
    /// Its documents.
    pub documents: usize,
    /// Its tokens.
    pub tokens: u64,
    /// Those that the vocabulary does not know.
    pub unknown: u64,
}

/// Lines to copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Snippet {
    /// What they are for.
    pub title: String,
    /// The lines.
    pub text: String,
}
