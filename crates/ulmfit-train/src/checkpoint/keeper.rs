//! What the training loops call: to begin where a run was cut, and to store it as it goes on.

use std::path::PathBuf;

use burn::module::Module;
use ulmfit_model::{HiddenState, Mode};

use super::document::{Document, EpochRecord, VERSION, Within};
use super::file::{Reader, Writer};
use super::memory::{read_hidden, read_optimizer, write_hidden, write_optimizer};
use super::params::{paths, read_module, write_module};
use super::{Checkpoints, Resume, Settings, folder};
use crate::error::{Error, Result};
use crate::fit::{FitConfig, Progress};
use crate::loss_scale::LossScale;
use crate::observe::Observer;
use crate::stage::Stage;

/// How a stage is entered.
pub(crate) enum Entry {
    /// Not at all: it was finished before the run was cut.
    Past,
    /// At the batch that comes next, with the stream's hidden state where there is one.
    At(Option<HiddenState>),
}

/// Stores a run in its folder; without one it does nothing.
pub(crate) struct Keeper {
    checkpoints: Option<Checkpoints>,
    settings: Settings,
    found: Option<(Document, Reader)>,
    /// The current stage.
    index: usize,
    /// Of the stages before it.
    epochs: Vec<EpochRecord>,
    steps_before: u64,
    /// Batches of the run when it was last stored.
    saved: u64,
}

impl Keeper {
    /// Looks into the folder; `about` adds what the loop's numbers follow from to `settings`, and is not called without
    /// checkpoints.
    pub(crate) fn begin<M: Module>(
        fit: &FitConfig<'_>,
        stages: &[Stage],
        model: &M,
        about: impl FnOnce(&mut Settings),
    ) -> Result<Self> {
        let mut keeper = Self {
            checkpoints: fit.checkpoints.clone(),
            settings: Settings::of(fit, stages),
            found: None,
            index: 0,
            epochs: Vec::new(),
            steps_before: 0,
            saved: 0,
        };
        let Some(checkpoints) = &keeper.checkpoints else {
            return Ok(keeper);
        };
        checkpoints.check()?;
        folder::prepare(&checkpoints.folder)?;
        about(&mut keeper.settings);
        keeper.settings.add_weights(model);
        if let Some((_, path)) = checkpoints.list()?.pop() {
            if checkpoints.resume == Resume::Refuse {
                return Err(Error::Occupied { path });
            }
            keeper.found = Some(open(path, &keeper.settings, stages.len())?);
        }
        Ok(keeper)
    }

    /// The model as it was, or as it is where the run begins.
    pub(crate) fn restore<M: Module>(&mut self, model: M) -> Result<M> {
        let Some((document, reader)) = &mut self.found else {
            return Ok(model);
        };
        self.saved = document.steps;
        read_module(reader, "model", &model)
    }

    /// Enters stage `index`: tells the observer of its epochs so far, and brings what the stage holds to where it was.
    /// `hidden` is a state of the right sizes, for a stream.
    pub(crate) fn enter<M: Module>(
        &mut self,
        index: usize,
        model: &M,
        run: &mut Progress<'_, M>,
        mode: &mut Mode,
        hidden: Option<HiddenState>,
        observer: &mut dyn Observer,
    ) -> Result<Entry> {
        self.index = index;
        let Some((document, mut reader)) = self.found.take() else {
            return Ok(Entry::At(None));
        };
        let of_stage = |record: &&EpochRecord| record.stage == index;
        let records = document.epochs.iter().filter(of_stage);
        if index < document.stage {
            for record in records {
                run.replay(0, record.report(run.metric()), observer)?;
                self.epochs.push(record.clone());
            }
            self.found = Some((document, reader));
            return Ok(Entry::Past);
        }
        self.steps_before = document.steps_before;
        for record in records {
            let steps = record.steps.saturating_sub(self.steps_before);
            run.replay(steps, record.report(run.metric()), observer)?;
        }
        let mut state = None;
        if let Some(within) = document.within {
            read_optimizer(
                &mut reader,
                &within.optimizer,
                run.optimizer_mut(),
                &paths(model),
            )?;
            *run.loss_scale_mut() = LossScale::at(within.loss_scale);
            if within.kept {
                run.keep(read_module(&mut reader, "kept", model)?);
            }
            if let Some(template) = hidden.filter(|_| within.hidden) {
                state = Some(read_hidden(&mut reader, &template)?);
            }
            *mode = Mode::Train(within.random);
            run.go_to(within.position)
                .map_err(|(expected, found)| reader.wrong("position", expected, found))?;
        }
        reader.finish()?;
        Ok(Entry::At(state))
    }

    /// After a batch: stores the run if that is due, or the run is to end.
    pub(crate) fn batch<M: Module>(
        &mut self,
        model: &M,
        run: &Progress<'_, M>,
        mode: &Mode,
        state: Option<&HiddenState>,
    ) -> Result<()> {
        let steps = self.steps_before + run.position().step as u64;
        match &self.checkpoints {
            Some(c)
                if !run.gathers()
                    && (steps >= self.saved + c.every_steps as u64
                        || c.interrupt.is_requested()) =>
            {
                self.within(model, run, mode, state)
            }
            _ => Ok(()),
        }
    }

    /// After an epoch that is followed by another one of the stage.
    pub(crate) fn epoch<M: Module>(
        &mut self,
        model: &M,
        run: &Progress<'_, M>,
        mode: &Mode,
    ) -> Result<()> {
        match self.checkpoints.is_some() && !run.is_over() {
            true => self.within(model, run, mode, None),
            false => Ok(()),
        }
    }

    /// After a stage that handed on `model`.
    pub(crate) fn stage<M: Module>(&mut self, model: &M, run: &Progress<'_, M>) -> Result<()> {
        if self.checkpoints.is_none() {
            return Ok(());
        }
        self.epochs = self.records(run);
        self.steps_before += run.position().step as u64;
        let document = self.document(self.index + 1, self.steps_before, self.epochs.clone(), None);
        self.save(document, Writer::default(), model)
    }

    /// Stores a run that is within a stage.
    fn within<M: Module>(
        &mut self,
        model: &M,
        run: &Progress<'_, M>,
        mode: &Mode,
        state: Option<&HiddenState>,
    ) -> Result<()> {
        let Mode::Train(random) = mode else {
            return Ok(());
        };
        let mut writer = Writer::default();
        let optimizer = write_optimizer(&mut writer, run.optimizer(), &paths(model));
        if let Some(kept) = run.kept() {
            write_module(&mut writer, "kept", kept);
        }
        if let Some(state) = state {
            write_hidden(&mut writer, state);
        }
        let position = run.position();
        let steps = self.steps_before + position.step as u64;
        let within = Within {
            position,
            random: random.clone(),
            optimizer,
            loss_scale: run.loss_scale().state(),
            kept: run.kept().is_some(),
            hidden: state.is_some(),
        };
        let epochs = self.records(run);
        let document = self.document(self.index, steps, epochs, Some(within));
        self.save(document, writer, model)
    }

    /// The epochs so far, those of the current stage included.
    fn records<M: Module>(&self, run: &Progress<'_, M>) -> Vec<EpochRecord> {
        let mut records = self.epochs.clone();
        for (steps, end) in run.epochs() {
            records.push(EpochRecord::new(self.index, self.steps_before + steps, end));
        }
        records
    }

    fn document(
        &self,
        stage: usize,
        steps: u64,
        epochs: Vec<EpochRecord>,
        within: Option<Within>,
    ) -> Document {
        Document {
            version: VERSION,
            digest: String::new(),
            run: self.settings.list().to_vec(),
            stage,
            steps,
            steps_before: self.steps_before,
            epochs,
            within,
        }
    }

    fn save<M: Module>(&mut self, document: Document, mut writer: Writer, model: &M) -> Result<()> {
        let Some(checkpoints) = &self.checkpoints else {
            return Ok(());
        };
        let (steps, best) = (document.steps, best(&document.epochs));
        write_module(&mut writer, "model", model);
        let path = folder::path_of(&checkpoints.folder, steps);
        writer.save(document, &path)?;
        self.saved = steps;
        folder::prune(&checkpoints.folder, checkpoints.keep, best)?;
        match checkpoints.interrupt.is_requested() {
            true => Err(Error::Interrupted { path }),
            false => Ok(()),
        }
    }
}

/// Reads a checkpoint of this very run.
fn open(path: PathBuf, settings: &Settings, stages: usize) -> Result<(Document, Reader)> {
    let (document, reader) = Reader::open(&path)?;
    settings.compare(&document.run, &path)?;
    if document.stage > stages || (document.stage == stages && document.within.is_some()) {
        let expected = format!("a place in {stages} stages");
        return Err(reader.wrong("stage", expected, document.stage.to_string()));
    }
    Ok((document, reader))
}

/// The number of batches until the end of the epoch with the lowest validation loss.
fn best(epochs: &[EpochRecord]) -> Option<u64> {
    let scored = epochs.iter().filter_map(|epoch| {
        let loss = epoch.valid_loss?.0;
        (!loss.is_nan()).then_some((loss, epoch.steps))
    });
    scored
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, steps)| steps)
}
