//! The peak rate at every step: fastai's plain `fit`.

use super::{Hyper, ScheduleError, require_momentum};
use serde::{Deserialize, Serialize};

/// Neither rate nor momentum moves.
///
/// `momentum` is .9 by default, the beta1 of fastai v1 and v2's Adam; the paper trains with .7 and
/// its scripts with .8.
///
/// ```
/// use ulmfit_train::schedule::Constant;
///
/// let hyper = Constant::default().with_momentum(0.7).at(3, 10);
/// assert_eq!((hyper.rate, hyper.momentum), (1.0, 0.7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constant {
    /// Momentum, the same at every step; 0 to below 1.
    pub momentum: f64,
}

impl Default for Constant {
    fn default() -> Self {
        Self { momentum: 0.9 }
    }
}

impl Constant {
    /// Sets the momentum.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum }
    }
}

impl Constant {
    /// Returns the rate factor and the momentum for `step`, from 0, of a run of `n_steps`.
    pub fn at(&self, _step: usize, _n_steps: usize) -> Hyper {
        Hyper {
            rate: 1.0,
            momentum: self.momentum,
        }
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        require_momentum("constant", &[self.momentum])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_momentum_of_one_is_refused() {
        assert!(Constant::default().check().is_ok());
        assert!(Constant::default().with_momentum(1.0).check().is_err());
        assert!(Constant::default().with_momentum(-0.1).check().is_err());
    }
}
