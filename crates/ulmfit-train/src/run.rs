//! How a run is carried out: seed, scoring, checkpoints, observers.

use crate::checkpoint::Checkpoints;
use crate::observe::Observer;
use crate::peers::Peers;
use crate::validate::Validate;

/// How a run is carried out, whatever is trained: seed, scoring, checkpoints, observers. [`fit`](crate::fit), the
/// [`steps`](crate::steps) and [`Ulmfit`](crate::Ulmfit) take one.
///
/// | field | default |
/// |---|---|
/// | `seed` | 0 |
/// | `validate` | [`Validate::EachEpoch`] (all fastai) |
/// | `checkpoints` | none |
/// | `observers` | none |
/// | `peers` | none: one process |
///
/// ```
/// use ulmfit_train::observe::{EarlyStopping, History};
/// use ulmfit_train::{Run, Validate};
///
/// let (mut history, mut stop) = (History::default(), EarlyStopping::default());
/// let run = Run::new(&mut history).with_observer(&mut stop).with_seed(3);
/// assert_eq!((run.seed, run.observers.len()), (3, 2));
/// ```
#[derive(Default)]
pub struct Run<'a> {
    /// Every random number of the run follows from this.
    pub seed: u64,
    /// How often validation data are scored.
    pub validate: Validate,
    /// Where the run is stored, so that it can be killed anywhere and resumed. The [`steps`](crate::steps) store each in a
    /// folder of its own within this one, named `pretrain`, `adapt`, `finetune` and `classify`.
    pub checkpoints: Option<Checkpoints>,
    /// Told of every batch and epoch, in order; may stop a stage.
    pub observers: Vec<&'a mut dyn Observer>,
    /// The processes that train the same model together.
    pub peers: Option<&'a dyn Peers>,
}

impl<'a> Run<'a> {
    /// The defaults with one observer.
    pub fn new(observer: &'a mut dyn Observer) -> Self {
        Self::default().with_observer(observer)
    }

    /// With a further observer.
    #[must_use]
    pub fn with_observer(mut self, observer: &'a mut dyn Observer) -> Self {
        self.observers.push(observer);
        self
    }

    /// With this seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// With validation data scored more rarely.
    #[must_use]
    pub fn with_validate(self, validate: Validate) -> Self {
        Self { validate, ..self }
    }

    /// With checkpoints, or none.
    #[must_use]
    pub fn with_checkpoints(self, checkpoints: impl Into<Option<Checkpoints>>) -> Self {
        let checkpoints = checkpoints.into();
        Self {
            checkpoints,
            ..self
        }
    }

    /// As one of several processes, whose learner takes the part of its rank.
    #[must_use]
    pub fn with_peers(self, peers: &'a dyn Peers) -> Self {
        let peers = Some(peers);
        Self { peers, ..self }
    }

    /// The run of one step of several: the same observers, in a folder of its own, with its own seed.
    pub(crate) fn of_step(&mut self, step: &str, seed: u64) -> Run<'_> {
        Run {
            seed,
            validate: self.validate,
            checkpoints: self.checkpoints.as_ref().map(|all| all.within(step)),
            observers: vec![&mut self.observers],
            peers: self.peers,
        }
    }
}
