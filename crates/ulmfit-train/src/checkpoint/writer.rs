//! The checkpoints of one run: the newest is found, further ones are written.

use std::path::PathBuf;

use burn::module::Module;

use super::file::Document;
use super::{Checkpoints, Resume, file, folder};
use crate::error::{Error, Result};
use crate::peers::Ranks;
use crate::settings::Settings;
use crate::state::{EpochRecord, TrainState};

/// Writes the checkpoints of a run; without a folder it does nothing.
pub(crate) struct CheckpointWriter<'a> {
    checkpoints: Option<Checkpoints>,
    settings: Settings,
    stages: usize,
    /// Batches of the run when it was last stored.
    saved: u64,
    /// Whether any rank is asked to end.
    pub(crate) interrupted: bool,
    ranks: Ranks<'a>,
}

/// A checkpoint of this run.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) state: TrainState,
}

impl Found {
    /// The model as it was.
    pub(crate) fn model<M: Module>(&mut self, like: &M) -> Result<M> {
        let tensors = std::mem::take(&mut self.state.model);
        let model = tensors.into_module(like);
        model.map_err(|error| error.in_checkpoint(&self.path))
    }
}

impl<'a> CheckpointWriter<'a> {
    /// Prepares the folder; `settings` is not asked for without one, unless there are several ranks.
    pub(crate) fn begin(
        checkpoints: Option<Checkpoints>,
        stages: usize,
        ranks: Ranks<'a>,
        settings: impl FnOnce() -> Settings,
    ) -> Result<Self> {
        let mut writer = Self {
            checkpoints,
            settings: Settings::default(),
            stages,
            saved: 0,
            interrupted: false,
            ranks,
        };
        if writer.is_on() || ranks.size() > 1 {
            writer.settings = settings();
        }
        ranks.require_same_run(&writer.settings)?;
        if let Some(checkpoints) = &writer.checkpoints {
            checkpoints.check()?;
            if ranks.is_first() {
                folder::prepare(&checkpoints.folder)?;
            }
        }
        Ok(writer)
    }

    /// The newest checkpoint, which must be of this run.
    pub(crate) fn newest(&mut self) -> Result<Option<Found>> {
        let Some(checkpoints) = &self.checkpoints else {
            return Ok(None);
        };
        let newest = checkpoints.list()?.pop();
        let steps = newest.as_ref().map(|(steps, _)| *steps);
        self.ranks.require_same_checkpoint(steps)?;
        let Some((_, path)) = newest else {
            return Ok(None);
        };
        if checkpoints.resume == Resume::Refuse {
            return Err(Error::Occupied { path });
        }
        let Document { run, state, .. } = file::read(&path)?;
        let there = Settings::of(run);
        if let Some((first, others)) = self.settings.differences(&there).split_first() {
            let others: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
            return Err(Error::OtherRun {
                setting: (*first).to_owned(),
                expected: self.settings.get(first).to_owned(),
                found: there.get(first).to_owned(),
                others: match others.is_empty() {
                    true => String::new(),
                    false => format!(" (and another {})", others.join(", ")),
                },
                path,
            });
        }
        if state.stage + usize::from(state.within.is_some()) > self.stages {
            return Err(Error::Checkpoint {
                path,
                part: "metadata field `stage`".to_owned(),
                expected: format!("a place in {} stages", self.stages),
                found: state.stage.to_string(),
                remedy: file::DAMAGED,
            });
        }
        self.saved = state.steps;
        Ok(Some(Found { path, state }))
    }

    /// Whether the run is stored.
    pub(crate) fn is_on(&self) -> bool {
        self.checkpoints.is_some()
    }

    /// Whether a checkpoint is due after so many batches of the run, or the run is to end.
    pub(crate) fn is_due(&self, steps: u64) -> bool {
        self.checkpoints
            .as_ref()
            .is_some_and(|c| steps >= self.saved + c.every_steps as u64 || self.must_end())
    }

    /// Whether this process is asked to end.
    pub(crate) fn is_interrupted(&self) -> bool {
        let checkpoints = self.checkpoints.as_ref();
        checkpoints.is_some_and(|c| c.interrupt.is_requested())
    }

    /// Whether the run is to end: several ranks do so at the batch at which all know of it.
    fn must_end(&self) -> bool {
        match self.ranks.size() {
            1 => self.is_interrupted(),
            _ => self.interrupted,
        }
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// [`Error::CheckpointIo`]; [`Error::Interrupted`] where the run is to end, when all is written.
    pub(crate) fn save(&mut self, state: TrainState) -> Result<()> {
        let Some(checkpoints) = &self.checkpoints else {
            return Ok(());
        };
        let (steps, best) = (state.steps, best(&state.epochs));
        let path = folder::path_of(&checkpoints.folder, steps);
        if self.ranks.is_first() {
            file::write(&path, self.settings.list(), state)?;
            folder::prune(&checkpoints.folder, checkpoints.keep, best)?;
        }
        self.saved = steps;
        match self.must_end() {
            true => Err(Error::Interrupted { path }),
            false => Ok(()),
        }
    }
}

/// The number of batches until the end of the epoch with the lowest validation loss.
fn best(epochs: &[EpochRecord]) -> Option<u64> {
    let scored = epochs.iter().filter_map(|record| {
        let loss = record.end.valid_loss?;
        (!loss.is_nan()).then_some((loss, record.steps))
    });
    scored
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, steps)| steps)
}
