//! Errors and R2 of predicted numbers. `rows` are pairs of a prediction and the true number.

/// Returns the root of the mean of the squared differences: in the unit of the numbers.
///
/// ```
/// use ulmfit_train::metrics::rmse;
///
/// assert_eq!(rmse([(2.5, 3.0), (1.0, 0.0)]), 0.625_f64.sqrt()); // (.25 + 1) / 2
/// ```
pub fn rmse(rows: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    mean(rows, |found, label| (found - label).powi(2)).sqrt()
}

/// Returns the mean of the absolute differences: in the unit of the numbers, and less moved by single rows that are far
/// off.
///
/// ```
/// use ulmfit_train::metrics::mae;
///
/// assert_eq!(mae([(2.0, 5.0), (1.0, 1.0)]), 1.5);
/// ```
pub fn mae(rows: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    mean(rows, |found, label| (found - label).abs())
}

/// Returns the part of the labels' variance that the predictions explain: `1 - mse / variance`.
///
/// 1 is perfect, 0 is as good as always predicting the mean, below 0 is worse. As in scikit-learn there is no value (NaN)
/// below two rows, and constant labels give 1 when met exactly and 0 otherwise.
///
/// ```
/// use ulmfit_train::metrics::r2;
///
/// // Squared errors 0 + 1 + 0; around the mean 3 they are 4 + 0 + 4.
/// assert_eq!(r2([(1.0, 1.0), (2.0, 3.0), (5.0, 5.0)]), 0.875);
/// ```
pub fn r2(rows: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (mut n, mut errors, mut mean, mut spread) = (0, 0.0, 0.0, 0.0);
    for (found, label) in rows {
        n += 1;
        errors += (found - label) * (found - label);
        // Welford's update: subtracting the squared mean from the mean square would lose the digits of labels far from 0.
        let before = label - mean;
        mean += before / f64::from(n);
        spread += before * (label - mean);
    }
    match (n, spread == 0.0, errors == 0.0) {
        (0 | 1, ..) => f64::NAN,
        (_, true, true) => 1.0,
        (_, true, false) => 0.0,
        (_, false, _) => 1.0 - errors / spread,
    }
}

/// The mean of a loss over all rows.
fn mean(rows: impl IntoIterator<Item = (f64, f64)>, loss: fn(f64, f64) -> f64) -> f64 {
    let add = |(sum, n): (f64, f64), (found, label)| (sum + loss(found, label), n + 1.0);
    let (sum, n) = rows.into_iter().fold((0.0, 0.0), add);
    sum / n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_explains_nothing() {
        assert!(r2([1.0, 2.0, 6.0].map(|label| (3.0, label))).abs() < 1e-12);
    }

    #[test]
    fn constant_labels_and_single_rows() {
        assert!(r2([(2.0, 2.0)]).is_nan());
        assert_eq!(r2([(2.0, 2.0), (2.0, 2.0)]), 1.0);
        assert_eq!(r2([(2.0, 2.0), (2.0, 2.0), (2.5, 2.0)]), 0.0);
        assert!(rmse([]).is_nan() && mae([]).is_nan());
    }

    #[test]
    fn labels_far_from_zero_keep_their_digits() {
        // Labels 1e9 + (0, 1, 2), predicted one too high in the last: 1 - 1/2.
        let rows = [(0.0, 0.0), (1.0, 1.0), (3.0, 2.0)];
        let found = r2(rows.map(|(found, label)| (1e9 + found, 1e9 + label)));
        assert!((found - 0.5).abs() < 1e-9, "{found}");
    }
}
