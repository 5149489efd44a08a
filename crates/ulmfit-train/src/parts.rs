//! A language model whose batches are cut into parts, for one process or several.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::Device;
use ulmfit_data::LmBatch;
use ulmfit_model::{HiddenState, LanguageModel, Mode};

use crate::error::{Error, Result};
use crate::groups::LayerGroups;
use crate::language_model::{LmLearner, LmScores};
use crate::learner::{BatchLoss, Carry, Learner};
use crate::settings::Settings;
use crate::tensors::Tensors;

/// A language model whose batches are cut by rows into equal parts: one rank of several takes one part, and a process that
/// is alone takes all of them in turn. Each part keeps its own hidden state and draws its own masks, so that both train the
/// same bits if the lone process accumulates as many batches as there are parts.
#[derive(Clone, Debug)]
pub struct LmParts<'a> {
    learner: LmLearner<'a>,
    parts: usize,
    here: Range<usize>,
}

impl<'a> LmParts<'a> {
    /// All of `parts` parts.
    ///
    /// # Errors
    /// [`Error::Parts`] if the rows of a batch cannot be cut into so many equal parts.
    pub fn new(learner: LmLearner<'a>, parts: usize) -> Result<Self> {
        let rows = learner.rows();
        if parts == 0 || !rows.is_multiple_of(parts) {
            return Err(Error::Parts { rows, parts });
        }
        Ok(Self {
            learner,
            parts,
            here: 0..parts,
        })
    }

    /// The part of one rank.
    #[must_use]
    pub fn of_rank(self, rank: usize) -> Self {
        Self {
            here: rank..rank + 1,
            ..self
        }
    }
}

impl Learner for LmParts<'_> {
    type Model = LanguageModel;
    type Batch = (usize, LmBatch);
    type Carry = BTreeMap<usize, HiddenState>;
    type Scores = LmScores;

    fn groups(&self, model: &LanguageModel) -> LayerGroups {
        self.learner.groups(model)
    }

    fn n_batches(&self, epoch: usize) -> usize {
        self.parts * self.learner.n_batches(epoch)
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = (usize, LmBatch)> {
        let begun = match self.here.len() == self.parts {
            true => first % self.parts,
            false => 0,
        };
        let whole = self.learner.batches(epoch, first / self.parts);
        whole
            .flat_map(|batch| {
                let rows = batch.inputs.rows() / self.parts;
                let here = self.here.clone();
                here.map(move |part| (part, batch.of_rows(part * rows..(part + 1) * rows)))
            })
            .skip(begun)
    }

    fn loss(
        &self,
        model: &LanguageModel,
        (part, batch): &(usize, LmBatch),
        carry: &mut Option<Self::Carry>,
        mode: &mut Mode,
    ) -> BatchLoss {
        let states = carry.get_or_insert_default();
        states.retain(|part, _| self.here.contains(part));
        // The parts that are elsewhere draw as well.
        let (before, after) = match self.here.len() == self.parts {
            true => (0, 0),
            false => (*part, self.parts - part - 1),
        };
        let skip = |mode: &mut Mode, n| (0..n).for_each(|_| drop(mode.fork()));
        skip(mode, before);
        let mut own = mode.fork();
        skip(mode, after);
        let mut state = states.remove(part);
        let loss = self.learner.loss(model, batch, &mut state, &mut own);
        states.extend(state.map(|state| (*part, state)));
        loss
    }

    fn evaluate(&self, model: &LanguageModel) -> Option<LmScores> {
        self.learner.evaluate(model)
    }

    fn describe(&self, model: &LanguageModel, settings: &mut Settings) {
        self.learner.describe(model, settings);
        settings.add("parts of a batch", &self.parts);
    }
}

/// By number.
impl<C: Carry> Carry for BTreeMap<usize, C> {
    fn to_tensors(&self) -> Tensors {
        let mut tensors = Tensors::default();
        for (number, carry) in self {
            tensors.add_within(&number.to_string(), carry.to_tensors());
        }
        tensors
    }

    fn from_tensors(mut tensors: Tensors, device: &Device) -> Result<Self> {
        let numbers = tensors.names().filter_map(|name| name.split('.').next());
        let mut numbers: Vec<usize> = numbers.filter_map(|number| number.parse().ok()).collect();
        numbers.dedup();
        let carries = numbers.into_iter().map(|number| {
            let own = tensors.split_within(&number.to_string());
            Ok((number, C::from_tensors(own, device)?))
        });
        carries.collect()
    }
}
