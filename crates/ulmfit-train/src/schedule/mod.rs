//! Learning-rate and momentum schedules, and the peak rates of the layer groups.
//!
//! A schedule is a pure function of the step. There is nothing to save and nothing to restore: a
//! run that resumes asks for the next step number. Every schedule of the paper and of the fastai
//! generations moves the rates of all layer groups by the same factor, so a schedule answers with
//! one factor and [`GroupRates`] holds the peaks it applies to.
//!
//! To add a schedule, write one file beside this one and add its variant to [`Schedule`] and its name to `read`. One of
//! your own, for one program, is [`Schedule::custom`].

mod constant;
mod one_cycle;
mod rates;
mod shapes;
mod slanted_triangular;
mod triangular;

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::{Table, Value};

pub use constant::Constant;
pub use one_cycle::{CyclePhases, OneCycle};
pub use rates::{GroupRates, RatesError};
pub use slanted_triangular::SlantedTriangular;
pub use triangular::Triangular;

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
/// The training loop calls [`at`](Schedule::at) once before every optimizer step. A step past the end of the run is
/// answered with the end of the curve, and a run of zero steps counts as a run of one, so no pair of numbers divides by
/// zero.
///
/// ```
/// use ulmfit_train::schedule::{Hyper, Schedule};
///
/// let halving = Schedule::custom("halving", |step, _n_steps| Hyper {
///     rate: 0.5_f64.powi(step.min(60) as i32),
///     momentum: 0.9,
/// });
/// assert_eq!((halving.name(), halving.at(2, 10).rate), ("halving", 0.25));
/// assert!(halving.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// fastai v1 and v2.
    OneCycle(OneCycle),
    /// The paper's.
    SlantedTriangular(SlantedTriangular),
    /// fastai v0.7 `use_clr`.
    Triangular(Triangular),
    /// One rate throughout.
    Constant(Constant),
    /// A function of one's own; a recipe's text cannot hold it.
    Custom(Custom),
}

/// A schedule of one's own, made by [`Schedule::custom`]. Two are equal if they are clones of one.
#[derive(Clone)]
pub struct Custom {
    name: String,
    rule: Arc<dyn Fn(usize, usize) -> Hyper + Send + Sync>,
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Custom({})", self.name)
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.rule, &other.rule)
    }
}

impl Schedule {
    /// The names of all schedules that a recipe's text can hold.
    pub const NAMES: [&'static str; 5] = [
        "one_cycle",
        "one_cycle_v1",
        "slanted_triangular",
        "triangular",
        "constant",
    ];

    /// A pure function of step and number of steps, under a name for reports. A checkpoint is told apart from that of
    /// another schedule by the name alone.
    pub fn custom(
        name: impl Into<String>,
        rule: impl Fn(usize, usize) -> Hyper + Send + Sync + 'static,
    ) -> Self {
        let (name, rule) = (name.into(), Arc::new(rule));
        Self::Custom(Custom { name, rule })
    }

    /// Returns the schedule of this name, with its source's defaults.
    ///
    /// # Errors
    /// [`ScheduleError::Unknown`], whose text lists the names there are.
    ///
    /// ```
    /// use ulmfit_train::schedule::Schedule;
    ///
    /// let schedule = Schedule::by_name("one_cycle")?;
    /// assert_eq!(schedule.at(0, 100).rate, 1.0 / 25.0);
    /// let error = Schedule::by_name("one-cycle").unwrap_err().to_string();
    /// assert!(error.contains("known: one_cycle, "));
    /// # Ok::<(), ulmfit_train::schedule::ScheduleError>(())
    /// ```
    pub fn by_name(name: &str) -> Result<Self, ScheduleError> {
        read(name, Table::new())
    }

    /// Returns the name in recipes and logs.
    pub fn name(&self) -> &str {
        match self {
            Self::OneCycle(schedule) => schedule.name(),
            Self::SlantedTriangular(_) => "slanted_triangular",
            Self::Triangular(_) => "triangular",
            Self::Constant(_) => "constant",
            Self::Custom(custom) => &custom.name,
        }
    }

    /// Returns the rate factor and the momentum for `step` (from 0) of a run of `n_steps`. Pure.
    pub fn at(&self, step: usize, n_steps: usize) -> Hyper {
        match self {
            Self::OneCycle(schedule) => schedule.at(step, n_steps),
            Self::SlantedTriangular(schedule) => schedule.at(step, n_steps),
            Self::Triangular(schedule) => schedule.at(step, n_steps),
            Self::Constant(schedule) => schedule.at(step, n_steps),
            Self::Custom(custom) => (custom.rule)(step, n_steps),
        }
    }

    /// Checks that the fields are in range; [`fit`](crate::fit) asks before training. With fields that pass,
    /// [`at`](Schedule::at) is finite and nonnegative for every step.
    ///
    /// # Errors
    /// [`ScheduleError::OutOfRange`] names the first bad field and its value.
    pub fn check(&self) -> Result<(), ScheduleError> {
        match self {
            Self::OneCycle(schedule) => schedule.check(),
            Self::SlantedTriangular(schedule) => schedule.check(),
            Self::Triangular(schedule) => schedule.check(),
            Self::Constant(schedule) => schedule.check(),
            Self::Custom(_) => Ok(()),
        }
    }
}

macro_rules! from {
    ($($name:ident),*) => {
        $(impl From<$name> for Schedule {
            fn from(schedule: $name) -> Self {
                Self::$name(schedule)
            }
        })*
    };
}

from!(OneCycle, SlantedTriangular, Triangular, Constant, Custom);

/// The schedule of this name with `changed` in place of its source's fields, checked.
fn read(name: &str, changed: Table) -> Result<Schedule, ScheduleError> {
    fn with<S: Serialize + DeserializeOwned>(
        name: &str,
        default: S,
        changed: Table,
    ) -> Result<S, ScheduleError> {
        let mut all = Table::try_from(default).unwrap_or_default();
        all.extend(changed);
        all.try_into().map_err(|error| ScheduleError::Fields {
            schedule: name.to_owned(),
            message: message(&error),
        })
    }
    let schedule: Schedule = match name {
        "one_cycle" => with(name, OneCycle::default(), changed)?.into(),
        "one_cycle_v1" => with(name, OneCycle::fastai_v1(), changed)?.into(),
        "slanted_triangular" => with(name, SlantedTriangular::default(), changed)?.into(),
        "triangular" => with(name, Triangular::default(), changed)?.into(),
        "constant" => with(name, Constant::default(), changed)?.into(),
        _ => {
            let name = name.to_owned();
            return Err(ScheduleError::Unknown { name });
        }
    };
    schedule.check()?;
    Ok(schedule)
}

/// What went wrong and where, on one line.
pub(crate) fn message(error: &toml::de::Error) -> String {
    error.to_string().trim().replace('\n', " ")
}

/// `{ name = "...", field = ..., ... }`
impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = match self {
            Self::OneCycle(schedule) => Table::try_from(schedule),
            Self::SlantedTriangular(schedule) => Table::try_from(schedule),
            Self::Triangular(schedule) => Table::try_from(schedule),
            Self::Constant(schedule) => Table::try_from(schedule),
            Self::Custom(custom) => {
                let message = format!("the schedule \"{}\" is a function", custom.name);
                return Err(S::Error::custom(message));
            }
        };
        let mut all = Table::new();
        all.insert("name".to_owned(), Value::from(self.name()));
        all.extend(fields.map_err(S::Error::custom)?);
        all.serialize(serializer)
    }
}

/// Fields that are not there are those of the schedule's source.
impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Table::deserialize(deserializer)?;
        let name = match fields.remove("name") {
            Some(Value::String(name)) => name,
            Some(other) => {
                let found = format!("schedule: expected the `name` of one, found {other}");
                return Err(D::Error::custom(found));
            }
            None => {
                return Err(D::Error::custom(
                    "schedule: expected a `name`, found none; write `{ name = \"one_cycle\" }`",
                ));
            }
        };
        read(&name, fields).map_err(D::Error::custom)
    }
}

/// Why a schedule was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// No schedule has this name.
    #[error("unknown schedule \"{name}\"; known: {}", Schedule::NAMES.join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// A field is not one of the schedule's, or holds a value of another kind.
    #[error("schedule {schedule}: {message}")]
    Fields {
        /// Name of the schedule.
        schedule: String,
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

    fn all() -> impl Iterator<Item = (&'static str, Schedule)> {
        let named = |name| (name, Schedule::by_name(name).unwrap());
        Schedule::NAMES.into_iter().map(named)
    }

    #[test]
    fn every_entry_is_finite_for_every_run_length() {
        for (name, schedule) in all() {
            assert_eq!(schedule.name(), name);
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
    fn an_unknown_name_lists_the_known() {
        let message = Schedule::by_name("sgdr").unwrap_err().to_string();
        assert!(
            Schedule::NAMES.iter().all(|name| message.contains(name)),
            "{message}"
        );
    }

    fn parse(json: &str) -> Result<Schedule, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_schedule_comes_back_from_a_file() {
        for (name, schedule) in all() {
            let written = serde_json::to_string(&schedule).unwrap();
            assert!(
                written.starts_with(&format!("{{\"name\":\"{name}\",")),
                "{written}"
            );
            assert_eq!(parse(&written).unwrap(), schedule, "{name}");
        }
        let custom = Schedule::custom("mine", |_, _| Hyper {
            rate: 1.0,
            momentum: 0.0,
        });
        assert_eq!(custom, custom.clone());
        assert!(serde_json::to_string(&custom).is_err());
    }

    #[test]
    fn fields_that_are_not_given_are_those_of_the_name() {
        let v1 = parse(r#"{"name": "one_cycle_v1", "div": 10}"#).unwrap();
        assert_eq!(v1.at(0, 100).rate, 0.1);
        assert_eq!(v1.at(0, 100).momentum, 0.95, "v1's own");
    }

    #[test]
    fn mistakes_are_named() {
        for (json, said) in [
            (r#"{"name": "one_cycle", "dif": 10}"#, "dif"),
            (r#"{"name": "one_cycle", "div": 0}"#, "div is 0"),
            (r#"{"name": "sgdr"}"#, "known: one_cycle"),
            (r#"{"div": 10}"#, "`name`"),
        ] {
            let message = parse(json).unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
    }
}
