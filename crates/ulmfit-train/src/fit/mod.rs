//! The training loops. Each is short and made of public parts only, so that a loop of your own can do the same: see
//! the example `own_loop`.

mod classifier;
mod language_model;

use crate::adam::{Adam, AdamConfig};
use crate::error::{Error, Result};
use crate::observe::{BatchEnd, EpochEnd, Observer};
use crate::stage::{Plan, Stage};

pub use classifier::{ClassifierScores, evaluate_classifier, fit_classifier};
pub use language_model::{LmScores, evaluate_language_model, fit_language_model};

/// What a loop needs beside model, data and stages.
pub struct FitConfig<'a> {
    /// The optimizer; its moments start anew with every stage, as after fastai's `freeze_to`.
    pub adam: AdamConfig,
    /// Every mask of the run follows from this seed.
    pub seed: u64,
    /// Told of every batch and epoch.
    pub observer: &'a mut dyn Observer,
}

/// The seed of one stage's masks: stages of one run must not share them.
fn stage_seed(seed: u64, stage: usize) -> u64 {
    // The odd constant of Fibonacci hashing spreads neighbouring stages over all bits.
    seed ^ (stage as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The running position within a stage and the sums of its current epoch.
struct Progress<'a> {
    stage: &'a Stage,
    plan: Plan,
    adam: Adam,
    batches: usize,
    step: usize,
    batch: usize,
    loss: f64,
    weight: f64,
    tokens: usize,
    started: std::time::Instant,
}

impl<'a> Progress<'a> {
    fn new(stage: &'a Stage, plan: Plan, adam: Adam, batches: usize) -> Self {
        let started = std::time::Instant::now();
        let (step, batch, loss, weight, tokens) = (0, 0, 0.0, 0.0, 0);
        Self {
            stage,
            plan,
            adam,
            batches,
            step,
            batch,
            loss,
            weight,
            tokens,
            started,
        }
    }

    /// The epoch within the stage, from 0.
    fn epoch(&self) -> usize {
        self.step / self.batches
    }

    /// Counts a batch whose mean `loss` stands for `weight` tokens or rows.
    fn batch_end(
        &mut self,
        loss: f64,
        weight: usize,
        tokens: usize,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let epoch = self.epoch() + 1;
        self.batch += 1;
        if !loss.is_finite() {
            let stage = self.stage.name.clone();
            return Err(Error::NotFinite {
                stage,
                epoch,
                batch: self.batch,
                loss,
            });
        }
        self.loss += loss * weight as f64;
        self.weight += weight as f64;
        self.tokens += tokens;
        let (rates, _) = self.plan.at(self.step, 1.0);
        let rate = rates.last().copied().unwrap_or(0.0);
        let (batch, batches) = (self.batch, self.batches);
        observer.batch_end(&BatchEnd {
            epoch,
            batch,
            batches,
            tokens,
            loss,
            rate,
        });
        self.step += 1;
        Ok(())
    }

    /// Reports the epoch that has just ended and begins the next.
    fn epoch_end(&mut self, valid: Option<(f64, &'static str, f64)>, observer: &mut dyn Observer) {
        observer.epoch_end(&EpochEnd {
            stage: self.stage.name.clone(),
            epoch: self.epoch(),
            epochs: self.stage.epochs,
            train_loss: self.loss / self.weight.max(1.0),
            valid_loss: valid.map(|(loss, _, _)| loss),
            metric: valid.map(|(_, name, value)| (name, value)),
            rate: self.plan.rates.last().copied().unwrap_or(0.0),
            tokens: self.tokens,
            time: self.started.elapsed(),
        });
        (self.batch, self.loss, self.weight, self.tokens) = (0, 0.0, 0.0, 0);
        self.started = std::time::Instant::now();
    }
}
