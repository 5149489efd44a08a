//! The learning-rate finder: a short run at rising rates, and what its losses suggest.
//!
//! fastai's `lr_find`; after Smith 2017, "Cyclical learning rates for training neural networks".

mod curve;
mod search;
mod suggest;

use ulmfit_model::Mode;

use crate::error::{Error, Result};
use crate::groups::Trained;
use crate::learner::Learner;
use crate::optimizer::OptimizerConfig;

pub use curve::RateCurve;
use search::Search;
pub use suggest::Suggestion;

/// A search for a learning rate.
///
/// | field | default | source |
/// |---|---|---|
/// | `start`, `end` | 1e-7, 10 | fastai v1 and v2 |
/// | `steps` | 100 | fastai v1 and v2 |
/// | `smoothing` | 0.98 | fastai v1 and v2 |
/// | `stop_factor` | 4 | fastai, all generations |
/// | `momentum` | 0.9 | fastai v2 (its Adam without a schedule) |
/// | `trained` | all groups | |
/// | `optimizer` | Adam | fastai v1 and v2 |
/// | `seed` | 0 | |
///
/// The model that is asked about is left as it is: the search trains a copy. All groups train at the same rate.
///
/// ```
/// use burn::tensor::Device;
/// use ulmfit_data::LmLoaderConfig;
/// use ulmfit_model::{AwdLstmConfig, LanguageModelConfig};
/// use ulmfit_train::{LmLearner, LrFind, Suggestion};
///
/// let sizes = AwdLstmConfig::new(50).with_sizes(8, 16, 1);
/// let model = LanguageModelConfig::new(sizes).init(1, &Device::default().autodiff())?;
/// let document = (0..600).map(|i| 9 + i % 7).collect();
/// let loader = LmLoaderConfig::new().with_batch_size(2).with_seq_len(10).build(vec![document])?;
/// let curve = LrFind::default().search(&LmLearner::new(&loader), &model)?;
/// assert!(curve.suggest(Suggestion::Valley).is_some_and(|rate| rate > 1e-7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LrFind {
    /// The first rate.
    pub start: f64,
    /// The rate that the step after the last would have.
    pub end: f64,
    /// The number of steps, at least 6; the data begin anew where they are too few.
    pub steps: usize,
    /// Share of the old value in the exponential mean of the losses, 0 to below 1.
    pub smoothing: f64,
    /// The search ends where the smoothed loss is above this many times its lowest.
    pub stop_factor: f64,
    /// Momentum (Adam's beta1) of every step.
    pub momentum: f64,
    /// The groups that are trained.
    pub trained: Trained,
    /// The optimizer.
    pub optimizer: OptimizerConfig,
    /// Every mask follows from this seed.
    pub seed: u64,
}

impl Default for LrFind {
    fn default() -> Self {
        Self {
            start: 1e-7,
            end: 10.0,
            steps: 100,
            smoothing: 0.98,
            stop_factor: 4.0,
            momentum: 0.9,
            trained: Trained::All,
            optimizer: OptimizerConfig::default(),
            seed: 0,
        }
    }
}

impl LrFind {
    /// With these groups trained, as in the stage that the rate is for.
    #[must_use]
    pub fn with_trained(self, trained: Trained) -> Self {
        Self { trained, ..self }
    }

    /// With another optimizer.
    #[must_use]
    pub fn with_optimizer(self, optimizer: impl Into<OptimizerConfig>) -> Self {
        let optimizer = optimizer.into();
        Self { optimizer, ..self }
    }

    /// Returns the losses of a learner's model at rising rates. The model must live on an autodiff device.
    ///
    /// # Errors
    /// [`Error::Setting`] for a field out of range, [`Error::Groups`] for groups that the model does not have, what
    /// [`Learner::check`] says, [`Error::NotTrainable`] for a model outside of autodiff, [`Error::TooLittle`] for a learner
    /// without batches, [`Error::NotFinite`] if the first loss is not a number.
    pub fn search<L: Learner>(&self, learner: &L, model: &L::Model) -> Result<RateCurve> {
        learner.check(model)?;
        let groups = learner.groups(model);
        let mut search = Search::begin(self, model, &groups)?;
        let mut model = search.copy(model);
        let mut mode = Mode::train(self.seed);
        for epoch in 0.. {
            if learner.n_batches(epoch) == 0 {
                return Err(Error::TooLittle {
                    what: "batches of an epoch",
                    expected: 1,
                    found: 0,
                });
            }
            let mut carry = None;
            for batch in learner.batches(epoch, 0) {
                let loss = learner.loss(&model, &batch, &mut carry, &mut mode);
                let value = loss.value.clone();
                model = search.step(model, loss)?;
                if search.ends_with(f64::from(value.into_scalar::<f32>())) {
                    return search.curve();
                }
            }
        }
        search.curve()
    }

    /// Checks every field.
    fn validate(&self) -> Result<()> {
        let above_zero = "a finite number above 0";
        let fields = [
            ("start", self.start, self.start > 0.0, above_zero),
            ("end", self.end, self.end > self.start, "above `start`"),
            (
                "steps",
                self.steps as f64,
                self.steps >= 6,
                "at least 6 steps",
            ),
            (
                "smoothing",
                self.smoothing,
                (0.0..1.0).contains(&self.smoothing),
                "at least 0 and below 1",
            ),
            (
                "stop_factor",
                self.stop_factor,
                self.stop_factor > 1.0,
                "above 1",
            ),
            (
                "momentum",
                self.momentum,
                (0.0..1.0).contains(&self.momentum),
                "at least 0 and below 1",
            ),
        ];
        for (name, value, holds, expected) in fields {
            if !(holds && value.is_finite()) {
                let found = value.to_string();
                return Err(Error::Setting {
                    name,
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn fields_out_of_range_are_named() {
        type Spoil = fn(&mut LrFind);
        let bad: [(&str, Spoil); 6] = [
            ("start", |find| find.start = 0.0),
            ("end", |find| find.end = 1e-8),
            ("steps", |find| find.steps = 5),
            ("smoothing", |find| find.smoothing = 1.0),
            ("stop_factor", |find| find.stop_factor = f64::INFINITY),
            ("momentum", |find| find.momentum = f64::NAN),
        ];
        for (name, spoil) in bad {
            let mut find = LrFind::default();
            find.validate().unwrap();
            spoil(&mut find);
            let message = find.validate().unwrap_err().to_string();
            assert!(message.starts_with(name), "{message}");
        }
    }
}
