//! What can go wrong in training.

use std::path::{Path, PathBuf};

use crate::schedule::{RatesError, ScheduleError};

/// An error of this crate. Every message names what was expected, what was found and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The loss is not a finite number.
    #[error(
        "stage `{stage}`, epoch {epoch}, batch {batch}: the loss is {loss}, expected a finite number; \
         lower the learning rate or clip the gradients"
    )]
    NotFinite {
        /// The stage.
        stage: String,
        /// The epoch within the stage, from 1.
        epoch: usize,
        /// The batch within the epoch, from 1.
        batch: usize,
        /// The loss that was found.
        loss: f64,
    },
    /// There is too little to train on.
    #[error("{what}: expected at least {expected}, found {found}; give more text")]
    TooLittle {
        /// What there is too little of.
        what: &'static str,
        /// How much is needed.
        expected: usize,
        /// How much there is.
        found: usize,
    },
    /// A recipe names a group that the model does not have.
    #[error(
        "stage `{stage}`: expected to train 1 to {groups} layer groups, found {found}; the model has {groups}: change the stage, \
         or take a model of more layers"
    )]
    Groups {
        /// The stage.
        stage: String,
        /// The groups of the model.
        groups: usize,
        /// The groups that were asked for.
        found: usize,
    },
    /// A recipe names a group that the model does not have.
    #[error(
        "stage `{stage}`: expected the number of a layer group, 0 to {}, found {found}; the model has {groups}",
        groups.saturating_sub(1)
    )]
    Group {
        /// The stage.
        stage: String,
        /// The groups of the model.
        groups: usize,
        /// The group that was asked for, from 0.
        found: usize,
    },
    /// No recipe is registered under this name.
    #[error("unknown recipe \"{name}\"; known: {known}")]
    UnknownRecipe {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A recipe's text cannot be read.
    #[error("recipe: {message}")]
    RecipeText {
        /// Which field or line, what was expected and what was found.
        message: String,
    },
    /// A recipe holds what its text form cannot.
    #[error("recipe: cannot be written: {message}")]
    RecipeValue {
        /// What it is.
        message: String,
    },
    /// A setting is out of range.
    #[error("{name}: expected {expected}, found {found}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Something needs the loss or metric of validation data, and there is none.
    #[error(
        "{who} needs {what} after every epoch, found none; give validation data and score them after each epoch"
    )]
    NoValidation {
        /// Who needs it.
        who: &'static str,
        /// What it needs.
        what: &'static str,
    },
    /// A log could not be written.
    #[error("writing the log {}: {source}; free space or choose another place", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A checkpoint could not be read or written, or its folder not be used.
    #[error("cannot {verb} the checkpoint {}: {source}; mend this and resume, the checkpoints before are whole", path.display())]
    CheckpointIo {
        /// The file or folder.
        path: PathBuf,
        /// What failed: `read`, `write`, `make`, `list`, `remove`.
        verb: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A checkpoint is damaged, or is none.
    #[error("{}, {part}: expected {expected}, found {found}; {remedy}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// The part of the file.
        part: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A checkpoint is of a run with other settings or data.
    #[error(
        "{} is of another run: expected `{setting}` {expected}, found {found}{others}; \
         resume with the same settings and data, or choose another folder",
        path.display()
    )]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// The first setting that differs.
        setting: String,
        /// Its value in this run.
        expected: String,
        /// Its value in the checkpoint.
        found: String,
        /// The names of further ones that differ, in brackets, or nothing.
        others: String,
    },
    /// A new run would replace the checkpoints of an old one.
    #[error("expected a folder without checkpoints, found {}; resume that run, or choose another folder", path.display())]
    Occupied {
        /// The newest checkpoint.
        path: PathBuf,
    },
    /// The run was asked to end, and is stored.
    #[error("interrupted; the run is stored in {}, resume it to go on at the very step", path.display())]
    Interrupted {
        /// The checkpoint.
        path: PathBuf,
    },
    /// A batch cannot be cut into equal parts.
    #[error(
        "expected a batch size that {parts} parts divide, found {rows} rows; choose another batch size or another number of ranks"
    )]
    Parts {
        /// The rows of a batch.
        rows: usize,
        /// The parts, one for each rank.
        parts: usize,
    },
    /// The processes of a run are not of one run.
    #[error(
        "rank {rank} has another run: expected {what} {expected}, found {found}; start every rank with the same command, files \
         and version, and give them one folder of checkpoints"
    )]
    OtherRank {
        /// The rank that differs.
        rank: usize,
        /// What differs.
        what: String,
        /// As this rank has it.
        expected: String,
        /// As that rank has it.
        found: String,
    },
    /// The other processes cannot be reached or understood.
    #[error(
        "training in several processes: {message}; start all of them again, with resume to go on from the last checkpoint"
    )]
    Peers {
        /// What happened.
        message: String,
    },
    /// A learner's batches are not as many as it says.
    #[error(
        "epoch {epoch} of the run: expected {expected} batches, as `Learner::n_batches` says, found {found}; mend `Learner::batches`"
    )]
    Batches {
        /// The epoch, from 0 through the whole run.
        epoch: usize,
        /// What `n_batches` says.
        expected: usize,
        /// What `batches` gave.
        found: usize,
    },
    /// A stored tensor does not fit.
    #[error(
        "tensor `{name}`: expected {expected}, found {found}; give the state of this very model"
    )]
    Tensor {
        /// Its name.
        name: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A model that is to be trained is outside of autodiff.
    #[error(
        "layer group {group} of {groups}: expected parameters on an autodiff device, found some that take no gradient; \
         load or make the whole model on `device.autodiff()`, or call `model.train()`"
    )]
    NotTrainable {
        /// The group, from the bottom, from 0.
        group: usize,
        /// The groups of the model.
        groups: usize,
    },
    /// A schedule's fields are out of range.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The learning rates of the groups are not valid.
    #[error(transparent)]
    Rates(#[from] RatesError),
    /// The corpus is not valid for this task.
    #[error(transparent)]
    Data(#[from] ulmfit_data::Error),
    /// The model's configuration or file is not valid.
    #[error(transparent)]
    Model(#[from] ulmfit_model::Error),
}

impl Error {
    /// The same of a checkpoint, where it is of a tensor.
    pub(crate) fn in_checkpoint(self, path: &Path) -> Self {
        match self {
            Self::Tensor {
                name,
                expected,
                found,
            } => Self::Checkpoint {
                path: path.to_owned(),
                part: format!("tensor `{name}`"),
                expected,
                found,
                remedy: "it is of another model, or damaged: name another file, or delete it to resume from the one before it",
            },
            other => other,
        }
    }
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
