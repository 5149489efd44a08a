//! A linear classifier with its tokenizer and the names of its classes.
//!
//! Legend: `F` words and pairs that are known, `O` outputs: 1 for two classes that exclude each other, else one for each
//! class.

use half::f16;
use ulmfit_text::{Direction, Tokenizer, TokenizerConfig, word_spans};

use super::ngrams::{Pairs, ngram_keys};
use super::table::FeatureTable;
use crate::classify::task::Task;
use crate::error::{Error, Result};
use crate::predict::attribution::WordWeight;
use crate::predict::top_class::top_class;

/// A linear classifier, its tokenizer and the names of its classes. A [`Predictor`](crate::Predictor) of it is made as
/// one of a [`TextClassifier`](crate::TextClassifier).
#[derive(Clone, Debug)]
pub struct LinearClassifier {
    tokenizer: Tokenizer,
    task: Task,
    classes: Vec<String>,
    table: FeatureTable,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl LinearClassifier {
    /// Puts a classifier together; `weights` are `[F, O]`. Weights are rounded to half precision, as its file has them.
    ///
    /// # Errors
    /// [`Error::Config`] for a regression, too few classes, a number of weights that is not the product of `F` and `O`, or
    /// a weight that is not finite in half precision.
    pub fn new(
        tokenizer: &TokenizerConfig,
        task: Task,
        classes: Vec<String>,
        table: FeatureTable,
        weights: Vec<f32>,
        bias: Vec<f32>,
    ) -> Result<Self> {
        let wrong = |field, expected: String, found: String| {
            Err(Error::Config {
                field,
                expected,
                found,
            })
        };
        if let Task::Regression { .. } = task {
            return wrong("task", "classes".into(), "a regression".into());
        }
        if classes.len() < task.least_outputs() {
            let expected = format!("at least {} classes", task.least_outputs());
            return wrong("classes", expected, classes.len().to_string());
        }
        let outputs = Self::outputs(task, classes.len());
        if bias.len() != outputs || weights.len() != outputs * table.len() {
            return wrong(
                "weights",
                format!("{} of {outputs} outputs", table.len() * outputs),
                format!("{} of {}", weights.len(), bias.len()),
            );
        }
        let round = |value: f32| f16::from_f32(value).to_f32();
        let weights: Vec<f32> = weights.into_iter().map(round).collect();
        if let Some(weight) = weights.iter().chain(&bias).find(|w| !w.is_finite()) {
            return wrong("weights", "finite numbers".into(), weight.to_string());
        }
        Ok(Self {
            tokenizer: tokenizer.init(),
            task,
            classes,
            table,
            weights,
            bias,
        })
    }

    /// The number of outputs: 1 for two classes that exclude each other, else one for each class.
    pub fn outputs(task: Task, classes: usize) -> usize {
        match (task, classes) {
            (Task::SingleLabel, 2) => 1,
            _ => classes,
        }
    }

    /// Rules and splitter.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Whether a text is of one class or of several.
    pub fn task(&self) -> Task {
        self.task
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The words and pairs that it knows.
    pub fn table(&self) -> &FeatureTable {
        &self.table
    }

    /// The weights `[F, O]`.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The bias of each output.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// The probability of each class for one text.
    pub fn probabilities(&self, text: &str) -> Vec<f32> {
        self.probabilities_of(&ngram_keys(&self.tokenizer, text))
    }

    /// The probability of each class for a document's [keys](crate::ngram_keys).
    pub fn probabilities_of(&self, keys: &[u32]) -> Vec<f32> {
        let mut logits = self.bias.clone();
        let outputs = logits.len();
        for (place, value) in self.table.vector(keys) {
            let row = &self.weights[place as usize * outputs..][..outputs];
            for (logit, weight) in logits.iter_mut().zip(row) {
                *logit += value * weight;
            }
        }
        self.activated(logits)
    }

    fn activated(&self, mut logits: Vec<f32>) -> Vec<f32> {
        let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
        match (self.task, logits.len()) {
            (Task::SingleLabel, 1) => {
                let second = sigmoid(logits[0]);
                vec![1.0 - second, second]
            }
            (Task::SingleLabel, _) => {
                let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                logits.iter_mut().for_each(|x| *x = (*x - largest).exp());
                let sum: f32 = logits.iter().sum();
                logits.iter_mut().for_each(|x| *x /= sum);
                logits
            }
            _ => logits.into_iter().map(sigmoid).collect(),
        }
    }

    /// How much each word of a text decided, see [`Predictor::attribution`](crate::Predictor::attribution): the size of
    /// what the word adds to the class's logit, a pair's shared by its two words.
    pub(crate) fn attribution(&self, text: &str, class: Option<usize>) -> Vec<WordWeight> {
        let outputs = self.bias.len();
        let keys = ngram_keys(&self.tokenizer, text);
        let class = class.or_else(|| top_class(&self.probabilities_of(&keys)));
        let output = class.unwrap_or(0).min(outputs - 1);
        // What a single occurrence of a word or pair adds: its value is shared by its occurrences.
        let mut added = std::collections::HashMap::new();
        for (place, value) in self.table.vector(&keys) {
            let weight = self.weights[place as usize * outputs + output];
            added.insert(self.table.keys()[place as usize], weight * value);
        }
        for run in keys.chunk_by(|a, b| a == b) {
            if let Some(value) = added.get_mut(&run[0]) {
                *value /= run.len() as f32;
            }
        }
        let mut tokens = self.tokenizer.tokenize(text);
        let mut of_tokens = vec![0.0_f32; tokens.len()];
        let (mut pairs, mut before) = (Pairs::default(), None);
        for (at, token) in tokens.iter().enumerate() {
            let mut found = Vec::with_capacity(2);
            let is_word = pairs.add(token, |key| {
                found.push(added.get(&key).copied().unwrap_or(0.0));
            });
            if let Some(word) = found.first() {
                of_tokens[at] += word;
            }
            if let (Some(pair), Some(before)) = (found.get(1), before) {
                of_tokens[at] += pair / 2.0;
                let other: &mut f32 = &mut of_tokens[before];
                *other += pair / 2.0;
            }
            if is_word {
                before = Some(at);
            }
        }
        if self.tokenizer.config().direction == Direction::Backward {
            tokens.reverse();
            of_tokens.reverse();
        }
        let spans = word_spans(&tokens).into_iter();
        let mut words: Vec<WordWeight> = spans
            .map(|span| WordWeight {
                word: span.text,
                weight: of_tokens[span.tokens].iter().sum::<f32>().abs(),
            })
            .collect();
        let largest = words.iter().fold(0.0, |max: f32, w| max.max(w.weight));
        if largest > 0.0 {
            words.iter_mut().for_each(|word| word.weight /= largest);
        }
        words
    }
}
