//! What an observer may decide.

/// Whether a stage goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Control {
    /// It goes on.
    #[default]
    Continue,
    /// It ends here; the run goes on with its next stage.
    Stop,
}

impl Control {
    /// Returns `Stop` if either says so.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == Self::Stop { self } else { other }
    }
}

/// How a stage goes on after an epoch.
///
/// ```
/// use ulmfit_train::observe::{Control, Decision};
///
/// let both = Decision::stop().and(Decision { rate_factor: 0.1, ..Decision::default() });
/// assert_eq!((both.control, both.keep, both.rate_factor), (Control::Stop, false, 0.1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Whether it goes on.
    pub control: Control,
    /// Whether the stage is to return this epoch's model, unless a later one is kept.
    pub keep: bool,
    /// The rates of the rest of the stage are multiplied by this; 1 leaves them as they are.
    pub rate_factor: f64,
}

impl Default for Decision {
    /// Goes on as before.
    fn default() -> Self {
        Self {
            control: Control::Continue,
            keep: false,
            rate_factor: 1.0,
        }
    }
}

impl Decision {
    /// Returns the decision to end the stage.
    #[must_use]
    pub fn stop() -> Self {
        Self {
            control: Control::Stop,
            ..Self::default()
        }
    }

    /// Returns both decisions as one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            control: self.control.and(other.control),
            keep: self.keep || other.keep,
            rate_factor: self.rate_factor * other.rate_factor,
        }
    }
}
