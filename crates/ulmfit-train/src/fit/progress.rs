//! What the loops share: a stage from its first batch to its last, whatever is trained.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::Gradients;

use super::FitConfig;
use crate::copy::deep_copy;
use crate::error::{Error, Result};
use crate::gradients::ParamGradients;
use crate::groups::LayerGroups;
use crate::observe::{BatchEnd, Control, EpochEnd, Observer, StageStart};
use crate::optimizer::Optimizer;
use crate::stage::{Plan, Stage};

/// Validation loss and metric of an epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scores {
    pub(super) loss: f64,
    pub(super) metric: f64,
}

/// A running stage: its position, its optimizer and the sums of its current epoch.
pub(super) struct Progress<'a, M> {
    stage: &'a Stage,
    groups: &'a LayerGroups,
    plan: Plan,
    metric: &'static str,
    optimizer: Optimizer,
    accumulate: usize,
    pending: Option<ParamGradients>,
    n_pending: usize,
    /// Batches in each epoch.
    batches: Vec<usize>,
    step: usize,
    epoch: usize,
    batch: usize,
    rate_factor: f64,
    kept: Option<M>,
    loss: f64,
    weight: f64,
    tokens: usize,
    started: Instant,
}

impl<'a, M: Module> Progress<'a, M> {
    /// Checks the stage, tells the observer of it and returns its beginning; `batches` has the length of each epoch.
    pub(super) fn begin(
        stage: &'a Stage,
        groups: &'a LayerGroups,
        batches: Vec<usize>,
        metric: &'static str,
        validates: bool,
        fit: &mut FitConfig<'_>,
    ) -> Result<Self> {
        let plan = stage.plan(groups, batches.iter().sum())?;
        if fit.accumulate == 0 {
            return Err(Error::Setting {
                name: "accumulate",
                expected: "at least 1",
                found: "0".to_owned(),
            });
        }
        let optimizer = fit.optimizer.init();
        if optimizer.needs_validation() && !validates {
            let (who, what) = (fit.optimizer.name(), "the loss");
            return Err(Error::NoValidation { who, what });
        }
        fit.observer.stage_start(&StageStart {
            stage: stage.name.clone(),
            epochs: stage.epochs,
            batches: batches.first().copied().unwrap_or(0),
            metric,
        });
        Ok(Self {
            stage,
            groups,
            plan,
            metric,
            optimizer,
            accumulate: fit.accumulate,
            pending: None,
            n_pending: 0,
            batches,
            step: 0,
            epoch: 0,
            batch: 0,
            rate_factor: 1.0,
            kept: None,
            loss: 0.0,
            weight: 0.0,
            tokens: 0,
            started: Instant::now(),
        })
    }

    /// The model with the stage's groups trainable.
    pub(super) fn unfreeze(&self, model: M) -> M {
        self.groups.train(model, self.plan.trained)
    }

    /// The model after a batch of `weight` tokens or rows: stepped, unless more batches are to be gathered first.
    pub(super) fn step(
        &mut self,
        model: M,
        gradients: Gradients,
        weight: usize,
        rate_scale: f64,
    ) -> M {
        let new = ParamGradients::of(&model, gradients, weight.max(1) as f64);
        let gathered = match self.pending.take() {
            Some(mut gathered) => {
                gathered.join(new);
                gathered
            }
            None => new,
        };
        self.n_pending += 1;
        let last = self.batch + 1 >= self.epoch_len();
        if self.n_pending < self.accumulate && !last {
            self.pending = Some(gathered);
            return model;
        }
        self.n_pending = 0;
        let scale = rate_scale * self.rate_factor;
        let (rates, momentum) = self.plan.at(self.step, scale);
        self.optimizer
            .apply(model, gathered, self.groups, &rates, momentum)
    }

    /// Counts a batch whose mean `loss` stands for `weight` tokens or rows.
    pub(super) fn batch_end(
        &mut self,
        loss: f64,
        weight: usize,
        tokens: usize,
        observer: &mut dyn Observer,
    ) -> Result<Control> {
        self.batch += 1;
        let (epoch, batch) = (self.epoch + 1, self.batch);
        if !loss.is_finite() {
            let stage = self.stage.name.clone();
            return Err(Error::NotFinite {
                stage,
                epoch,
                batch,
                loss,
            });
        }
        self.loss += loss * weight as f64;
        self.weight += weight as f64;
        self.tokens += tokens;
        let (rates, _) = self.plan.at(self.step, self.rate_factor);
        let end = BatchEnd {
            epoch,
            batch,
            batches: self.epoch_len(),
            tokens,
            loss,
            rate: rates.last().copied().unwrap_or(0.0),
        };
        self.step += 1;
        observer.batch_end(&end);
        observer.after_batch(&end)
    }

    /// The model to validate: what is trained, or its average.
    pub(super) fn shown(&self, model: &M) -> M {
        self.optimizer
            .averaged(model)
            .unwrap_or_else(|| model.clone())
    }

    /// Reports the epoch that has just ended, whose model was `shown`, and begins the next.
    pub(super) fn epoch_end(
        &mut self,
        shown: M,
        scores: Option<Scores>,
        observer: &mut dyn Observer,
    ) -> Result<Control> {
        let top = self.plan.rates.last().copied().unwrap_or(0.0);
        let end = EpochEnd {
            stage: self.stage.name.clone(),
            epoch: self.epoch + 1,
            epochs: self.stage.epochs,
            train_loss: self.loss / self.weight.max(1.0),
            valid_loss: scores.map(|scores| scores.loss),
            metric: scores.map(|scores| (self.metric, scores.metric)),
            rate: top * self.rate_factor,
            tokens: self.tokens,
            time: self.started.elapsed(),
        };
        self.optimizer.epoch_end(end.valid_loss);
        observer.epoch_end(&end);
        let decision = observer.after_epoch(&end)?;
        if decision.keep {
            self.kept = Some(deep_copy(&shown));
        }
        self.rate_factor *= decision.rate_factor;
        self.epoch += 1;
        (self.batch, self.loss, self.weight, self.tokens) = (0, 0.0, 0.0, 0);
        self.started = Instant::now();
        Ok(decision.control)
    }

    /// The model that the stage hands on: the one that was kept, else the average, else the last.
    pub(super) fn finish(self, model: M) -> M {
        match self.kept {
            Some(kept) => kept,
            None => self.optimizer.averaged(&model).unwrap_or(model),
        }
    }

    fn epoch_len(&self) -> usize {
        self.batches.get(self.epoch).copied().unwrap_or(0)
    }
}
