//! Metrics: numbers that say how well a model does on a set of rows.
//!
//! Every metric weighs rows (of a classifier) or tokens (of a language model) alike, whatever
//! batches they came in.
//!
//! Deviation: fastai weighs a batch by its number of sequences, we weigh a language model's batch
//! by its tokens.
//!
//! Metrics work on the host, on [`Scores`], and know no tensor. To add one, write one file beside
//! this one and add its line to [`ALL`].

mod accuracy;
mod auroc;
mod confusion;
mod f1;
mod loss;
mod multi_label;
mod perplexity;
mod regression;
mod scores;
mod top_k;

pub use accuracy::Accuracy;
pub use auroc::Auroc;
pub use confusion::ConfusionMatrix;
pub use f1::{MacroF1, Mcc};
pub use loss::Loss;
pub use multi_label::{AccuracyMulti, F1Multi};
pub use perplexity::Perplexity;
pub use regression::{MeanAbsoluteError, MeanSquaredError, R2, RootMeanSquaredError};
pub use scores::Scores;
pub use top_k::TopK;

/// A number that is gathered batch by batch.
///
/// The training loop resets a metric before each pass over a set, updates it with every batch, and
/// reads it at the end. The result does not depend on how the rows were cut into batches.
///
/// ```
/// use ulmfit_train::metrics::{Metric, Scores};
///
/// #[derive(Debug, Default)]
/// struct Rows(usize);
///
/// impl Metric for Rows {
///     fn name(&self) -> &'static str {
///         "rows"
///     }
///     fn update(&mut self, batch: &Scores<'_>) {
///         self.0 += batch.n_rows();
///     }
///     fn value(&self) -> f64 {
///         self.0 as f64
///     }
///     fn reset(&mut self) {
///         self.0 = 0;
///     }
/// }
///
/// let mut rows = Rows::default();
/// rows.update(&Scores { probabilities: &[], targets: &[4, 7, 1], n_classes: 9, loss: 2.0 });
/// assert_eq!(rows.value(), 3.0);
/// ```
pub trait Metric: std::fmt::Debug + Send {
    /// Returns the name under which the metric is registered and logged.
    fn name(&self) -> &'static str;

    /// Takes in the rows of a batch.
    fn update(&mut self, batch: &Scores<'_>);

    /// Returns the metric over all rows since the last reset; NaN where it has no value, as before
    /// the first row.
    fn value(&self) -> f64;

    /// Forgets all rows.
    fn reset(&mut self);

    /// Whether a larger value is a better one; early stopping and the choice of the best checkpoint
    /// ask this.
    fn higher_is_better(&self) -> bool {
        true
    }
}

/// Why a metric or a batch was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// No metric is registered under this name.
    #[error("unknown metric \"{name}\"; known: {}", joined_names())]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// Probabilities of another shape than targets and classes say.
    #[error("{found} probabilities, but rows times classes is {expected}")]
    Length {
        /// Rows times classes.
        expected: usize,
        /// Number of probabilities.
        found: usize,
    },
    /// A target that is no class.
    #[error("row {row} has target {target}, but there are {n_classes} classes")]
    Target {
        /// Row in the batch, from 0.
        row: usize,
        /// Its target.
        target: u32,
        /// Number of classes.
        n_classes: usize,
    },
}

/// A line of the registry: a name and the metric it stands for, with its source's defaults.
pub type MetricEntry = (&'static str, fn() -> Box<dyn Metric>);

/// Every metric by name. Help texts, [`by_name`] and the looped tests read this list.
pub const ALL: &[MetricEntry] = &[
    ("loss", || Box::new(Loss::default())),
    ("perplexity", || Box::new(Perplexity::default())),
    ("accuracy", || Box::new(Accuracy::default())),
    ("top_k", || Box::new(TopK::default())),
    ("confusion", || Box::new(ConfusionMatrix::default())),
    ("macro_f1", || Box::new(MacroF1::default())),
    ("mcc", || Box::new(Mcc::default())),
    ("auroc", || Box::new(Auroc::default())),
    ("accuracy_multi", || Box::new(AccuracyMulti::default())),
    ("f1_multi", || Box::new(F1Multi::default())),
    ("mse", || Box::new(MeanSquaredError::default())),
    ("rmse", || Box::new(RootMeanSquaredError::default())),
    ("mae", || Box::new(MeanAbsoluteError::default())),
    ("r2", || Box::new(R2::default())),
];

/// Returns the metric registered under `name`, empty and with its source's defaults.
///
/// # Errors
/// [`MetricError::Unknown`], whose text lists the names there are.
///
/// ```
/// use ulmfit_train::metrics;
///
/// assert_eq!(metrics::by_name("accuracy")?.name(), "accuracy");
/// assert!(metrics::by_name("acuracy").unwrap_err().to_string().contains("known: loss, "));
/// # Ok::<(), metrics::MetricError>(())
/// ```
pub fn by_name(name: &str) -> Result<Box<dyn Metric>, MetricError> {
    ALL.iter()
        .find(|(known, _)| *known == name)
        .map(|(_, make)| make())
        .ok_or_else(|| MetricError::Unknown {
            name: name.to_owned(),
        })
}

fn joined_names() -> String {
    ALL.iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// `part / whole`, NaN where nothing was counted.
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    /// Twelve rows of three classes; every number is exact in binary.
    const PROBABILITIES: [f32; 36] = [
        0.5, 0.25, 0.25, 0.125, 0.75, 0.125, 0.25, 0.25, 0.5, 0.625, 0.25, 0.125, 0.375, 0.375,
        0.25, 0.125, 0.125, 0.75, 0.0, 1.0, 0.0, 0.25, 0.5, 0.25, 0.5, 0.5, 0.0, 0.125, 0.25,
        0.625, 0.75, 0.25, 0.0, 0.25, 0.625, 0.125,
    ];
    const TARGETS: [u32; 12] = [0, 1, 2, 1, 1, 2, 0, 1, 0, 2, 0, 2];
    const LOSSES: [f64; 12] = [
        0.5, 0.25, 0.5, 1.25, 1.0, 0.25, 6.0, 0.75, 0.75, 0.5, 0.25, 2.0,
    ];

    /// The value of a metric when the rows come in batches of `size`.
    fn in_batches(metric: &mut dyn Metric, size: usize) -> f64 {
        metric.reset();
        for start in (0..TARGETS.len()).step_by(size) {
            let rows = start..(start + size).min(TARGETS.len());
            let losses = &LOSSES[rows.clone()];
            metric.update(&Scores {
                probabilities: &PROBABILITIES[3 * rows.start..3 * rows.end],
                targets: &TARGETS[rows],
                n_classes: 3,
                loss: losses.iter().sum::<f64>() / losses.len() as f64,
            });
        }
        metric.value()
    }

    #[test]
    fn the_batching_does_not_matter() {
        for (name, make) in ALL {
            let mut metric = make();
            let whole = in_batches(metric.as_mut(), TARGETS.len());
            assert!(whole.is_finite(), "{name}: {whole}");
            for size in 1..TARGETS.len() {
                let found = in_batches(metric.as_mut(), size);
                if matches!(*name, "loss" | "perplexity") {
                    // A batch hands over its mean, which thirds and fifths do not divide exactly.
                    assert!(
                        (found - whole).abs() < 1e-12,
                        "{name} by {size}: {found}, {whole}"
                    );
                } else {
                    assert_eq!(found, whole, "{name} by {size}");
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_a_reset_metric_has_no_value() {
        for (i, (name, make)) in ALL.iter().enumerate() {
            let mut metric = make();
            assert_eq!(metric.name(), *name);
            assert!(
                ALL[i + 1..].iter().all(|(other, _)| other != name),
                "{name} twice"
            );
            assert!(metric.value().is_nan(), "{name} before the first row");
            in_batches(metric.as_mut(), 5);
            metric.reset();
            assert!(metric.value().is_nan(), "{name} after a reset");
        }
    }

    #[test]
    fn malformed_batches_do_not_panic() {
        let nan = [f32::NAN; 4];
        let batches = [
            Scores {
                probabilities: &[],
                targets: &[],
                n_classes: 0,
                loss: f64::NAN,
            },
            Scores {
                probabilities: &[0.5],
                targets: &[0, 1],
                n_classes: 0,
                loss: 0.0,
            },
            Scores {
                probabilities: &nan,
                targets: &[0, u32::MAX],
                n_classes: 2,
                loss: f64::NAN,
            },
            Scores {
                probabilities: &[0.5; 3],
                targets: &[7; 9],
                n_classes: usize::MAX,
                loss: 1.0,
            },
        ];
        for (_, make) in ALL {
            for batch in &batches {
                let mut metric = make();
                metric.update(batch);
                metric.value();
            }
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known() {
        let message = by_name("f2").unwrap_err().to_string();
        assert!(
            ALL.iter().all(|(name, _)| message.contains(name)),
            "{message}"
        );
    }
}
