//! What the loops share: a stage from its first batch to its last, whatever is trained.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::Tensor;

use super::{FitConfig, Validate};
use crate::checkpoint::Position;
use crate::copy::deep_copy;
use crate::error::{Error, Result};
use crate::gradients::ParamGradients;
use crate::groups::LayerGroups;
use crate::loss_scale::LossScale;
use crate::observe::{BatchEnd, Control, EpochEnd, Observer, StageStart};
use crate::optimizer::Optimizer;
use crate::stage::{Plan, Stage};

/// Validation loss and metric of an epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scores {
    pub(crate) loss: f64,
    pub(crate) metric: f64,
}

/// A running stage: its position, its optimizer and the sums of its current epoch.
pub(crate) struct Progress<'a, M> {
    stage: &'a Stage,
    groups: &'a LayerGroups,
    plan: Plan,
    metric: &'static str,
    optimizer: Optimizer,
    loss_scale: LossScale,
    accumulate: usize,
    pending: Option<ParamGradients>,
    n_pending: usize,
    /// Batches in each epoch.
    batches: Vec<usize>,
    at: Position,
    kept: Option<M>,
    /// Whether `kept` is the model of the epoch that was reported last.
    kept_last: bool,
    /// The epochs that have been reported, with the batches of the stage until their end.
    epochs: Vec<(u64, EpochEnd)>,
    started: Instant,
}

impl<'a, M: Module> Progress<'a, M> {
    /// Checks the stage, tells the observer of it and returns its beginning; `batches` has the length of each epoch.
    pub(crate) fn begin(
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
        if optimizer.needs_validation() && !(validates && fit.validate == Validate::EachEpoch) {
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
            loss_scale: LossScale::default(),
            accumulate: fit.accumulate,
            pending: None,
            n_pending: 0,
            batches,
            at: Position::default(),
            kept: None,
            kept_last: false,
            epochs: Vec::new(),
            started: Instant::now(),
        })
    }

    /// The model with the stage's groups trainable.
    pub(crate) fn unfreeze(&self, model: M) -> M {
        self.groups.train(model, self.plan.trained)
    }

    /// The model after a batch of `weight` tokens or rows: stepped, unless more batches are to be gathered first, or the
    /// gradients are those of too large a loss scale.
    pub(crate) fn step(
        &mut self,
        model: M,
        objective: Tensor<1>,
        weight: usize,
        rate_scale: f64,
    ) -> M {
        let weight = weight.max(1) as f64;
        let new = self.loss_scale.backward(&model, objective, weight);
        let gathered = match self.pending.take() {
            Some(mut gathered) => {
                gathered.join(new);
                gathered
            }
            None => new,
        };
        self.n_pending += 1;
        let last = self.at.batch + 1 >= self.epoch_len();
        if self.n_pending < self.accumulate && !last {
            self.pending = Some(gathered);
            return model;
        }
        self.n_pending = 0;
        if !self.loss_scale.accepts(&gathered) {
            return model;
        }
        let scale = rate_scale * self.at.rate_factor;
        let (rates, momentum) = self.plan.at(self.at.step, scale);
        self.optimizer
            .apply(model, gathered, self.groups, &rates, momentum)
    }

    /// Counts a batch whose mean `loss` stands for `weight` tokens or rows.
    pub(crate) fn batch_end(
        &mut self,
        loss: f64,
        weight: usize,
        tokens: usize,
        observer: &mut dyn Observer,
    ) -> Result<Control> {
        self.at.batch += 1;
        let (epoch, batch) = (self.at.epoch + 1, self.at.batch);
        if !loss.is_finite() {
            let stage = self.stage.name.clone();
            return Err(Error::NotFinite {
                stage,
                epoch,
                batch,
                loss,
            });
        }
        self.at.loss += loss * weight as f64;
        self.at.weight += weight as f64;
        self.at.tokens += tokens;
        let (rates, momentum) = self.plan.at(self.at.step, self.at.rate_factor);
        let end = BatchEnd {
            epoch,
            batch,
            batches: self.epoch_len(),
            tokens,
            loss,
            rate: rates.last().copied().unwrap_or(0.0),
            momentum,
        };
        self.at.step += 1;
        observer.batch_end(&end);
        observer.after_batch(&end)
    }

    /// The model to validate: what is trained, or its average.
    pub(crate) fn shown(&self, model: &M) -> M {
        self.optimizer
            .averaged(model)
            .unwrap_or_else(|| model.clone())
    }

    /// Reports the epoch that has just ended, whose model was `shown`, and begins the next.
    pub(crate) fn epoch_end(
        &mut self,
        shown: M,
        scores: Option<Scores>,
        observer: &mut dyn Observer,
    ) -> Result<Control> {
        let top = self.plan.rates.last().copied().unwrap_or(0.0);
        let at = self.position();
        let end = EpochEnd {
            stage: self.stage.name.clone(),
            epoch: at.epoch + 1,
            epochs: self.stage.epochs,
            train_loss: at.loss / at.weight.max(1.0),
            valid_loss: scores.map(|scores| scores.loss),
            metric: scores.map(|scores| (self.metric, scores.metric)),
            rate: top * at.rate_factor,
            tokens: at.tokens,
            time: Duration::try_from_secs_f64(at.seconds).unwrap_or_default(),
        };
        self.optimizer.epoch_end(end.valid_loss);
        observer.epoch_end(&end);
        let decision = observer.after_epoch(&end)?;
        self.kept_last = decision.keep;
        if decision.keep {
            self.kept = Some(deep_copy(&shown));
        }
        self.epochs.push((at.step as u64, end));
        self.at = Position {
            step: at.step,
            epoch: at.epoch + 1,
            rate_factor: at.rate_factor * decision.rate_factor,
            ..Position::default()
        };
        self.started = Instant::now();
        Ok(decision.control)
    }

    /// The model that the stage hands on: the one that was kept, else the average, else the last.
    pub(crate) fn finish(&mut self, model: M) -> M {
        match self.kept.take() {
            Some(kept) => kept,
            None => self.optimizer.averaged(&model).unwrap_or(model),
        }
    }

    /// Whether the stage hands on the model of the epoch that was reported last, if it ends here.
    pub(crate) fn hands_on_last(&self) -> bool {
        self.at.batch == 0 && (self.kept.is_none() || self.kept_last)
    }

    fn epoch_len(&self) -> usize {
        self.batches.get(self.at.epoch).copied().unwrap_or(0)
    }
}

/// What a checkpoint stores, and how a stage is brought back to it.
impl<M: Module> Progress<'_, M> {
    /// Where the next batch is.
    pub(crate) fn position(&self) -> Position {
        Position {
            seconds: self.at.seconds + self.started.elapsed().as_secs_f64(),
            ..self.at.clone()
        }
    }

    /// Goes to a place in the stage.
    ///
    /// # Errors
    /// What was expected and what was found, if the stage has no such place.
    pub(crate) fn go_to(&mut self, place: Position) -> Result<(), (String, String)> {
        let before: usize = self.batches.iter().take(place.epoch).sum();
        let len = self.batches.get(place.epoch).copied().unwrap_or(0);
        let there = place.epoch < self.batches.len()
            && place.batch <= len
            && place.step == before + place.batch;
        if !there {
            let expected = format!("a batch of {:?} in each epoch", self.batches);
            return Err((expected, format!("{place:?}")));
        }
        self.at = place;
        self.started = Instant::now();
        Ok(())
    }

    /// Tells the observer of an epoch that was trained before the run was cut.
    pub(crate) fn replay(
        &mut self,
        steps: u64,
        end: EpochEnd,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        observer.epoch_replayed(&end)?;
        self.epochs.push((steps, end));
        Ok(())
    }

    /// Whether gradients wait for those of further batches.
    pub(crate) fn gathers(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether no epoch is left.
    pub(crate) fn is_over(&self) -> bool {
        self.at.epoch >= self.stage.epochs
    }

    pub(crate) fn metric(&self) -> &'static str {
        self.metric
    }

    pub(crate) fn epochs(&self) -> &[(u64, EpochEnd)] {
        &self.epochs
    }

    pub(crate) fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    pub(crate) fn optimizer_mut(&mut self) -> &mut Optimizer {
        &mut self.optimizer
    }

    pub(crate) fn loss_scale(&self) -> &LossScale {
        &self.loss_scale
    }

    pub(crate) fn loss_scale_mut(&mut self) -> &mut LossScale {
        &mut self.loss_scale
    }

    pub(crate) fn kept(&self) -> Option<&M> {
        self.kept.as_ref()
    }

    pub(crate) fn keep(&mut self, model: M) {
        self.kept_last = false;
        self.kept = Some(model);
    }
}
