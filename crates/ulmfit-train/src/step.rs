//! A step of training: from the loss of a batch to changed weights.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::error::{Error, Result};
use crate::gradients::ParamGradients;
use crate::groups::{LayerGroups, Trained};
use crate::learner::BatchLoss;
use crate::loss_scale::LossScale;
use crate::optimizer::Optimizer;
use crate::peers::Ranks;

/// Backward pass, loss scale, accumulation and optimizer.
pub(crate) struct Stepper {
    pub(crate) optimizer: Optimizer,
    pub(crate) loss_scale: LossScale,
    accumulate: usize,
    gathered: Option<ParamGradients>,
    n_gathered: usize,
}

impl Stepper {
    /// Steps of `optimizer`, each along the mean gradient of `accumulate` batches.
    pub(crate) fn new(optimizer: Optimizer, accumulate: usize) -> Self {
        Self {
            optimizer,
            loss_scale: LossScale::default(),
            accumulate,
            gathered: None,
            n_gathered: 0,
        }
    }

    /// Whether gradients wait for those of further batches.
    pub(crate) fn gathers(&self) -> bool {
        self.gathered.is_some()
    }

    /// The model after a batch: stepped, unless more batches are to be gathered first (after the `last` one of an epoch
    /// none are), or the gradients are those of too large a loss scale.
    pub(crate) fn step<M: Module>(
        &mut self,
        model: M,
        loss: BatchLoss,
        last: bool,
        groups: &LayerGroups,
        (rates, momentum): (Vec<f64>, f64),
        ranks: Ranks<'_>,
    ) -> Result<M> {
        let weight = loss.weight.max(1) as f64;
        let new = self.loss_scale.backward(&model, loss.objective, weight);
        let gathered = match self.gathered.take() {
            Some(mut gathered) => {
                gathered.join(new);
                gathered
            }
            None => new,
        };
        self.n_gathered += 1;
        if self.n_gathered < self.accumulate && !last {
            self.gathered = Some(gathered);
            return Ok(model);
        }
        self.n_gathered = 0;
        let gathered = ranks.join(gathered)?;
        if !self.loss_scale.accepts(&gathered) {
            return Ok(model);
        }
        let stepped = self
            .optimizer
            .apply(model, gathered, groups, &rates, momentum);
        Ok(stepped)
    }
}

/// Refuses a model whose trained groups are outside of autodiff: they would take no gradient, and stay as they are.
pub(crate) fn require_autodiff<M: Module>(
    model: &M,
    groups: &LayerGroups,
    trained: Trained,
) -> Result<()> {
    struct Look<'a>(&'a LayerGroups, Trained, Option<(usize, usize)>);
    impl ModuleVisitor for Look<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let Self(groups, trained, outside) = self;
            let n = groups.len();
            let group = groups.group_of(param.id);
            let group = group.filter(|group| trained.includes(*group, n));
            if let Some(group) = group.filter(|_| !param.val().is_autodiff()) {
                outside.get_or_insert((group, n));
            }
        }
    }
    let mut look = Look(groups, trained, None);
    model.visit(&mut look);
    match look.2 {
        None => Ok(()),
        Some((group, groups)) => Err(Error::NotTrainable { group, groups }),
    }
}
