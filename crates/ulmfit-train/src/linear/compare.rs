//! A model beside its linear partner and the most frequent class, on the same documents.

use std::fmt;

use ulmfit_data::{Corpus, Labels};
use ulmfit_model::{Predictor, top_class};
use ulmfit_text::TokenizerConfig;

use super::LinearPartner;
use crate::error::Result;

/// The 97.5 % quantile of the normal distribution.
const QUANTILE: f64 = 1.959_964;

/// How many documents something labels rightly.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// What it is.
    pub name: String,
    /// The documents it labels rightly.
    pub right: usize,
    /// All documents.
    pub of: usize,
}

impl Standing {
    /// The share of right labels, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.of.max(1) as f64
    }

    /// Between which accuracies the true one lies with 95 % (Wilson 1927).
    ///
    /// ```
    /// use ulmfit_train::linear::Standing;
    /// let (low, high) = Standing { name: "model".into(), right: 80, of: 100 }.interval();
    /// assert!((low - 0.711).abs() < 1e-3 && (high - 0.867).abs() < 1e-3);
    /// ```
    pub fn interval(&self) -> (f64, f64) {
        let (n, p) = (self.of.max(1) as f64, self.accuracy());
        let z2 = QUANTILE * QUANTILE / n;
        let middle = (p + z2 / 2.0) / (1.0 + z2);
        let half = QUANTILE * (p * (1.0 - p) / n + z2 / (4.0 * n)).sqrt() / (1.0 + z2);
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

/// The accuracy of one less that of the other, and between which values it lies with 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The difference, -1 to 1.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Difference {
    /// From the documents that only the first and only the second labels rightly (Agresti & Min 2005, which holds for few
    /// documents, too).
    fn of(first: usize, second: usize, documents: usize) -> Self {
        let (b, c, n) = (first as f64, second as f64, documents.max(1) as f64);
        let middle = (b - c) / (n + 2.0);
        let half = QUANTILE * (b + c + 1.0 - (b - c).powi(2) / (n + 2.0)).sqrt() / (n + 2.0);
        Self {
            mean: (b - c) / n,
            low: (middle - half).max(-1.0),
            high: (middle + half).min(1.0),
        }
    }
}

/// Majority class, linear partner and model on the same documents, each of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The most frequent class of the training documents, said of every document.
    pub majority: Standing,
    /// The linear partner.
    pub partner: Standing,
    /// The model.
    pub model: Standing,
    /// The model less the partner, on the same documents.
    pub difference: Difference,
}

impl Comparison {
    /// Compares on documents of these `labels`, whose probabilities are rows; `trained` are the labels of the training
    /// documents and `kind` names the partner. None where there is nothing to compare on.
    pub fn of(
        trained: &[u32],
        classes: &[String],
        labels: &[u32],
        (kind, partner): (&str, &[Vec<f32>]),
        model: &[Vec<f32>],
    ) -> Option<Self> {
        let counts = |class: usize| trained.iter().filter(|l| **l as usize == class).count();
        let majority = (0..classes.len())
            .rev()
            .max_by_key(|class| counts(*class))?;
        let right = |rows: &[Vec<f32>]| -> Vec<bool> {
            let each = rows.iter().zip(labels);
            each.map(|(row, label)| top_class(row) == Some(*label as usize))
                .collect()
        };
        let (ours, theirs) = (right(model), right(partner));
        let of = labels.len();
        if of == 0 || ours.len() != of || theirs.len() != of {
            return None;
        }
        let only = |a: &[bool], b: &[bool]| a.iter().zip(b).filter(|(a, b)| **a && !**b).count();
        let standing = |name: String, right: usize| Standing { name, right, of };
        let count = |right: &[bool]| right.iter().filter(|right| **right).count();
        let constant = labels.iter().filter(|l| **l as usize == majority).count();
        Some(Self {
            majority: standing(format!("always `{}`", classes[majority]), constant),
            partner: standing(format!("linear model ({kind})"), count(&theirs)),
            model: standing("this model".to_owned(), count(&ours)),
            difference: Difference::of(only(&ours, &theirs), only(&theirs, &ours), of),
        })
    }

    /// Fits a [`LinearPartner`] to the labels of `train` and compares it on the documents of `valid`, for which the model
    /// gave `probabilities`; none unless each document is of one class.
    ///
    /// # Errors
    /// For a document without a label, and as [`LinearPartner::fit`].
    pub fn measure(
        tokenizer: &TokenizerConfig,
        train: &Corpus,
        unlabeled: &[&str],
        valid: &Corpus,
        probabilities: &[Vec<f32>],
    ) -> Result<Option<Self>> {
        let Labels::SingleLabel(labels) = valid.all_labels()? else {
            return Ok(None);
        };
        let partner = LinearPartner::fit(tokenizer, train, unlabeled)?;
        let found = Predictor::of_linear(&partner.classifier).predict_all(&valid.texts());
        let found: Vec<Vec<f32>> = found.into_iter().map(|one| one.probabilities).collect();
        let kind = format!("{}, C {}", partner.kind, partner.c);
        Ok(Self::of(
            &train.labels()?,
            train.classes(),
            &labels,
            (&kind, &found),
            probabilities,
        ))
    }

    /// The three, from the least to the most costly.
    pub fn standings(&self) -> [&Standing; 3] {
        [&self.majority, &self.partner, &self.model]
    }

    /// What follows for the user, in a sentence or two.
    pub fn sentence(&self) -> String {
        let Difference { mean, low, high } = self.difference;
        let points = |share: f64| format!("{:+.1}", 100.0 * share);
        let range = format!(
            "{} points, 95 % of {} to {}",
            points(mean),
            points(low),
            points(high)
        );
        if low > 0.0 {
            format!("This model is better here than the linear one: {range}.")
        } else if high < 0.0 {
            format!(
                "The linear model is better here than this one: {range}. Use the linear one, or give more text without \
                 labels."
            )
        } else {
            format!(
                "The linear model is as good here, as far as {} documents tell: {range}. Use the linear one, which is hundreds of times \
                 faster, or give more text without labels; with more documents to score on the \
                 difference would be told more exactly.",
                self.model.of
            )
        }
    }
}

/// A line for each model, and what follows.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standings = self.standings();
        let names = standings.map(|standing| standing.name.chars().count());
        let width = names.into_iter().max().unwrap_or(0);
        writeln!(
            f,
            "accuracy on the same {} documents, and its 95 % interval",
            self.model.of
        )?;
        for standing in standings {
            let (low, high) = standing.interval();
            writeln!(
                f,
                "  {:<width$}  {:>5.1} %  ({:.1} to {:.1})",
                standing.name,
                100.0 * standing.accuracy(),
                100.0 * low,
                100.0 * high
            )?;
        }
        f.write_str(&self.sentence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(classes: &[u32]) -> Vec<Vec<f32>> {
        let row = |class: &u32| (0..2).map(|c| f32::from(u8::from(c == *class))).collect();
        classes.iter().map(row).collect()
    }

    #[test]
    fn the_sentence_follows_the_interval() -> std::result::Result<(), &'static str> {
        let classes = ["neg".to_owned(), "pos".to_owned()];
        let labels: Vec<u32> = (0..200).map(|n| n % 2).collect();
        let wrong = |each: usize| -> Vec<u32> {
            let flip = |(n, label): (usize, &u32)| {
                if n.is_multiple_of(each) {
                    1 - label
                } else {
                    *label
                }
            };
            labels.iter().enumerate().map(flip).collect()
        };
        let compare = |partner: &[u32], model: &[u32]| {
            let partner = rows(partner);
            Comparison::of(&[1, 1, 0], &classes, &labels, ("x", &partner), &rows(model))
                .ok_or("documents were given")
        };
        let better = compare(&wrong(4), &wrong(20))?;
        assert_eq!(better.majority.name, "always `pos`");
        assert_eq!(better.standings().map(|s| s.right), [100, 150, 190]);
        assert_eq!(better.difference.mean, 0.2);
        assert!(
            better
                .sentence()
                .starts_with("This model is better here than the linear one: +20.0")
        );
        let worse = compare(&wrong(20), &wrong(4))?;
        assert!(
            worse
                .sentence()
                .starts_with("The linear model is better here")
        );
        let same = compare(&wrong(20), &wrong(21))?;
        assert!(
            same.sentence()
                .starts_with("The linear model is as good here, as far as 200")
        );
        assert!(Comparison::of(&[0], &classes, &[], ("x", &[]), &[]).is_none());
        Ok(())
    }

    #[test]
    fn intervals_of_few_documents_are_wide() {
        let one = Difference::of(1, 0, 1);
        assert!(one.low < 0.0 && one.high <= 1.0);
        let none = Difference::of(0, 0, 10);
        assert!(none.low < 0.0 && none.high > 0.0 && none.mean == 0.0);
    }
}
