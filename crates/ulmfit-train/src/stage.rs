//! A stage of training: which groups, at which rates, along which schedule, for how long.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::groups::{LayerGroups, Trained};
use crate::optimizer::OptimizerConfig;
use crate::schedule::{GroupRates, Hyper, OneCycle, Schedule};

/// One stage: data, so that a recipe can be printed, stored and changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    pub schedule: Schedule,
}

impl Stage {
    /// A stage along fastai v2's one-cycle schedule for text (momentum 0.8 - 0.7 - 0.8).
    pub fn one_cycle(name: &str, epochs: usize, trained: Trained, rates: GroupRates) -> Self {
        Self {
            name: name.to_owned(),
            epochs,
            trained,
            rates,
            schedule: OneCycle::default().into(),
        }
    }

    /// Another schedule.
    #[must_use]
    pub fn with_schedule(self, schedule: impl Into<Schedule>) -> Self {
        let schedule = schedule.into();
        Self { schedule, ..self }
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

    /// Checks the stage against a model of so many groups and returns their peak rates.
    pub(crate) fn check(&self, groups: usize) -> Result<Vec<f64>> {
        self.schedule.check()?;
        self.trained.check(&self.name, groups)?;
        Ok(self.rates.rates(groups)?)
    }

    /// Returns the rates of a model's groups over `n_steps` steps: what a loop of one's own asks at every step.
    ///
    /// ```
    /// use ulmfit_train::schedule::GroupRates;
    /// use ulmfit_train::{Stage, Trained};
    /// # use burn::module::{Param, ParamGroup};
    /// # use burn::tensor::{Device, Tensor};
    /// # let parameter = || Param::from_tensor(Tensor::<1>::ones([1], &Device::default()));
    /// # let (first, second) = (parameter(), parameter());
    /// # let group = |of: &Param<Tensor<1>>| ParamGroup::from_ids(vec![of.id]);
    /// # let groups = ulmfit_train::LayerGroups::new(vec![group(&first), group(&second)], ParamGroup::from_ids(vec![]));
    ///
    /// let stage = Stage::one_cycle("all", 1, Trained::All, GroupRates::paper(0.01));
    /// let plan = stage.plan(&groups, 100)?; // of two groups
    /// let (rates, momentum) = plan.at(25); // the peak of the cycle
    /// assert_eq!((rates[1], momentum), (0.01, 0.7));
    /// assert!((rates[0] - 0.01 / 2.6).abs() < 1e-12);
    /// # Ok::<(), ulmfit_train::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Groups`](crate::Error::Groups) or [`Error::Group`](crate::Error::Group) for groups that the model does not
    /// have; for a schedule or rates out of range or of another number of groups.
    pub fn plan(&self, groups: &LayerGroups, n_steps: usize) -> Result<Plan> {
        let rates = self.check(groups.len())?;
        Ok(Plan {
            trained: self.trained,
            rates,
            n_steps,
            schedule: self.schedule.clone(),
        })
    }
}

/// Checks stages against a model of so many groups.
pub(crate) fn check_stages(stages: &[Stage], groups: usize) -> Result<()> {
    let mut stages = stages.iter();
    stages.try_for_each(|stage| stage.check(groups).map(drop))
}

/// The rates of one model's groups over the steps of a stage.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The groups that are trained.
    pub trained: Trained,
    /// The peak rates, one a group.
    pub rates: Vec<f64>,
    /// The steps of the stage.
    pub n_steps: usize,
    schedule: Schedule,
}

impl Plan {
    /// Returns the rates of all groups and the momentum at `step`, from 0.
    pub fn at(&self, step: usize) -> (Vec<f64>, f64) {
        self.scaled(step, 1.0)
    }

    /// The same with a further factor on the rates.
    pub(crate) fn scaled(&self, step: usize, scale: f64) -> (Vec<f64>, f64) {
        let Hyper { rate, momentum } = self.schedule.at(step, self.n_steps);
        let rates = self.rates.iter().map(|peak| peak * rate * scale);
        (rates.collect(), momentum)
    }
}

/// The numbers of a training: stages one after another, and how gradients become steps.
///
/// | field | default | source |
/// |---|---|---|
/// | `optimizer` | Adam | paper section 4 |
/// | `accumulate` | 1 | |
///
/// ```
/// use ulmfit_train::{AdamConfig, Stage, Trained, Training};
/// use ulmfit_train::schedule::GroupRates;
///
/// let stages = [Stage::one_cycle("all", 3, Trained::All, GroupRates::Same(1e-3))];
/// let training = Training::new(stages).with_optimizer(AdamConfig::default()).with_accumulate(4);
/// assert_eq!(training.epochs(), 3);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// In order.
    pub stages: Vec<Stage>,
    /// The optimizer; its state starts anew with every stage, as after fastai's `freeze_to`.
    pub optimizer: OptimizerConfig,
    /// Batches whose gradients are averaged, by what their losses weigh, before each step of the optimizer. The last step of
    /// an epoch takes what is left. The schedule counts batches.
    ///
    /// Deviation: fastai's `GradientAccumulation` counts rows and carries what is left into the next epoch.
    pub accumulate: usize,
}

impl Training {
    /// These stages, with Adam.
    pub fn new(stages: impl Into<Vec<Stage>>) -> Self {
        Self {
            stages: stages.into(),
            optimizer: OptimizerConfig::default(),
            accumulate: 1,
        }
    }

    /// With another optimizer.
    #[must_use]
    pub fn with_optimizer(self, optimizer: impl Into<OptimizerConfig>) -> Self {
        let optimizer = optimizer.into();
        Self { optimizer, ..self }
    }

    /// With a step of the optimizer every `accumulate` batches.
    #[must_use]
    pub fn with_accumulate(self, accumulate: usize) -> Self {
        Self { accumulate, ..self }
    }

    /// The epochs of all stages.
    pub fn epochs(&self) -> usize {
        self.stages.iter().map(|stage| stage.epochs).sum()
    }
}
