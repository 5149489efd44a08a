//! Peak rates of the layer groups: discriminative fine-tuning.
//!
//! ULMFiT paper, section 3.2: a lower layer learns at the rate of the layer above divided by 2.6.
//! The fastai generations write the same idea as `slice(low, high)`, `slice(rate)` or a list.
//! Groups run from the bottom (the first to be frozen) to the top (the last).

use serde::{Deserialize, Serialize};

/// How one learning rate becomes one per layer group.
///
/// ```
/// use ulmfit_train::schedule::GroupRates;
///
/// assert_eq!(GroupRates::Same(0.02).rates(3)?, [0.02, 0.02, 0.02]);
/// assert_eq!(GroupRates::Last { rate: 0.01, divisor: 10.0 }.rates(3)?, [0.001, 0.001, 0.01]);
/// let paper = GroupRates::paper(0.01).rates(5)?;
/// assert!((paper[3] * 2.6 - paper[4]).abs() < 1e-12);
/// # Ok::<(), ulmfit_train::schedule::RatesError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum GroupRates {
    /// The same rate for every group.
    Same(f64),
    /// The last group at `top`, each group below it at the rate of the one above divided by
    /// `factor`.
    Factor {
        /// Rate of the last group.
        top: f64,
        /// Divisor from a group to the one below; 2.6 in the paper.
        factor: f64,
    },
    /// Equal ratios from `low` to `high`: fastai's `slice(low, high)`. A single group gets `high`.
    Slice {
        /// Rate of the first group.
        low: f64,
        /// Rate of the last group.
        high: f64,
    },
    /// The last group at `rate`, all the others at `rate / divisor`: fastai's `slice(rate)`.
    Last {
        /// Rate of the last group.
        rate: f64,
        /// Divisor for the other groups; 10 in fastai.
        divisor: f64,
    },
    /// One rate per group, bottom first. A rate of 0 leaves its group as it is.
    List(Vec<f64>),
}

/// Why peak rates could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RatesError {
    /// The list does not have one rate per group.
    #[error(
        "{found} learning rates given for {expected} layer groups; give one for each group, or choose a model of as many layers as the rates are for"
    )]
    Length {
        /// Number of layer groups.
        expected: usize,
        /// Number of rates in the list.
        found: usize,
    },
    /// A number that cannot be a rate, or cannot divide one.
    #[error("learning rates: {field} is {value}, expected {expected}")]
    Value {
        /// What the number is.
        field: &'static str,
        /// The number.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
}

impl GroupRates {
    /// Returns the paper's rates: the last group at `top`, every lower group at 1/2.6 of the one
    /// above.
    ///
    /// ```
    /// use ulmfit_train::schedule::GroupRates;
    ///
    /// assert_eq!(GroupRates::paper(0.01), GroupRates::Factor { top: 0.01, factor: 2.6 });
    /// ```
    #[must_use]
    pub fn paper(top: f64) -> Self {
        Self::Factor { top, factor: 2.6 }
    }

    /// Returns fastai's `slice(rate)`: a tenth of `rate` for all groups but the last.
    ///
    /// ```
    /// use ulmfit_train::schedule::GroupRates;
    ///
    /// assert_eq!(GroupRates::last(0.5).rates(2)?, [0.05, 0.5]);
    /// # Ok::<(), ulmfit_train::schedule::RatesError>(())
    /// ```
    #[must_use]
    pub fn last(rate: f64) -> Self {
        Self::Last {
            rate,
            divisor: 10.0,
        }
    }

    /// Returns the peak rate of each of `n_groups` layer groups, bottom first.
    ///
    /// # Errors
    /// [`RatesError::Length`] for a list of another length, [`RatesError::Value`] for a negative,
    /// infinite or NaN rate and for ends or divisors that are not above 0.
    ///
    /// ```
    /// use ulmfit_train::schedule::GroupRates;
    ///
    /// let error = GroupRates::List(vec![1e-3, 1e-2]).rates(4).unwrap_err();
    /// assert_eq!(error.to_string(), "2 learning rates given for 4 layer groups; give one for each group, or choose a model of as many layers as the rates are for");
    /// ```
    pub fn rates(&self, n_groups: usize) -> Result<Vec<f64>, RatesError> {
        let top = n_groups.saturating_sub(1);
        let rates = match *self {
            Self::Same(rate) => vec![rate; n_groups],
            Self::Factor { top: rate, factor } => {
                positive("factor", factor)?;
                (0..n_groups)
                    .map(|group| rate / factor.powf((top - group) as f64))
                    .collect()
            }
            Self::Slice { low, high } => {
                positive("low", low)?;
                positive("high", high)?;
                // The last rate is `high` itself, not a power that rounds to its neighbor.
                let of = |group: usize| {
                    let share = group as f64 / top as f64;
                    if group == top {
                        high
                    } else {
                        low * (high / low).powf(share)
                    }
                };
                (0..n_groups).map(of).collect()
            }
            Self::Last { rate, divisor } => {
                positive("divisor", divisor)?;
                let of = |group| if group == top { rate } else { rate / divisor };
                (0..n_groups).map(of).collect()
            }
            Self::List(ref rates) if rates.len() == n_groups => rates.clone(),
            Self::List(ref rates) => {
                return Err(RatesError::Length {
                    expected: n_groups,
                    found: rates.len(),
                });
            }
        };
        match rates
            .iter()
            .find(|rate| !(rate.is_finite() && **rate >= 0.0))
        {
            Some(&value) => {
                let expected = "a finite number, 0 or above";
                Err(RatesError::Value {
                    field: "rate",
                    value,
                    expected,
                })
            }
            None => Ok(rates),
        }
    }
}

fn positive(field: &'static str, value: f64) -> Result<(), RatesError> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(RatesError::Value {
            field,
            value,
            expected: "a finite number above 0",
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a / b - 1.0).abs() < 1e-4, "{found:?} against {expected:?}");
        }
    }

    #[test]
    fn the_paper_ladder_two_ways() {
        // 1e-2 / 2.6 = 3.8462e-3, / 2.6 = 1.4793e-3, / 2.6 = 5.6896e-4, / 2.6 = 2.1883e-4.
        let expected = [2.1883e-4, 5.6896e-4, 1.4793e-3, 3.8462e-3, 1e-2];
        assert_close(&GroupRates::paper(1e-2).rates(5).unwrap(), &expected);
        let slice = GroupRates::Slice {
            low: 1e-2 / 2.6_f64.powi(4),
            high: 1e-2,
        };
        assert_close(&slice.rates(5).unwrap(), &expected);
    }

    #[test]
    fn one_group_gets_the_top_rate_and_no_group_gets_none() {
        let all = [
            GroupRates::Same(0.5),
            GroupRates::paper(0.5),
            GroupRates::Slice {
                low: 0.25,
                high: 0.5,
            },
            GroupRates::last(0.5),
            GroupRates::List(vec![0.5]),
        ];
        for rates in all {
            assert_eq!(rates.rates(1).unwrap(), [0.5]);
            assert!(rates.rates(0).map_or(true, |none| none.is_empty()));
        }
    }

    #[test]
    fn numbers_that_are_no_rates_are_refused() {
        let all = [
            GroupRates::Same(-1.0),
            GroupRates::Factor {
                top: 0.1,
                factor: 0.0,
            },
            GroupRates::Factor {
                top: f64::NAN,
                factor: 2.6,
            },
            GroupRates::Slice {
                low: 0.0,
                high: 0.1,
            },
            GroupRates::Last {
                rate: 0.1,
                divisor: 0.0,
            },
            GroupRates::List(vec![0.1, f64::INFINITY, 0.1]),
        ];
        for rates in all {
            assert!(
                matches!(rates.rates(3), Err(RatesError::Value { .. })),
                "{rates:?}"
            );
        }
        assert_eq!(
            GroupRates::List(vec![0.0, 0.1]).rates(2).unwrap(),
            [0.0, 0.1]
        );
    }

    #[test]
    fn a_list_of_another_length_names_both_numbers() {
        let error = GroupRates::List(vec![1e-4, 1e-3]).rates(5).unwrap_err();
        assert_eq!(
            error,
            RatesError::Length {
                expected: 5,
                found: 2
            }
        );
    }
}
