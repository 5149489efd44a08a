//! How often a run is scored.

use std::str::FromStr;

/// How often [`fit`](crate::fit) scores the validation data. What is trained does not depend on it, unless an observer or an optimizer
/// acts on the scores; those that need them after each epoch say so.
///
/// ```
/// use ulmfit_train::Validate;
/// assert_eq!("at-end".parse(), Ok(Validate::AtEnd));
/// let error = "never".parse::<Validate>().unwrap_err();
/// assert_eq!(error, "expected each-epoch, each-stage or at-end, found `never`");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validate {
    /// After each epoch: all fastai.
    #[default]
    EachEpoch,
    /// After the last epoch of each stage.
    EachStage,
    /// After the last epoch of the last stage: for data whose scoring takes as long as the training.
    AtEnd,
}

impl Validate {
    /// Whether the data are scored when `epochs` of the run are over, in a stage that ends with the epoch `stage_end` and a
    /// run that ends with `run_end`, counted from 1.
    pub(crate) fn is_due(self, epochs: usize, stage_end: usize, run_end: usize) -> bool {
        match self {
            Self::EachEpoch => true,
            Self::EachStage => epochs == stage_end,
            Self::AtEnd => epochs == run_end,
        }
    }
}

/// `each-epoch`, `each-stage` or `at-end`.
impl FromStr for Validate {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "each-epoch" => Ok(Self::EachEpoch),
            "each-stage" => Ok(Self::EachStage),
            "at-end" => Ok(Self::AtEnd),
            _ => Err(format!(
                "expected each-epoch, each-stage or at-end, found `{name}`"
            )),
        }
    }
}
