//! A crate of somebody else: everything that it uses is public, nothing is private to the library.
//!
//! Two networks that ulmfit has never heard of become learners of its loop, and so does [a head of one's own](own_head) on
//! the library's encoder; [`own_loop`] does without that loop.

pub mod convolution;
pub mod own_head;
pub mod own_loop;
pub mod recurrence;

use ulmfit::prelude::*;
use ulmfit::train::observe::{EarlyStopping, KeepBest};
use ulmfit::train::schedule::GroupRates;
use ulmfit::train::{Checkpoints, Learner, Resume, Run, Training, fit};

/// Trains through two stages, with early stopping and the best epoch kept, and returns the model; `observer` watches.
///
/// # Errors
/// As [`fit`].
pub fn train<L: Learner>(
    learner: &L,
    model: L::Model,
    folder: Option<&std::path::Path>,
    observer: &mut dyn ulmfit::train::observe::Observer,
) -> ulmfit::train::Result<L::Model> {
    let stages = [
        Stage::one_cycle("top", 2, Trained::Last(1), GroupRates::Same(1e-2)),
        Stage::one_cycle("all", 6, Trained::All, GroupRates::paper(3e-2)),
    ];
    let checkpoints = folder.map(|folder| {
        Checkpoints::new(folder)
            .with_every_steps(3)
            .with_resume(Resume::Newest)
    });
    let mut stop = EarlyStopping::default().with_patience(3);
    let mut best = KeepBest::default();
    let mut run = Run::new(observer)
        .with_observer(&mut stop)
        .with_observer(&mut best)
        .with_seed(4)
        .with_checkpoints(checkpoints);
    Ok(fit(learner, model, &Training::new(stages), &mut run)?.model)
}
