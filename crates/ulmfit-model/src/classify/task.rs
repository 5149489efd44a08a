//! What a classifier's outputs stand for: one class, several, or numbers. Each with its loss and its activation.
//!
//! Legend: `B` documents, `C` outputs.

use burn::tensor::{Device, Tensor, activation};
use serde::{Deserialize, Serialize};

use super::class_loss::{ClassLoss, cross_entropy};
use super::targets::Targets;
use crate::error::{Error, Result};
use crate::random::from_values;

/// What the outputs stand for.
///
/// | task | loss | output |
/// |---|---|---|
/// | `SingleLabel` (default) | cross-entropy | probabilities that add up to 1 (softmax) |
/// | `MultiLabel` | mean binary cross-entropy over documents and classes | a probability for each class (sigmoid) |
/// | `Regression` | mean squared error | numbers, squeezed into `range` by a sigmoid where there is one (fastai: `y_range`) |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Every document is of exactly one class.
    #[default]
    SingleLabel,
    /// A document is of any number of classes, none included.
    MultiLabel,
    /// Every output is a number.
    Regression {
        /// The smallest and the largest number; without it any.
        range: Option<(f64, f64)>,
    },
}

impl Task {
    /// The smallest number of outputs that makes sense.
    pub(crate) fn least_outputs(self) -> usize {
        match self {
            Self::SingleLabel => 2,
            Self::MultiLabel | Self::Regression { .. } => 1,
        }
    }

    pub(crate) fn validate(self) -> Result<()> {
        let Self::Regression {
            range: Some((low, high)),
        } = self
        else {
            return Ok(());
        };
        if low.is_finite() && high.is_finite() && low < high {
            return Ok(());
        }
        let found = format!("{low} to {high}");
        Err(Error::config(
            "task.range",
            "a lower and a higher number",
            found,
        ))
    }

    /// From this probability on a class counts as one of a document's classes ([`Task::MultiLabel`]): 0.5, fastai's.
    pub const THRESHOLD: f32 = 0.5;

    /// Succeeds if the targets are of this task and fit a model of `outputs` outputs; none fit any.
    ///
    /// ```
    /// use ulmfit_model::Task;
    /// assert!(Task::SingleLabel.check((&[0, 1]).into(), 2).is_ok());
    /// let error = Task::SingleLabel.check((&[0, 2]).into(), 2).unwrap_err().to_string();
    /// assert_eq!(error, "field `targets`: expected classes below 2, found 2 for document 1; correct the label");
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] that names the first document whose target does not fit.
    pub fn check(self, targets: Targets<'_>, outputs: usize) -> Result<()> {
        let outside = |class: &u32| *class as usize >= outputs;
        let wrong: Option<(String, String)> = match (self, targets) {
            (_, targets) if targets.is_empty() => None,
            (Self::SingleLabel, Targets::SingleLabel(all)) => {
                let at = all.iter().position(outside);
                at.map(|at| below(outputs, all[at], at))
            }
            (Self::MultiLabel, Targets::MultiLabel(all)) => {
                let first = |set: &Vec<u32>| set.iter().copied().find(outside);
                let mut found = all.iter().enumerate();
                let found = found.find_map(|(at, set)| Some((at, first(set)?)));
                found.map(|(at, class)| below(outputs, class, at))
            }
            (Self::Regression { range }, Targets::Regression(all)) => {
                let (low, high) = range.unwrap_or((f64::MIN, f64::MAX));
                let fits = |value: &f32| (low..=high).contains(&f64::from(*value));
                let fits = |row: &Vec<f32>| row.len() == outputs && row.iter().all(fits);
                all.iter().position(|row| !fits(row)).map(|at| {
                    let within = match range {
                        Some((low, high)) => format!("of {low} to {high}"),
                        None => "that are finite".to_owned(),
                    };
                    (
                        format!("numbers {within}, {outputs} for each document"),
                        format!("{:?} for document {at}; correct the label", all[at]),
                    )
                })
            }
            (task, targets) => Some((
                task.wants().to_owned(),
                format!("{}; give labels of the model's task", targets.kind()),
            )),
        };
        wrong.map_or(Ok(()), |(expected, found)| {
            Err(Error::config("targets", expected, found))
        })
    }

    /// The targets of this task in words.
    fn wants(self) -> &'static str {
        match self {
            Self::SingleLabel => Targets::SingleLabel(&[]).kind(),
            Self::MultiLabel => Targets::MultiLabel(&[]).kind(),
            Self::Regression { .. } => Targets::Regression(&[]).kind(),
        }
    }

    /// Logits `[B, C]` as probabilities or numbers `[B, C]`.
    pub(crate) fn activate(self, logits: Tensor<2>) -> Tensor<2> {
        match self {
            Self::SingleLabel => activation::softmax(logits, 1),
            Self::MultiLabel => activation::sigmoid(logits),
            Self::Regression { range: None } => logits,
            Self::Regression {
                range: Some((low, high)),
            } => activation::sigmoid(logits) * (high - low) + low,
        }
    }

    /// The mean loss of logits `[B, C]`.
    ///
    /// # Panics
    /// If the targets are of another task, or not one for each row; if a class or the number of values is not one of the
    /// outputs.
    pub(crate) fn loss(
        self,
        logits: Tensor<2>,
        targets: Targets<'_>,
        class_loss: &ClassLoss,
    ) -> Tensor<1> {
        let [rows, outputs] = logits.dims();
        assert_eq!(targets.len(), rows, "one target for each row");
        match (self, targets) {
            (Self::SingleLabel, Targets::SingleLabel(labels)) => {
                cross_entropy(logits, labels, class_loss)
            }
            (Self::MultiLabel, Targets::MultiLabel(sets)) => {
                let truth = indicators(sets, outputs, &logits.device());
                // max(x, 0) - x y + ln(1 + exp(-|x|)) never overflows.
                let tail = (logits.clone().abs().neg().exp() + 1.0).log();
                (activation::relu(logits.clone()) - logits * truth + tail).mean()
            }
            (Self::Regression { .. }, Targets::Regression(values)) => {
                let fits = values.iter().all(|row| row.len() == outputs);
                assert!(fits, "{outputs} values for each document");
                let device = logits.device();
                let truth = from_values(values.concat(), [rows, outputs], &device);
                let error = self.activate(logits) - truth;
                (error.clone() * error).mean()
            }
            (task, targets) => panic!("targets {targets:?} for the task {task:?}"),
        }
    }
}

/// What was expected and found where a class is not one of the outputs.
fn below(outputs: usize, class: u32, document: usize) -> (String, String) {
    (
        format!("classes below {outputs}"),
        format!("{class} for document {document}; correct the label"),
    )
}

/// 1 where a document is of a class, `[B, C]`.
fn indicators(sets: &[Vec<u32>], classes: usize, device: &Device) -> Tensor<2> {
    let mut values = vec![0.0; sets.len() * classes];
    for (row, set) in sets.iter().enumerate() {
        for &class in set {
            assert!((class as usize) < classes, "class {class} of {classes}");
            values[row * classes + class as usize] = 1.0;
        }
    }
    from_values(values, [sets.len(), classes], device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logits() -> Tensor<2> {
        from_values(
            vec![1.0, -2.0, 0.5, 0.0, 3.0, -1.0],
            [2, 3],
            &Device::default(),
        )
    }

    fn check(loss: Tensor<1>, expected: f64) {
        let found = f64::from(loss.into_scalar::<f32>());
        let tolerance = 1e-6 * expected.abs().max(1.0);
        assert!(
            (found - expected).abs() < tolerance,
            "{found} for {expected}"
        );
    }

    #[test]
    fn binary_cross_entropy() {
        let x = [1.0_f64, -2.0, 0.5, 0.0, 3.0, -1.0];
        let y = [1.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let p = |x: f64| 1.0 / (1.0 + (-x).exp());
        let one = |(x, y): (&f64, &f64)| -(y * p(*x).ln() + (1.0 - y) * (1.0 - p(*x)).ln());
        let expected = x.iter().zip(&y).map(one).sum::<f64>() / 6.0;
        let sets = [vec![2, 0], vec![]];
        check(
            Task::MultiLabel.loss(logits(), (&sets).into(), &ClassLoss::default()),
            expected,
        );
        let huge = from_values(vec![300.0, -300.0, 0.0], [1, 3], &Device::default());
        let loss = Task::MultiLabel.loss(huge, (&[vec![1]]).into(), &ClassLoss::default());
        check(loss, (300.0 + 300.0 + 2.0_f64.ln()) / 3.0);
    }

    #[test]
    fn squared_error_within_a_range() {
        let values = [vec![1.0, 0.0, 2.0], vec![5.0, 4.0, 0.0]];
        let free = Task::Regression { range: None };
        let loss = |task: Task| task.loss(logits(), (&values).into(), &ClassLoss::default());
        check(loss(free), (0.0 + 4.0 + 2.25 + 25.0 + 1.0 + 1.0) / 6.0);
        let stars = Task::Regression {
            range: Some((1.0, 5.0)),
        };
        let shown: Vec<f32> = stars.activate(logits()).into_data().iter::<f32>().collect();
        assert!(shown.iter().all(|v| (1.0..5.0).contains(v)) && (shown[3] - 3.0).abs() < 1e-6);
        let expected = [1.0_f32, 0.0, 2.0, 5.0, 4.0, 0.0].iter().zip(&shown);
        let expected = expected.map(|(t, v)| f64::from(t - v).powi(2)).sum::<f64>() / 6.0;
        check(loss(stars), expected);
    }

    #[test]
    fn targets_that_do_not_fit_are_named() {
        let check = |task: Task, targets: Targets<'_>, expected: &str| {
            let found = task.check(targets, 2).map_err(|e| e.to_string());
            match (expected, found) {
                ("", found) => assert_eq!(found, Ok(())),
                (expected, found) => assert_eq!(found, Err(format!("field `targets`: {expected}"))),
            }
        };
        let stars = |range| Task::Regression { range };
        let rows = [vec![1.0, 2.0], vec![5.5, 2.0]];
        check(Task::MultiLabel, (&[vec![], vec![1, 0]]).into(), "");
        check(stars(None), (&rows).into(), "");
        check(stars(Some((1.0, 5.5))), (&rows).into(), "");
        check(stars(None), Targets::SingleLabel(&[]), "");
        check(
            Task::MultiLabel,
            (&[vec![], vec![1, 2]]).into(),
            "expected classes below 2, found 2 for document 1; correct the label",
        );
        check(
            stars(Some((1.0, 5.0))),
            (&rows).into(),
            "expected numbers of 1 to 5, 2 for each document, found [5.5, 2.0] for document 1; correct the label",
        );
        check(
            stars(None),
            (&[vec![1.0, f32::NAN]]).into(),
            "expected numbers that are finite, 2 for each document, found [1.0, NaN] for document 0; correct the label",
        );
        check(
            Task::SingleLabel,
            (&rows).into(),
            "expected one class for each document, found numbers for each document; give labels of the model's task",
        );
    }

    #[test]
    fn a_range_that_is_none_is_an_error() {
        let backwards = Task::Regression {
            range: Some((5.0, 1.0)),
        };
        assert!(backwards.validate().is_err());
    }
}
