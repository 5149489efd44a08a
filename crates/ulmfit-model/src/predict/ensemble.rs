//! Several classifiers as one: the mean of their probabilities.

use crate::error::{Error, Result};
use crate::go_on::{GoOn, uninterrupted};
use crate::predict::predictor::{Prediction, Predictor};

/// Predictors of the same classes, such as one that reads forwards and one that reads backwards (paper, section 3.3:
/// half a point to 0.7 better than either).
#[derive(Clone, Debug)]
pub struct Ensemble {
    members: Vec<Predictor>,
    /// For each member: which of its classes is class `c` of the first one.
    orders: Vec<Vec<usize>>,
}

impl Ensemble {
    /// An ensemble of at least one predictor. Classes are matched by name.
    ///
    /// # Errors
    /// [`Error::Config`] if there is none, or two differ in their classes or in their task.
    pub fn new(members: Vec<Predictor>) -> Result<Self> {
        let Some(first) = members.first() else {
            return Err(Error::config("members", "at least one predictor", "none"));
        };
        let (classes, task) = (first.classes(), first.task());
        let mut orders = Vec::new();
        for member in &members {
            let place = |name| member.classes().iter().position(|other| other == name);
            let order: Option<Vec<usize>> = classes.iter().map(place).collect();
            let order = order.filter(|order| order.len() == member.classes().len());
            orders.push(order.ok_or_else(|| {
                let expected = format!("{} in every member", few(classes));
                Error::config("classes", expected, few(member.classes()))
            })?);
            if member.task() != task {
                let found = format!("{:?}", member.task());
                let expected = format!("{task:?} in every member");
                return Err(Error::config("task", expected, found));
            }
        }
        Ok(Self { members, orders })
    }

    /// The same with each member [`quantized`](Predictor::quantized).
    #[must_use]
    pub fn quantized(self) -> Self {
        let members = self.members.into_iter().map(Predictor::quantized);
        Self {
            members: members.collect(),
            ..self
        }
    }

    /// The names of the classes, in the first member's order.
    pub fn classes(&self) -> &[String] {
        self.members[0].classes()
    }

    /// The prediction for one text.
    pub fn predict(&self, text: &str) -> Prediction {
        self.predict_all(&[text]).remove(0)
    }

    /// The predictions for many texts, in their order.
    pub fn predict_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Prediction> {
        uninterrupted(|go_on| self.predict_all_while(texts, go_on))
    }

    /// As [`Predictor::predict_all_while`].
    pub fn predict_all_while<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        go_on: GoOn<'_>,
    ) -> Option<Vec<Prediction>> {
        let share = 1.0 / self.members.len() as f32;
        let mut means = vec![vec![0.0; self.classes().len()]; texts.len()];
        for (member, order) in self.members.iter().zip(&self.orders) {
            for (mean, probabilities) in means
                .iter_mut()
                .zip(member.probabilities_all_while(texts, go_on)?)
            {
                for (mean, &class) in mean.iter_mut().zip(order) {
                    *mean += probabilities[class] * share;
                }
            }
        }
        let task = self.members[0].task();
        let prediction = |mean| Prediction::new(mean, task, self.classes());
        Some(means.into_iter().map(prediction).collect())
    }
}

/// The first few of the classes, for a message.
fn few(classes: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = classes[..SHOWN.min(classes.len())].join(", ");
    match classes.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
