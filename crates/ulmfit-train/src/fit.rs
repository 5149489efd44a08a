//! The training loop.

use std::time::{Duration, Instant};

use burn::module::Module;
use ulmfit_kernels::MatmulPrecision;
use ulmfit_model::Mode;

use crate::checkpoint::{CheckpointWriter, Found};
use crate::copy::deep_copy;
use crate::error::{Error, Result};
use crate::groups::{LayerGroups, Trained};
use crate::learner::{Carry, Learner};
use crate::observe::{BatchEnd, Control, Decision, EpochEnd, Observer, StageStart};
use crate::optimizer::{Optimizer, OptimizerConfig};
use crate::peers::{PartLoss, Ranks};
use crate::run::Run;
use crate::scores::Scores;
use crate::settings::Settings;
use crate::stage::{Plan, Training};
use crate::state::{EpochRecord, Position, StageState, TrainState};
use crate::step::{Stepper, require_autodiff};
use crate::tensors::Tensors;
use crate::validate::Validate;

/// A trained model and what it scores.
#[derive(Clone, Debug)]
pub struct Scored<M, S> {
    /// The model, all of its groups trainable.
    pub model: M,
    /// Its scores on the validation data, where it was evaluated.
    pub scores: Option<S>,
}

/// Trains a model through the stages of `training` and returns it, with the scores of its last evaluation if that was of
/// the very model that is returned.
///
/// The model must live on an autodiff device. It is evaluated after every epoch or as [`Run::validate`] says, by what the
/// learner has to evaluate on. With checkpoints the run can be killed at any moment; resumed, it ends in the same bytes.
/// The model that a stage hands on is the one that an observer kept, else the optimizer's average, else the last.
///
/// # Errors
/// What [`Learner::check`] says; [`Error::Groups`] and the errors of schedules and rates for a stage that does not fit the
/// model; [`Error::NotTrainable`] for a model outside of autodiff; [`Error::NotFinite`] with stage, epoch and batch;
/// [`Error::NoValidation`]; what an observer fails with; with checkpoints, [`Error::OtherRun`] and what else keeps them from
/// being read or written.
pub fn fit<L: Learner>(
    learner: &L,
    model: L::Model,
    training: &Training,
    run: &mut Run<'_>,
) -> Result<Scored<L::Model, L::Scores>> {
    learner.check(&model)?;
    let groups = learner.groups(&model);
    let stages = stages(learner, training, &groups, run.validate)?;
    for stage in stages.iter().filter(|stage| !stage.batches.is_empty()) {
        require_autodiff(&model, &groups, stage.plan.trained)?;
    }
    let ranks = Ranks(run.peers);
    let mut checkpoints =
        CheckpointWriter::begin(run.checkpoints.clone(), stages.len(), ranks, || {
            settings(learner, &model, training, &stages, run.seed, ranks)
        })?;
    let mut found = checkpoints.newest()?;
    let mut model = match &mut found {
        Some(found) => found.model(&model)?,
        None => model,
    };
    let mut done = Done::default();
    let mut scores = None;
    for (index, stage) in stages.iter().enumerate() {
        let observers = &mut run.observers;
        observers.stage_start(&StageStart {
            stage: stage.name.to_owned(),
            epochs: stage.batches.len(),
            batches: stage.batches.first().copied().unwrap_or(0),
        });
        model = groups.train(model, stage.plan.trained);
        let mut state = Running::<L>::begin(index, training, run.seed);
        scores = None;
        if let Some(found) = found.take_if(|found| found.state.stage == index) {
            done.replay(index, &found.state, observers)?;
            state.resume(found, stage, &model)?;
        } else if let Some(found) = &found {
            done.replay(index, &found.state, observers)?;
            continue;
        }
        'stage: for epoch in state.at.epoch..stage.batches.len() {
            let (of_run, batches) = (stage.first_epoch + epoch, stage.batches[epoch]);
            for batch in learner.batches(of_run, state.at.batch) {
                let loss = learner.loss(&model, &batch, &mut state.carry, &mut state.mode);
                let (value, weight, tokens) = (loss.value.clone(), loss.weight, loss.tokens);
                let scale = loss.rate_scale * state.at.rate_factor;
                // As many batches as there are ranks are read at once.
                let rates = stage.plan.scaled(state.at.step + ranks.size() - 1, scale);
                let last = state.at.batch + ranks.size() >= batches;
                let stepper = &mut state.stepper;
                model = stepper.step(model, loss, last, &groups, rates, ranks)?;
                let own = PartLoss {
                    value: f64::from(value.into_scalar::<f32>()),
                    weight,
                    tokens,
                    interrupted: checkpoints.is_interrupted(),
                };
                for part in ranks.losses(own)? {
                    checkpoints.interrupted |= part.interrupted;
                    let end = state.count(stage, part)?;
                    observers.batch_end(&end);
                    if observers.after_batch(&end)? == Control::Stop {
                        break 'stage;
                    }
                }
                let steps = done.steps + state.at.step as u64;
                if checkpoints.is_due(steps) && !state.stepper.gathers() {
                    checkpoints.save(ranks.whole(state.store(index, &done, &model))?)?;
                }
            }
            if state.at.batch != batches {
                return Err(Error::Batches {
                    epoch: of_run,
                    expected: batches,
                    found: state.at.batch,
                });
            }
            state.carry = None;
            let shown = state.shown(&model);
            let due = run
                .validate
                .is_due(of_run + 1, stage.end(), training.epochs());
            scores = if due { learner.evaluate(&shown) } else { None };
            let end = state.epoch_end(stage, scores.clone().map(Into::into))?;
            observers.epoch_end(&end);
            observers.epoch_model(&end, &shown)?;
            let decision = observers.after_epoch(&end)?;
            done.epochs.push(EpochRecord {
                stage: index,
                steps: done.steps + state.at.step as u64,
                end,
            });
            state.next_epoch(&shown, decision);
            if decision.control == Control::Stop {
                break;
            }
            if checkpoints.is_on() && state.at.epoch < stage.batches.len() {
                checkpoints.save(ranks.whole(state.store(index, &done, &model))?)?;
            }
        }
        if !state.hands_on_last() {
            scores = None;
        }
        model = state.finish(model);
        done.steps += state.at.step as u64;
        if checkpoints.is_on() {
            checkpoints.save(ranks.whole(done.store(index + 1, &model))?)?;
        }
    }
    let model = groups.train(model, Trained::All);
    Ok(Scored { model, scores })
}

/// A stage of this run.
struct Planned<'a> {
    name: &'a str,
    plan: Plan,
    /// Of the run, from 0.
    first_epoch: usize,
    /// Batches of each epoch.
    batches: Vec<usize>,
}

impl Planned<'_> {
    /// The epochs of the run until its end.
    fn end(&self) -> usize {
        self.first_epoch + self.batches.len()
    }
}

/// The stages, checked before anything is trained.
fn stages<'a, L: Learner>(
    learner: &L,
    training: &'a Training,
    groups: &LayerGroups,
    validate: Validate,
) -> Result<Vec<Planned<'a>>> {
    if training.accumulate == 0 {
        return Err(Error::Setting {
            name: "accumulate",
            expected: "at least 1",
            found: "0".to_owned(),
        });
    }
    if training.optimizer.init().needs_validation() && validate != Validate::EachEpoch {
        return Err(no_validation(&training.optimizer));
    }
    let mut first_epoch = 0;
    let mut all = Vec::new();
    for stage in &training.stages {
        let epochs = first_epoch..first_epoch + stage.epochs;
        let batches: Vec<usize> = epochs.map(|epoch| learner.n_batches(epoch)).collect();
        if batches.contains(&0) {
            return Err(Error::TooLittle {
                what: "batches of an epoch",
                expected: 1,
                found: 0,
            });
        }
        let plan = stage.plan(groups, batches.iter().sum())?;
        let name = &stage.name;
        all.push(Planned {
            name,
            plan,
            first_epoch,
            batches,
        });
        first_epoch += stage.epochs;
    }
    Ok(all)
}

fn no_validation(optimizer: &OptimizerConfig) -> Error {
    let (who, what) = (optimizer.name(), "the loss");
    Error::NoValidation { who, what }
}

/// What the numbers of the run follow from.
fn settings<L: Learner>(
    learner: &L,
    model: &L::Model,
    training: &Training,
    stages: &[Planned<'_>],
    seed: u64,
    ranks: Ranks<'_>,
) -> Settings {
    let mut settings = Settings::default();
    settings.add("seed", &seed);
    settings.add("precision", &MatmulPrecision::current());
    settings.add("optimizer", &training.optimizer);
    settings.add("accumulate", &(training.accumulate * ranks.size()));
    settings.add("number of stages", &stages.len());
    for (index, stage) in training.stages.iter().enumerate() {
        settings.add(&format!("stage {}", index + 1), stage);
    }
    learner.describe(model, &mut settings);
    let batches: Vec<&[usize]> = stages.iter().map(|stage| &stage.batches[..]).collect();
    settings.add("batches of each epoch", &batches);
    settings.add("weights at the start", &Tensors::of_module(model).digest());
    settings
}

/// The epochs that have been reported, and the batches of the stages that are over.
#[derive(Default)]
struct Done {
    epochs: Vec<EpochRecord>,
    steps: u64,
}

impl Done {
    /// Tells the observers of the epochs of a stage that were reported before the run was stopped.
    fn replay(
        &mut self,
        index: usize,
        state: &TrainState,
        observers: &mut dyn Observer,
    ) -> Result<()> {
        for record in state.epochs.iter().filter(|record| record.stage == index) {
            observers.epoch_replayed(&record.end)?;
            self.epochs.push(record.clone());
        }
        self.steps = state.steps_before;
        Ok(())
    }

    /// The state at the beginning of stage `stage`.
    fn store<M: Module>(&self, stage: usize, model: &M) -> TrainState {
        TrainState {
            stage,
            steps: self.steps,
            steps_before: self.steps,
            epochs: self.epochs.clone(),
            within: None,
            model: Tensors::of_module(model),
        }
    }
}

/// A running stage.
struct Running<L: Learner> {
    optimizer: OptimizerConfig,
    stepper: Stepper,
    mode: Mode,
    carry: Option<L::Carry>,
    at: Position,
    kept: Option<L::Model>,
    /// Whether `kept` is the model of the epoch that was reported last.
    kept_last: bool,
    started: Instant,
}

impl<L: Learner> Running<L> {
    fn begin(index: usize, training: &Training, seed: u64) -> Self {
        // Stages of one run must not share masks. The odd constant of Fibonacci hashing spreads neighbors over all bits.
        let seed = seed ^ (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            optimizer: training.optimizer,
            stepper: Stepper::new(training.optimizer.init(), training.accumulate),
            mode: Mode::train(seed),
            carry: None,
            at: Position::default(),
            kept: None,
            kept_last: false,
            started: Instant::now(),
        }
    }

    /// Brings a stage that has just begun to where a checkpoint was written.
    fn resume(&mut self, found: Found, stage: &Planned<'_>, model: &L::Model) -> Result<()> {
        let path = found.path;
        let Some(within) = found.state.within else {
            return Ok(());
        };
        let place = &within.position;
        let before: usize = stage.batches.iter().take(place.epoch).sum();
        let fits = |&len: &usize| place.batch <= len && place.step == before + place.batch;
        if !stage.batches.get(place.epoch).is_some_and(fits) {
            return Err(Error::Checkpoint {
                path,
                part: "metadata field `position`".to_owned(),
                expected: format!("a batch of {:?} in each epoch", stage.batches),
                found: format!("{place:?}"),
                remedy: crate::checkpoint::DAMAGED,
            });
        }
        let read = || -> Result<()> {
            let device = model.devices().into_iter().next().unwrap_or_default();
            let carry = within.carry.map(|of| L::Carry::from_tensors(of, &device));
            let kept = within.kept.map(|of| of.into_module(model));
            (self.carry, self.kept) = (carry.transpose()?, kept.transpose()?);
            let optimizer = Optimizer::from_state(&self.optimizer, within.optimizer, model)?;
            self.stepper.optimizer = optimizer;
            Ok(())
        };
        read().map_err(|error| error.in_checkpoint(&path))?;
        self.stepper.loss_scale = within.loss_scale;
        self.mode = within.mode;
        self.at = within.position;
        self.started = Instant::now();
        Ok(())
    }

    /// The state of the run, which is in this stage.
    fn store(&self, index: usize, done: &Done, model: &L::Model) -> TrainState {
        let within = StageState {
            position: self.position(),
            mode: self.mode.clone(),
            optimizer: self.stepper.optimizer.state(model),
            loss_scale: self.stepper.loss_scale.clone(),
            kept: self.kept.as_ref().map(Tensors::of_module),
            carry: self.carry.as_ref().map(Carry::to_tensors),
        };
        TrainState {
            steps: done.steps + self.at.step as u64,
            within: Some(within),
            ..done.store(index, model)
        }
    }

    fn position(&self) -> Position {
        Position {
            seconds: self.at.seconds + self.started.elapsed().as_secs_f64(),
            ..self.at.clone()
        }
    }

    /// Counts a batch.
    fn count(&mut self, stage: &Planned<'_>, part: PartLoss) -> Result<BatchEnd> {
        let PartLoss {
            value: loss,
            weight,
            tokens,
            ..
        } = part;
        let at = &mut self.at;
        at.batch += 1;
        let (epoch, batch) = (at.epoch + 1, at.batch);
        if !loss.is_finite() {
            return Err(Error::NotFinite {
                stage: stage.name.to_owned(),
                epoch,
                batch,
                loss,
            });
        }
        at.loss += loss * weight as f64;
        at.weight += weight as f64;
        at.tokens += tokens;
        let (rates, momentum) = stage.plan.scaled(at.step, at.rate_factor);
        at.step += 1;
        Ok(BatchEnd {
            epoch,
            batch,
            batches: stage.batches[at.epoch],
            tokens,
            loss,
            rate: rates.last().copied().unwrap_or(0.0),
            momentum,
        })
    }

    /// The model to validate: what is trained, or its average.
    fn shown(&self, model: &L::Model) -> L::Model {
        let averaged = self.stepper.optimizer.averaged(model);
        averaged.unwrap_or_else(|| model.clone())
    }

    /// The report of the epoch that has just ended.
    fn epoch_end(&mut self, stage: &Planned<'_>, scores: Option<Scores>) -> Result<EpochEnd> {
        let at = self.position();
        let valid_loss = scores.as_ref().map(|scores| scores.loss);
        let optimizer = &mut self.stepper.optimizer;
        if optimizer.needs_validation() && valid_loss.is_none() {
            return Err(no_validation(&self.optimizer));
        }
        optimizer.epoch_end(valid_loss);
        Ok(EpochEnd {
            stage: stage.name.to_owned(),
            epoch: at.epoch + 1,
            epochs: stage.batches.len(),
            train_loss: at.loss / at.weight.max(1.0),
            valid_loss,
            metrics: scores.map(|scores| scores.metrics).unwrap_or_default(),
            rate: stage.plan.rates.last().copied().unwrap_or(0.0) * at.rate_factor,
            tokens: at.tokens,
            time: Duration::try_from_secs_f64(at.seconds).unwrap_or_default(),
        })
    }

    /// Begins the epoch after one whose model was `shown`.
    fn next_epoch(&mut self, shown: &L::Model, decision: Decision) {
        self.kept_last = decision.keep;
        if decision.keep {
            self.kept = Some(deep_copy(shown));
        }
        self.at = Position {
            step: self.at.step,
            epoch: self.at.epoch + 1,
            rate_factor: self.at.rate_factor * decision.rate_factor,
            ..Position::default()
        };
        self.started = Instant::now();
    }

    /// Whether the stage hands on the model of the epoch that was reported last, if it ends here.
    fn hands_on_last(&self) -> bool {
        self.at.batch == 0 && (self.kept.is_none() || self.kept_last)
    }

    /// The model that the stage hands on: the one that was kept, else the average, else the last.
    fn finish(&mut self, model: L::Model) -> L::Model {
        match self.kept.take() {
            Some(kept) => kept,
            None => self.stepper.optimizer.averaged(&model).unwrap_or(model),
        }
    }
}
