//! What an evaluation says: a loss, and metrics that know in which direction they are better.

use serde::{Deserialize, Serialize};

/// A number that says how well a model does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What reports call it.
    pub name: String,
    /// Its value.
    #[serde(with = "crate::exact")]
    pub value: f64,
    /// Whether a larger value is a better one.
    pub higher_is_better: bool,
}

/// The scores of a model on validation data.
///
/// ```
/// use ulmfit_train::Scores;
///
/// let scores = Scores::new(0.3).lower_is_better("rmse", 0.5).higher_is_better("accuracy", 0.9);
/// assert_eq!(scores.metrics[1].value, 0.9);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The mean loss; lower is better.
    pub loss: f64,
    /// The most telling one first: what observers watch that are asked to watch the metric.
    pub metrics: Vec<Metric>,
}

impl Scores {
    /// A loss without metrics.
    pub fn new(loss: f64) -> Self {
        Self {
            loss,
            metrics: Vec::new(),
        }
    }

    /// With a metric that is better where it is higher, such as the accuracy.
    #[must_use]
    pub fn higher_is_better(self, name: impl Into<String>, value: f64) -> Self {
        self.with(name.into(), value, true)
    }

    /// With a metric that is better where it is lower, such as the perplexity.
    #[must_use]
    pub fn lower_is_better(self, name: impl Into<String>, value: f64) -> Self {
        self.with(name.into(), value, false)
    }

    fn with(mut self, name: String, value: f64, higher_is_better: bool) -> Self {
        self.metrics.push(Metric {
            name,
            value,
            higher_is_better,
        });
        self
    }
}
