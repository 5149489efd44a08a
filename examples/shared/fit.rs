//! A training loop for any module: the library's stages, groups, schedules, optimizers and observers, around a lesson.

use std::time::Instant;

use anyhow::ensure;
use ulmfit::burn::module::Module;
use ulmfit::burn::tensor::Tensor;
use ulmfit::model::Random;
use ulmfit::prelude::*;
use ulmfit::train::OptimizerConfig;
use ulmfit::train::observe::{BatchEnd, Control, EpochEnd, Observer, StageStart};
use ulmfit::train::schedule::Hyper;

/// What a model is taught: data, loss and score.
pub(crate) trait Lesson<M> {
    /// The name of the score.
    const METRIC: &'static str;

    /// The number of batches of every epoch.
    fn n_batches(&self) -> usize;

    /// An epoch begins: the order of its batches is chosen, and a state is forgotten.
    fn start(&mut self, epoch: usize);

    /// The mean loss of a batch of the epoch, `[1]`, differentiable, and the rows or tokens that it is the mean of.
    fn loss(&mut self, model: &M, batch: usize) -> (Tensor<1>, usize);

    /// Mean loss and score of held-out data, outside of autodiff.
    fn scores(&self, model: &M) -> (f64, f64);
}

/// Trains `model` through `stages` and returns it. The optimizer's memory starts anew with every stage.
pub(crate) fn fit<M: Module, L: Lesson<M>>(
    mut model: M,
    groups: &LayerGroups,
    stages: &[Stage],
    lesson: &mut L,
    optimizer: impl Into<OptimizerConfig>,
    observer: &mut dyn Observer,
) -> anyhow::Result<M> {
    let config = optimizer.into();
    let batches = lesson.n_batches();
    let mut first = 0;
    for stage in stages {
        stage.schedule.check()?;
        let peaks = stage.rates.rates(groups.len())?;
        // Frozen groups take no gradient: the optimizer passes them by.
        model = groups.train_last(model, stage.trained.count(groups.len()));
        let mut optimizer = config.init();
        let (name, metric) = (stage.name.clone(), L::METRIC);
        observer.stage_start(&StageStart {
            stage: name,
            epochs: stage.epochs,
            batches,
            metric,
        });
        let (mut scale, mut kept) = (1.0, None);
        for epoch in 0..stage.epochs {
            let started = Instant::now();
            lesson.start(first + epoch);
            let (mut sum, mut rows) = (0.0, 0);
            for batch in 0..batches {
                let (objective, n) = lesson.loss(&model, batch);
                let step = epoch * batches + batch;
                let Hyper { rate, momentum } = stage.schedule.at(step, stage.epochs * batches);
                let rates: Vec<f64> = peaks.iter().map(|peak| peak * rate * scale).collect();
                let loss = f64::from(objective.clone().into_scalar::<f32>());
                ensure!(
                    loss.is_finite(),
                    "stage `{}`, epoch {}, batch {}: the loss is {loss}, expected a finite number; mend the data or \
                     lower the learning rate",
                    stage.name,
                    epoch + 1,
                    batch + 1
                );
                model = optimizer.step(model, objective.backward(), groups, &rates, momentum);
                sum += loss * n as f64;
                rows += n;
                let rate = rates.last().copied().unwrap_or(0.0);
                let (epoch, batch, tokens) = (epoch + 1, batch + 1, n);
                observer.batch_end(&BatchEnd {
                    epoch,
                    batch,
                    batches,
                    tokens,
                    loss,
                    rate,
                    momentum,
                });
            }
            let (valid_loss, score) = lesson.scores(&model);
            let end = EpochEnd {
                stage: stage.name.clone(),
                epoch: epoch + 1,
                epochs: stage.epochs,
                train_loss: sum / rows.max(1) as f64,
                valid_loss: Some(valid_loss),
                metric: Some((metric, score)),
                rate: peaks.last().copied().unwrap_or(0.0) * scale,
                tokens: rows,
                time: started.elapsed(),
            };
            observer.epoch_end(&end);
            let decision = observer.after_epoch(&end)?;
            scale *= decision.rate_factor;
            if decision.keep {
                // Through evaluation and back: a copy that shares no running statistics with the model.
                kept = Some(model.valid().train());
            }
            if decision.control == Control::Stop {
                break;
            }
        }
        model = kept.unwrap_or(model);
        first += stage.epochs;
    }
    Ok(model)
}

/// The numbers below `n` in an order drawn from seed and epoch (Fisher-Yates).
pub(crate) fn shuffled(n: usize, seed: u64, epoch: usize) -> Vec<usize> {
    // The odd constant of Fibonacci hashing keeps the epochs of neighboring seeds apart.
    let mut random = Random::new(seed ^ (epoch as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        let other = (f64::from(random.unit()) * (last + 1) as f64) as usize;
        order.swap(last, other.min(last));
    }
    order
}
