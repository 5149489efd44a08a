//! Checkpoints: a run that is killed anywhere resumes at the very step, and ends in the same bits.
//!
//! A checkpoint is the [`TrainState`](crate::TrainState) of a run in one safetensors file:
//!
//! | part | where |
//! |---|---|
//! | weights, running statistics of normalizations | tensors `model.*` |
//! | moments, velocities and averages of the optimizer | tensors `optimizer.*` |
//! | what travels between batches, such as a hidden state | tensors `carry.*` |
//! | the model that an observer has kept | tensors `kept.*` |
//! | stage, epoch, batch; rates lowered by observers; sums of the epoch; steps of the optimizer; state of the masks' generator; reported epochs | JSON in the metadata |
//! | seed, settings, stages, data and starting weights of the run | JSON in the metadata |
//!
//! The order of the data needs no place: it is a function of seed and epoch. A file is written beside its name and
//! renamed, so a process that is killed while it writes leaves the checkpoints before it whole.
//!
//! Observers are told of the epochs before by [`Observer::epoch_replayed`](crate::observe::Observer::epoch_replayed),
//! so that early stopping and its like go on as if nothing had happened. What an observer of your own gathers from
//! single batches is not stored.

mod file;
mod folder;
mod interrupt;
mod writer;

use std::path::{Path, PathBuf};

use burn::module::Module;

use crate::error::{Error, Result};
use crate::tensors::Tensors;
pub(crate) use file::DAMAGED;
pub use interrupt::Interrupt;
pub(crate) use writer::{CheckpointWriter, Found};

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
/// use ulmfit_train::{Checkpoints, Resume, Run};
///
/// let checkpoints = Checkpoints::new("run-1").with_every_steps(50).with_resume(Resume::Newest);
/// let run = Run::default().with_checkpoints(checkpoints);
/// # let _ = run;
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

    /// The same in a folder within this one: for a run of several steps.
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

/// Writes the weights and running statistics of a module as a safetensors file, beside its name first; whether the module
/// trains or not, running statistics are up to date.
///
/// # Errors
/// [`Error::CheckpointIo`] if the file cannot be written.
///
/// ```
/// use burn::module::Param;
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_train::checkpoint::{load_weights, save_weights};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("net.safetensors");
/// let model = vec![Param::from_tensor(Tensor::<1>::ones([3], &Device::default()))];
/// save_weights(&path, &model)?;
/// let other = vec![Param::from_tensor(Tensor::<1>::zeros([3], &Device::default()))];
/// let read = load_weights(&path, &other)?;
/// assert_eq!(read[0].val().sum().into_scalar::<f32>(), 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save_weights<M: Module>(path: impl AsRef<Path>, model: &M) -> Result<()> {
    let path = path.as_ref();
    file::write_plain(path, &Tensors::of_module(model))
}

/// Returns `model` with the weights of a file of [`save_weights`], or of a checkpoint: a look at a run that is not
/// finished, or at its best epoch.
///
/// # Errors
/// [`Error::CheckpointIo`] or [`Error::Checkpoint`] for a file that cannot be read, is damaged, or is of a model of
/// other sizes.
pub fn load_weights<M: Module>(path: impl AsRef<Path>, model: &M) -> Result<M> {
    let path = path.as_ref();
    let weights = file::read_weights(path)?;
    let read = weights.into_module(model);
    read.map_err(|error| error.in_checkpoint(path))
}
