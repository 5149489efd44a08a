//! Learning-rate and momentum schedules, and the peak rates of the layer groups.
//!
//! A schedule is a pure function of the step. There is nothing to save and nothing to restore: a
//! run that resumes asks for the next step number. Every schedule of the paper and of the fastai
//! generations moves the rates of all layer groups by the same factor, so a schedule answers with
//! one factor and [`GroupRates`] holds the peaks it applies to.
//!
//! To add a schedule, write one file beside this one and add its line to [`ALL`].

mod constant;
mod cosine_restarts;
pub(crate) mod fields;
mod flat_cosine;
mod linear;
mod one_cycle;
mod rates;
mod shapes;
mod slanted_triangular;
mod triangular;
mod triangular_beta;

use std::sync::Arc;

pub use constant::Constant;
pub use cosine_restarts::CosineRestarts;
pub use fields::Fields;
pub use flat_cosine::FlatCosine;
pub use linear::Linear;
pub use one_cycle::{CyclePhases, OneCycle};
pub use rates::{GroupRates, RatesError};
pub use slanted_triangular::SlantedTriangular;
pub use triangular::Triangular;
pub use triangular_beta::TriangularBeta;

/// What a schedule says for one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyper {
    /// Factor on the peak rate of every layer group: a group trains at `peak * rate`.
    pub rate: f64,
    /// Adam's beta1 (or the momentum of SGD), the same for every group.
    pub momentum: f64,
}

/// A rule that maps a step of a run to a rate factor and a momentum.
///
/// The training loop calls [`at`](Schedule::at) once before every optimizer step. A step past the
/// end of the run is answered with the end of the curve, and a run of zero steps counts as a run of
/// one, so no pair of numbers divides by zero.
///
/// ```
/// use ulmfit_train::schedule::{Hyper, Schedule};
///
/// #[derive(Debug)]
/// struct Halving;
///
/// impl Schedule for Halving {
///     fn name(&self) -> &'static str {
///         "halving"
///     }
///     fn at(&self, step: usize, _n_steps: usize) -> Hyper {
///         Hyper { rate: 0.5_f64.powi(step.min(60) as i32), momentum: 0.9 }
///     }
/// }
///
/// assert_eq!(Halving.at(2, 10).rate, 0.25);
/// assert!(Halving.check().is_ok());
/// ```
pub trait Schedule: std::fmt::Debug + Send + Sync {
    /// Returns the name under which the schedule is registered and logged.
    fn name(&self) -> &'static str;

    /// Returns the rate factor and the momentum for `step` (from 0) of a run of `n_steps`. Pure.
    fn at(&self, step: usize, n_steps: usize) -> Hyper;

    /// Returns the fields, so that a recipe can be written; `None`, as here, for a schedule that files cannot hold.
    fn fields(&self) -> Option<Fields> {
        None
    }

    /// Returns the schedule with `changed` in place of its own fields.
    ///
    /// # Errors
    /// [`ScheduleError::Fields`] for a field that it does not have, and as [`check`](Self::check).
    fn with_fields(&self, changed: Fields) -> Result<Arc<dyn Schedule>, ScheduleError> {
        let found = changed.keys().map(String::as_str).collect::<Vec<_>>();
        Err(ScheduleError::Fields {
            schedule: self.name(),
            message: format!("its fields cannot be set, found {}", found.join(", ")),
        })
    }

    /// Tells whether the fields are in range; recipes ask once, before training.
    ///
    /// With fields that pass, [`at`](Schedule::at) is finite and nonnegative for every step.
    ///
    /// # Errors
    /// [`ScheduleError::OutOfRange`] names the first bad field and its value.
    fn check(&self) -> Result<(), ScheduleError> {
        Ok(())
    }
}

/// Why a schedule was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// No schedule is registered under this name.
    #[error("unknown schedule \"{name}\"; known: {}", joined_names())]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// A field is not one of the schedule's, or holds a value of another kind.
    #[error("schedule {schedule}: {message}")]
    Fields {
        /// Name of the schedule.
        schedule: &'static str,
        /// What was expected and found.
        message: String,
    },
    /// A field holds a value the schedule cannot work with.
    #[error("schedule {schedule}: {field} is {value}, expected {expected}")]
    OutOfRange {
        /// Name of the schedule.
        schedule: &'static str,
        /// Name of the field.
        field: &'static str,
        /// What the field holds.
        value: f64,
        /// What it may hold.
        expected: &'static str,
    },
}

/// A line of the registry: a name and the schedule it stands for, with its source's defaults.
pub type ScheduleEntry = (&'static str, fn() -> Box<dyn Schedule>);

/// Every schedule by name. Help texts, [`by_name`] and the looped tests read this list.
pub const ALL: &[ScheduleEntry] = &[
    ("one_cycle", || Box::new(OneCycle::default())),
    ("one_cycle_v1", || Box::new(OneCycle::fastai_v1())),
    ("slanted_triangular", || {
        Box::new(SlantedTriangular::default())
    }),
    ("triangular", || Box::new(Triangular::default())),
    ("triangular_beta", || Box::new(TriangularBeta::default())),
    ("cosine_restarts", || Box::new(CosineRestarts::default())),
    ("flat_cosine", || Box::new(FlatCosine::default())),
    ("linear", || Box::new(Linear::default())),
    ("constant", || Box::new(Constant::default())),
];

/// Returns the schedule registered under `name`, with its source's defaults.
///
/// # Errors
/// [`ScheduleError::Unknown`], whose text lists the names there are.
///
/// ```
/// use ulmfit_train::schedule;
///
/// let schedule = schedule::by_name("one_cycle")?;
/// assert_eq!(schedule.at(0, 100).rate, 1.0 / 25.0);
/// let error = schedule::by_name("one-cycle").unwrap_err().to_string();
/// assert!(error.contains("known: one_cycle, "));
/// # Ok::<(), schedule::ScheduleError>(())
/// ```
pub fn by_name(name: &str) -> Result<Box<dyn Schedule>, ScheduleError> {
    ALL.iter()
        .find(|(known, _)| *known == name)
        .map(|(_, make)| make())
        .ok_or_else(|| ScheduleError::Unknown {
            name: name.to_owned(),
        })
}

fn joined_names() -> String {
    ALL.iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Turns a failed condition into the error that names the field; NaN fails every comparison.
fn require(
    holds: bool,
    schedule: &'static str,
    field: &'static str,
    value: f64,
    expected: &'static str,
) -> Result<(), ScheduleError> {
    if holds {
        Ok(())
    } else {
        Err(ScheduleError::OutOfRange {
            schedule,
            field,
            value,
            expected,
        })
    }
}

/// A momentum of 1 would never forget and makes Adam's bias correction divide by zero.
fn require_momentum(schedule: &'static str, values: &[f64]) -> Result<(), ScheduleError> {
    values.iter().try_for_each(|&value| {
        require(
            (0.0..1.0).contains(&value),
            schedule,
            "momentum",
            value,
            "0 <= momentum < 1",
        )
    })
}

/// A divisor of the peak rate: finite and positive.
fn require_divisor(
    schedule: &'static str,
    field: &'static str,
    value: f64,
) -> Result<(), ScheduleError> {
    require(
        value > 0.0 && value.is_finite(),
        schedule,
        field,
        value,
        "a finite number above 0",
    )
}

/// A share of the run: between 0 and 1, both included.
fn require_share(
    schedule: &'static str,
    field: &'static str,
    value: f64,
) -> Result<(), ScheduleError> {
    require(
        (0.0..=1.0).contains(&value),
        schedule,
        field,
        value,
        "0 to 1",
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_finite_for_every_run_length() {
        for (name, make) in ALL {
            let schedule = make();
            assert_eq!(schedule.name(), *name);
            schedule.check().unwrap();
            for n_steps in 0..50 {
                // Past the end too: a resumed or prolonged run must not meet a NaN.
                for step in 0..n_steps + 3 {
                    let Hyper { rate, momentum } = schedule.at(step, n_steps);
                    let place = format!("{name} at {step}/{n_steps}");
                    assert!(
                        rate.is_finite() && (0.0..=1.0).contains(&rate),
                        "{place}: {rate}"
                    );
                    assert!((0.0..1.0).contains(&momentum), "{place}: {momentum}");
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_found() {
        for (i, (name, _)) in ALL.iter().enumerate() {
            assert_eq!(by_name(name).unwrap().name(), *name);
            assert!(
                ALL[i + 1..].iter().all(|(other, _)| other != name),
                "{name} twice"
            );
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known() {
        let message = by_name("sgdr").unwrap_err().to_string();
        assert!(
            ALL.iter().all(|(name, _)| message.contains(name)),
            "{message}"
        );
    }
}
