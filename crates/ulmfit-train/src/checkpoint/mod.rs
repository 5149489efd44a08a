//! Checkpoints: a run that was cut anywhere goes on at the very step, and ends in the same bits.
//!
//! A checkpoint is one safetensors file with everything that the next batch depends on:
//!
//! | part | where |
//! |---|---|
//! | weights, running statistics of normalizations | tensors `model.*` |
//! | moments, velocities and averages of the optimizer | tensors `optimizer.*` |
//! | hidden state of a language model's stream | tensors `hidden.*` |
//! | the model that an observer had kept | tensors `kept.*` |
//! | stage, epoch, batch; rates lowered by observers; sums of the epoch; steps of the optimizer; state of the masks' generator; reported epochs | JSON in the metadata |
//! | seed, settings, stages, data and starting weights of the run | JSON in the metadata |
//!
//! The order of the data needs no place: it is a function of seed and epoch. A file is written beside its name and
//! renamed, so a process that is killed while it writes leaves the checkpoints before it whole.
//!
//! Observers are told of the epochs before by [`Observer::epoch_replayed`](crate::observe::Observer::epoch_replayed),
//! so that early stopping and its like go on as if nothing had happened. What an observer of your own remembers of
//! single batches is not stored.
//!
//! * `document.rs`: the JSON; `file.rs`: the file; `folder.rs`: which files there are.
//! * `params.rs`, `memory.rs`: models, optimizers and hidden states to tensors and back.
//! * `interrupt.rs`: to end a run at its next step, stored.
//! * `settings.rs`: whether a checkpoint is of this run; `keeper.rs`: what the loops call.

mod document;
mod file;
mod folder;
mod interrupt;
mod keeper;
mod memory;
mod params;
mod settings;

use std::path::{Path, PathBuf};

use burn::module::Module;

use crate::error::{Error, Result};
pub(crate) use document::Position;
pub use interrupt::Interrupt;
pub(crate) use keeper::{Entry, Keeper};
pub(crate) use settings::Settings;

/// What happens where a folder holds checkpoints already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resume {
    /// The run begins anew, and refuses a folder with checkpoints: they may be the only trace of many hours.
    #[default]
    Refuse,
    /// The run goes on from the newest one; without any it begins.
    Newest,
}

/// Where and how often a run is stored.
///
/// | field | default |
/// |---|---|
/// | `every_steps` | 200 batches |
/// | `keep` | 2 |
/// | `resume` | [`Resume::Refuse`] |
/// | `interrupt` | never asked for |
///
/// A checkpoint takes the space of the weights three times with Adam (weights and two moments); about 540 MB for the
/// standard sizes and 60,000 words.
///
/// ```no_run
/// use ulmfit_train::{Checkpoints, FitConfig, Resume};
///
/// let checkpoints = Checkpoints::new("run-1").with_every_steps(50).with_resume(Resume::Newest);
/// let mut nobody = ();
/// let fit = FitConfig::new(&mut nobody).with_checkpoints(checkpoints);
/// # let _ = fit;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// The folder, of this run alone; it is made if it is not there.
    pub folder: PathBuf,
    /// A checkpoint is due after so many batches, and written after the next step of the optimizer. Each epoch ends in
    /// one, too.
    pub every_steps: usize,
    /// So many of the newest ones are kept, and that of the epoch with the lowest validation loss.
    pub keep: usize,
    /// What happens with checkpoints that are there.
    pub resume: Resume,
    /// Ends the run at its next step, stored, when it is asked for.
    pub interrupt: Interrupt,
}

impl Checkpoints {
    /// Checkpoints in `folder`, every 200 batches, two kept.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            every_steps: 200,
            keep: 2,
            resume: Resume::default(),
            interrupt: Interrupt::default(),
        }
    }

    /// With a checkpoint every so many batches.
    #[must_use]
    pub fn with_every_steps(self, every_steps: usize) -> Self {
        Self {
            every_steps,
            ..self
        }
    }

    /// With so many of the newest kept.
    #[must_use]
    pub fn with_keep(self, keep: usize) -> Self {
        Self { keep, ..self }
    }

    /// With another answer to checkpoints that are there.
    #[must_use]
    pub fn with_resume(self, resume: Resume) -> Self {
        Self { resume, ..self }
    }

    /// With a switch that ends the run.
    #[must_use]
    pub fn with_interrupt(self, interrupt: &Interrupt) -> Self {
        let interrupt = interrupt.clone();
        Self { interrupt, ..self }
    }

    /// The same in a folder within this one: for a run of several fits.
    #[must_use]
    pub fn within(&self, name: &str) -> Self {
        Self {
            folder: self.folder.join(name),
            ..self.clone()
        }
    }

    /// The checkpoints that are there by the number of their batches, oldest first.
    ///
    /// # Errors
    /// [`Error::CheckpointIo`] if the folder cannot be listed.
    pub fn list(&self) -> Result<Vec<(u64, PathBuf)>> {
        folder::list(&self.folder)
    }

    fn check(&self) -> Result<()> {
        for (name, value) in [("every_steps", self.every_steps), ("keep", self.keep)] {
            if value == 0 {
                return Err(Error::Setting {
                    name,
                    expected: "at least 1",
                    found: "0".to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// Returns `model` with the weights of a checkpoint: a look at a run that is not finished, or at its best epoch.
///
/// # Errors
/// [`Error::CheckpointIo`] or [`Error::Checkpoint`] for a file that cannot be read, is damaged, or is of a model of
/// other sizes.
pub fn load_weights<M: Module>(path: impl AsRef<Path>, model: &M) -> Result<M> {
    let (_, mut reader) = file::Reader::open(path.as_ref())?;
    params::read_module(&mut reader, "model", model)
}
