//! Squared and absolute errors and R2, for targets that are quantities.
//!
//! [`Scores`] holds whole-numbered targets, such as star ratings. A model with one output predicts
//! the quantity itself; a classifier over ordered classes predicts the mean class, each weighed by
//! its probability. For targets that are not whole numbers, call `add` with both.

use super::{Metric, Scores};

/// Mean of the squared differences between prediction and truth.
///
/// ```
/// use ulmfit_train::metrics::{MeanSquaredError, Metric};
///
/// let mut mse = MeanSquaredError::default();
/// mse.add(2.5, 3.0);
/// mse.add(1.0, 0.0);
/// assert_eq!(mse.value(), 0.625); // (.25 + 1) / 2
/// ```
#[derive(Clone, Debug, Default)]
pub struct MeanSquaredError {
    sum: f64,
    n_rows: u64,
}

impl MeanSquaredError {
    /// Takes in one row.
    pub fn add(&mut self, predicted: f64, truth: f64) {
        self.sum += (predicted - truth).powi(2);
        self.n_rows += 1;
    }
}

impl Metric for MeanSquaredError {
    fn name(&self) -> &'static str {
        "mse"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        batch
            .rows()
            .for_each(|(row, target)| self.add(quantity(row), f64::from(target)));
    }

    fn value(&self) -> f64 {
        self.sum / self.n_rows as f64
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn higher_is_better(&self) -> bool {
        false
    }
}

/// Root of the mean of the squared differences: in the unit of the truth.
///
/// ```
/// use ulmfit_train::metrics::{Metric, RootMeanSquaredError};
///
/// let mut rmse = RootMeanSquaredError::default();
/// rmse.add(2.0, 5.0);
/// assert_eq!(rmse.value(), 3.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RootMeanSquaredError {
    squares: MeanSquaredError,
}

impl RootMeanSquaredError {
    /// Takes in one row.
    pub fn add(&mut self, predicted: f64, truth: f64) {
        self.squares.add(predicted, truth);
    }
}

impl Metric for RootMeanSquaredError {
    fn name(&self) -> &'static str {
        "rmse"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        self.squares.update(batch);
    }

    fn value(&self) -> f64 {
        self.squares.value().sqrt()
    }

    fn reset(&mut self) {
        self.squares.reset();
    }

    fn higher_is_better(&self) -> bool {
        false
    }
}

/// Mean of the absolute differences: in the unit of the truth, and less moved by single rows that are far off.
///
/// ```
/// use ulmfit_train::metrics::{MeanAbsoluteError, Metric};
///
/// let mut mae = MeanAbsoluteError::default();
/// mae.add(2.0, 5.0);
/// mae.add(1.0, 1.0);
/// assert_eq!(mae.value(), 1.5);
/// ```
#[derive(Clone, Debug, Default)]
pub struct MeanAbsoluteError {
    sum: f64,
    n_rows: u64,
}

impl MeanAbsoluteError {
    /// Takes in one row.
    pub fn add(&mut self, predicted: f64, truth: f64) {
        self.sum += (predicted - truth).abs();
        self.n_rows += 1;
    }
}

impl Metric for MeanAbsoluteError {
    fn name(&self) -> &'static str {
        "mae"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        batch
            .rows()
            .for_each(|(row, target)| self.add(quantity(row), f64::from(target)));
    }

    fn value(&self) -> f64 {
        self.sum / self.n_rows as f64
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn higher_is_better(&self) -> bool {
        false
    }
}

/// Share of the truth's variance that the predictions explain: `1 - mse / variance`.
///
/// 1 is perfect, 0 is as good as always predicting the mean, below 0 is worse. As in scikit-learn
/// there is no value (NaN) below two rows, and constant truth gives 1 when met exactly and 0
/// otherwise.
///
/// ```
/// use ulmfit_train::metrics::{Metric, R2};
///
/// let mut r2 = R2::default();
/// for (predicted, truth) in [(1.0, 1.0), (2.0, 3.0), (5.0, 5.0)] {
///     r2.add(predicted, truth);
/// }
/// // Squared errors 0 + 1 + 0; around the mean 3 they are 4 + 0 + 4.
/// assert_eq!(r2.value(), 0.875);
/// ```
#[derive(Clone, Debug, Default)]
pub struct R2 {
    errors: MeanSquaredError,
    mean: f64,
    /// Squared differences of the truth from its running mean, summed by Welford's update:
    /// subtracting the squared mean from the mean square would lose the digits of targets far from
    /// 0.
    spread: f64,
}

impl R2 {
    /// Takes in one row.
    pub fn add(&mut self, predicted: f64, truth: f64) {
        self.errors.add(predicted, truth);
        let before = truth - self.mean;
        self.mean += before / self.errors.n_rows as f64;
        self.spread += before * (truth - self.mean);
    }
}

impl Metric for R2 {
    fn name(&self) -> &'static str {
        "r2"
    }

    fn update(&mut self, batch: &Scores<'_>) {
        batch
            .rows()
            .for_each(|(row, target)| self.add(quantity(row), f64::from(target)));
    }

    fn value(&self) -> f64 {
        if self.errors.n_rows < 2 {
            f64::NAN
        } else if self.spread == 0.0 {
            if self.errors.sum == 0.0 { 1.0 } else { 0.0 }
        } else {
            1.0 - self.errors.sum / self.spread
        }
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

/// The output itself where there is one, else the mean class.
fn quantity(row: &[f32]) -> f64 {
    match row {
        [output] => f64::from(*output),
        _ => row
            .iter()
            .enumerate()
            .map(|(class, &p)| class as f64 * f64::from(p))
            .sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_output_is_the_quantity() {
        let mut mse = MeanSquaredError::default();
        let batch = Scores {
            probabilities: &[4.5, 1.0],
            targets: &[5, 3],
            n_classes: 1,
            loss: 0.0,
        };
        assert!(batch.check().is_ok());
        mse.update(&batch);
        assert_eq!(mse.value(), 2.125); // (.25 + 4) / 2
    }

    #[test]
    fn ordered_classes_predict_their_mean() {
        // 0 * .25 + 1 * .25 + 2 * .5 = 1.25 against 2: .5625.
        let mut mse = MeanSquaredError::default();
        mse.update(&Scores {
            probabilities: &[0.25, 0.25, 0.5],
            targets: &[2],
            n_classes: 3,
            loss: 0.7,
        });
        assert_eq!(mse.value(), 0.5625);
    }

    #[test]
    fn the_mean_explains_nothing() {
        let mut r2 = R2::default();
        [1.0, 2.0, 6.0]
            .into_iter()
            .for_each(|truth| r2.add(3.0, truth));
        assert!(r2.value().abs() < 1e-12);
    }

    #[test]
    fn constant_truth_and_single_rows() {
        let mut r2 = R2::default();
        r2.add(2.0, 2.0);
        assert!(r2.value().is_nan());
        r2.add(2.0, 2.0);
        assert_eq!(r2.value(), 1.0);
        r2.add(2.5, 2.0);
        assert_eq!(r2.value(), 0.0);
    }

    #[test]
    fn targets_far_from_zero_keep_their_digits() {
        // Truth 1e9 + (0, 1, 2), predicted one too high in the last: 1 - 1/2.
        let mut r2 = R2::default();
        for (predicted, truth) in [(0.0, 0.0), (1.0, 1.0), (3.0, 2.0)] {
            r2.add(1e9 + predicted, 1e9 + truth);
        }
        assert!((r2.value() - 0.5).abs() < 1e-9, "{}", r2.value());
    }
}
