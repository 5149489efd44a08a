//! What is asked, and what a model says of it.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};
use ulmfit_model::{Prediction, WordWeight};

use crate::model::Model;

/// Texts to be answered together: none of them is answered without the others.
///
/// ```
/// use std::time::{Duration, Instant};
/// use ulmfit_serve::Request;
///
/// let request = Request::new(["A lovely film."])
///     .with_words()
///     .with_deadline(Instant::now() + Duration::from_secs(1));
/// assert_eq!(request.texts.len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The texts.
    pub texts: Vec<String>,
    /// Whether the words of each text are weighed, too: about three times the work.
    pub words: Words,
    /// When the answer is no longer wanted: what has not been begun then is refused.
    pub deadline: Option<Instant>,
}

/// Whether the words of a text are weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Words {
    /// They are not.
    #[default]
    Without,
    /// They are, for the class of the answer.
    Weighed,
}

impl Request {
    /// A request for the answers to some texts.
    pub fn new<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Self {
        Self {
            texts: texts.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// With the weight of each word.
    #[must_use]
    pub fn with_words(self) -> Self {
        Self {
            words: Words::Weighed,
            ..self
        }
    }

    /// With a time from which on the answer is no longer wanted.
    #[must_use]
    pub fn with_deadline(self, deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            ..self
        }
    }
}

/// What a model says of one text.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Classes and their probabilities.
    Class {
        /// The class, and the probability of each.
        prediction: Prediction,
        /// The weight of each word, if it was asked for.
        words: Option<Vec<WordWeight>>,
    },
    /// A regression's numbers, in the order of [`Model::names`].
    Numbers(Vec<f32>),
}

/// The answers to a request, all by the same model.
#[derive(Clone, Debug)]
pub struct Reply {
    /// One for each text, in order.
    pub answers: Vec<Answer>,
    /// The model that gave them: the one that was in place when the request came.
    pub model: Arc<Model>,
}

impl Reply {
    /// The reply of a model to texts, outside of any service.
    pub fn to<S: AsRef<str> + Sync>(model: &Arc<Model>, texts: &[S], words: Words) -> Self {
        let mut answers = model.answers(texts);
        if words == Words::Weighed {
            for (text, answer) in texts.iter().zip(&mut answers) {
                if let Answer::Class { prediction, words } = answer {
                    *words = model.words_while(text.as_ref(), &prediction.label, &|| true);
                }
            }
        }
        Self {
            answers,
            model: Arc::clone(model),
        }
    }

    /// The answers as JSON, each the object that `ulmfit predict` prints for the text.
    pub fn to_json(&self) -> Vec<Value> {
        let object = |answer: &Answer| match answer {
            Answer::Numbers(values) => json!({ "values": self.by_name(values) }),
            Answer::Class { prediction, words } => {
                let mut object = Map::new();
                object.insert("label".into(), json!(prediction.label));
                let probabilities = self.by_name(&prediction.probabilities);
                object.insert("probabilities".into(), probabilities);
                if self.model.task() == "multi_label" {
                    object.insert("labels".into(), json!(prediction.labels));
                }
                if let Some(words) = words {
                    object.insert("words".into(), json!(words));
                }
                Value::Object(object)
            }
        };
        self.answers.iter().map(object).collect()
    }

    fn by_name(&self, values: &[f32]) -> Value {
        let pairs = self.model.names().iter().zip(values);
        let pairs = pairs.map(|(name, value)| (name.clone(), (*value).into()));
        Value::Object(pairs.collect())
    }
}
