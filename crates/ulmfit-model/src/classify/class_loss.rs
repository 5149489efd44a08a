//! Cross-entropy with label smoothing and weights of the classes.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::random::{from_values, int_tensor};

/// How cross-entropy counts classes; for other tasks it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassLoss {
    /// The share of the truth that is spread evenly over all classes; default 0 (MultiFiT: 0.1).
    pub smoothing: f64,
    /// A weight for each class; empty (default) for 1 each. The mean is over weights, as in PyTorch.
    pub weights: Vec<f64>,
}

impl ClassLoss {
    /// Weights that let every class count the same: `n / (classes * n_c)` for a class of `n_c` of `n` documents.
    ///
    /// ```
    /// use ulmfit_model::ClassLoss;
    /// assert_eq!(ClassLoss::balanced(&[0, 0, 0, 1], 2).weights, [2.0 / 3.0, 2.0]);
    /// ```
    pub fn balanced(labels: &[u32], classes: usize) -> Self {
        let count = |class| {
            labels
                .iter()
                .filter(|&&l| l as usize == class)
                .count()
                .max(1)
        };
        let weight = |class| labels.len() as f64 / (classes * count(class)) as f64;
        Self {
            weights: (0..classes).map(weight).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn validate(&self, classes: usize) -> Result<()> {
        if !(0.0..1.0).contains(&self.smoothing) {
            let expected = "a share of at least 0 and below 1";
            return Err(Error::config("loss.smoothing", expected, self.smoothing));
        }
        let fits = self.weights.is_empty() || self.weights.len() == classes;
        if fits && self.weights.iter().all(|w| w.is_finite() && *w >= 0.0) {
            return Ok(());
        }
        let expected = format!("{classes} weights of at least 0, one for each class");
        Err(Error::config(
            "loss.weights",
            expected,
            format!("{:?}", self.weights),
        ))
    }
}

/// Mean cross-entropy over documents, weighted by the classes' weights.
pub(super) fn cross_entropy(logits: Tensor<2>, labels: &[u32], loss: &ClassLoss) -> Tensor<1> {
    let [rows, classes] = logits.dims();
    let known = labels.iter().all(|&label| (label as usize) < classes);
    assert!(known, "a label is not one of {classes}");
    let device = logits.device();
    let targets = int_tensor(labels, &device).unsqueeze_dim::<2>(1);
    let log_p = activation::log_softmax(logits, 1);
    let picked = log_p.clone().gather(1, targets);
    if loss.weights.is_empty() {
        let nll = picked.mean().neg();
        if loss.smoothing == 0.0 {
            return nll;
        }
        return nll * (1.0 - loss.smoothing) + log_p.mean().neg() * loss.smoothing;
    }
    let weight = |&label: &u32| loss.weights[label as usize] as f32;
    let of_rows: Vec<f32> = labels.iter().map(weight).collect();
    let total = f64::from(of_rows.iter().sum::<f32>()).max(f64::MIN_POSITIVE);
    let nll = (picked * from_values(of_rows, [rows, 1], &device))
        .sum()
        .neg()
        / total;
    if loss.smoothing == 0.0 {
        return nll;
    }
    let of_classes = loss.weights.iter().map(|&w| w as f32).collect();
    let spread = (log_p * from_values(of_classes, [1, classes], &device))
        .sum()
        .neg();
    nll * (1.0 - loss.smoothing) + spread * (loss.smoothing / (classes as f64 * total))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn check(loss: Tensor<1>, expected: f64) {
        let found = f64::from(loss.into_scalar::<f32>());
        assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
    }

    /// `ln softmax` of a row.
    fn log_p(row: [f64; 3]) -> [f64; 3] {
        let total = row.iter().map(|x| x.exp()).sum::<f64>().ln();
        row.map(|x| x - total)
    }

    #[test]
    fn cross_entropy_with_weights_and_smoothing() {
        let (a, b) = (log_p([1.0, -2.0, 0.5]), log_p([0.0, 3.0, -1.0]));
        let loss = |smoothing, weights: &[f64]| {
            let options = ClassLoss {
                smoothing,
                weights: weights.to_vec(),
            };
            let rows = vec![1.0, -2.0, 0.5, 0.0, 3.0, -1.0];
            let logits = from_values(rows, [2, 3], &Device::default());
            cross_entropy(logits, &[2, 1], &options)
        };
        check(loss(0.0, &[]), -(a[2] + b[1]) / 2.0);
        let mean = (a.iter().sum::<f64>() + b.iter().sum::<f64>()) / 6.0;
        check(loss(0.1, &[]), -0.9 * (a[2] + b[1]) / 2.0 - 0.1 * mean);
        let w = [1.0, 2.0, 0.5];
        let nll = -(0.5 * a[2] + 2.0 * b[1]) / 2.5;
        check(loss(0.0, &w), nll);
        let all: f64 = (0..3).map(|c| w[c] * (a[c] + b[c])).sum();
        check(loss(0.1, &w), 0.9 * nll - 0.1 * all / (3.0 * 2.5));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let loss = |smoothing, weights: Vec<f64>| ClassLoss { smoothing, weights }.validate(2);
        assert!(loss(1.0, vec![]).is_err() && loss(0.0, vec![1.0]).is_err());
        assert!(loss(0.0, vec![1.0, f64::NAN]).is_err() && loss(0.5, vec![0.0, 2.0]).is_ok());
    }
}
