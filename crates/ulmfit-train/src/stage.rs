//! A stage of training: which groups, at which rates, along which schedule, for how long.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::groups::LayerGroups;
use crate::schedule::{GroupRates, Hyper, OneCycle, Schedule};

/// How many layer groups a stage trains, counted from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trained {
    /// The last `n` groups.
    Last(usize),
    /// All of them.
    All,
}

impl Trained {
    /// The number for a model of `groups` groups.
    pub fn count(self, groups: usize) -> usize {
        match self {
            Self::Last(n) => n,
            Self::All => groups,
        }
    }
}

/// One stage: data, so that a recipe can be printed, stored and changed.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What the reports call it.
    pub name: String,
    /// Passes over the training data.
    pub epochs: usize,
    /// The groups that are trained.
    pub trained: Trained,
    /// Peak learning rates of the groups.
    pub rates: GroupRates,
    /// The course of rate and momentum over the stage.
    pub schedule: Arc<dyn Schedule>,
}

impl Stage {
    /// A stage along fastai v2's one-cycle schedule for text (momentum 0.8 - 0.7 - 0.8).
    pub fn one_cycle(name: &str, epochs: usize, trained: Trained, rates: GroupRates) -> Self {
        let schedule = Arc::new(OneCycle::default());
        Self {
            name: name.to_owned(),
            epochs,
            trained,
            rates,
            schedule,
        }
    }

    /// Another schedule.
    #[must_use]
    pub fn with_schedule(self, schedule: impl Schedule + 'static) -> Self {
        Self {
            schedule: Arc::new(schedule),
            ..self
        }
    }

    /// Checks the stage against a model's groups and returns what its `n_steps` steps need.
    pub(crate) fn plan(&self, groups: &LayerGroups, n_steps: usize) -> Result<Plan> {
        self.schedule.check()?;
        let trained = self.trained.count(groups.len());
        if trained == 0 || trained > groups.len() {
            let stage = self.name.clone();
            return Err(Error::Groups {
                stage,
                groups: groups.len(),
                found: trained,
            });
        }
        let rates = self.rates.rates(groups.len())?;
        Ok(Plan {
            trained,
            rates,
            n_steps,
            schedule: self.schedule.clone(),
        })
    }
}

/// A stage for one model and one loader.
pub(crate) struct Plan {
    pub(crate) trained: usize,
    pub(crate) rates: Vec<f64>,
    pub(crate) n_steps: usize,
    schedule: Arc<dyn Schedule>,
}

impl Plan {
    /// The rates of all groups and the momentum at `step`.
    pub(crate) fn at(&self, step: usize, scale: f64) -> (Vec<f64>, f64) {
        let Hyper { rate, momentum } = self.schedule.at(step, self.n_steps);
        (
            self.rates.iter().map(|peak| peak * rate * scale).collect(),
            momentum,
        )
    }
}
