//! A stage of training: which groups, at which rates, along which schedule, for how long.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::groups::LayerGroups;
use crate::schedule::{GroupRates, Hyper, OneCycle, Schedule};

/// Which layer groups a stage trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trained {
    /// The last `n` groups.
    Last(usize),
    /// One group alone, counted from the bottom, from 0: chain-thaw (Felbo et al. 2017; `freeze_all_but` of the paper's
    /// scripts).
    ///
    /// Deviation: the running statistics of the head's normalizations follow the data while the head is frozen, as in
    /// fastai v2; in v0.7, which the scripts use, they stand still. Neither trains a parameter of another group.
    Only(usize),
    /// All of them.
    All,
}

impl Trained {
    /// The number for a model of `groups` groups.
    pub fn count(self, groups: usize) -> usize {
        match self {
            Self::Last(n) => n,
            Self::Only(_) => 1,
            Self::All => groups,
        }
    }

    /// Whether a model of `groups` groups has them.
    pub(crate) fn check(self, stage: &str, groups: usize) -> Result<()> {
        let stage = || stage.to_owned();
        match self {
            Self::Only(found) if found >= groups => Err(Error::Group {
                stage: stage(),
                groups,
                found,
            }),
            _ if (1..=groups).contains(&self.count(groups)) => Ok(()),
            _ => Err(Error::Groups {
                stage: stage(),
                groups,
                found: self.count(groups),
            }),
        }
    }
}

/// One stage: data, so that a recipe can be printed, stored and changed.
///
/// Two stages are equal if all their fields are; schedules are compared by name and fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(with = "crate::schedule::fields")]
    pub schedule: Arc<dyn Schedule>,
}

impl PartialEq for Stage {
    fn eq(&self, other: &Self) -> bool {
        let fields = (self.schedule.fields(), other.schedule.fields());
        let schedules = match fields {
            (Some(own), Some(others)) => own == others,
            _ => Arc::ptr_eq(&self.schedule, &other.schedule),
        };
        schedules
            && self.schedule.name() == other.schedule.name()
            && (&self.name, self.epochs, self.trained) == (&other.name, other.epochs, other.trained)
            && self.rates == other.rates
    }
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

    /// Sets how long the last of `stages` is, which trains all groups and is the one to choose. With 0 epochs it is left
    /// out; `None` changes nothing.
    ///
    /// ```
    /// use ulmfit_train::{Recipe, Stage};
    /// let mut stages = Recipe::default().classifier.stages;
    /// let before = stages.len();
    /// Stage::set_last_epochs(&mut stages, Some(5));
    /// assert_eq!(stages.last().map(|stage| stage.epochs), Some(5));
    /// Stage::set_last_epochs(&mut stages, Some(0));
    /// assert_eq!(stages.len(), before - 1);
    /// ```
    pub fn set_last_epochs(stages: &mut Vec<Self>, epochs: Option<usize>) {
        match (epochs, stages.last_mut()) {
            (Some(0), _) => drop(stages.pop()),
            (Some(epochs), Some(last)) => last.epochs = epochs,
            _ => {}
        }
    }

    /// Checks the stage against a model's groups and returns what its `n_steps` steps need.
    pub(crate) fn plan(&self, groups: &LayerGroups, n_steps: usize) -> Result<Plan> {
        self.schedule.check()?;
        self.trained.check(&self.name, groups.len())?;
        let rates = self.rates.rates(groups.len())?;
        Ok(Plan {
            trained: self.trained,
            rates,
            n_steps,
            schedule: self.schedule.clone(),
        })
    }
}

/// A stage for one model and one loader.
pub(crate) struct Plan {
    pub(crate) trained: Trained,
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
