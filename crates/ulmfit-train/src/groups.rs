//! Layer groups: what is frozen and unfrozen together and shares a learning rate.
//!
//! | | groups, bottom first | source |
//! |---|---|---|
//! | language model | each LSTM layer; embedding with decoder | fastai v1 and v2 |
//! | classifier | embedding; each LSTM layer; head | fastai v1 and v2 |
//!
//! The language model's **last** group is the embedding: freezing all but the last trains the rows of new words first.

use burn::module::{Module, Param, ParamGroup, ParamId};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use ulmfit_model::{Classifier, LanguageModel};

use crate::error::{Error, Result};

/// Which layer groups a stage trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trained {
    /// The last `n` groups.
    Last(usize),
    /// One group alone, counted from the bottom, from 0: chain-thaw (Felbo et al. 2017; `freeze_all_but` of the paper's
    /// scripts).
    ///
    /// Deviation: the running statistics of the head's normalizations follow the data while the head is frozen, as in
    /// fastai v2; in v0.7, which the scripts use, they stand still. Neither trains a parameter of another group.
    Only(usize),
    /// All of them.
    All,
}

impl Trained {
    /// Whether group `group`, from the bottom, from 0, of `groups` is one of them.
    pub fn includes(self, group: usize, groups: usize) -> bool {
        match self {
            Self::Last(n) => group + n >= groups,
            Self::Only(only) => group == only,
            Self::All => true,
        }
    }

    /// Checks that a model of `groups` groups has them.
    ///
    /// # Errors
    /// [`Error::Groups`] or [`Error::Group`], with the name of the stage.
    pub(crate) fn check(self, stage: &str, groups: usize) -> Result<()> {
        let stage = || stage.to_owned();
        match self {
            Self::Only(found) if found >= groups => Err(Error::Group {
                stage: stage(),
                groups,
                found,
            }),
            Self::Last(found) if !(1..=groups).contains(&found) => Err(Error::Groups {
                stage: stage(),
                groups,
                found,
            }),
            _ => Ok(()),
        }
    }
}

/// The layer groups of a model, bottom first, the parameters that weight decay leaves alone, and those that are trained
/// even where their group is frozen.
#[derive(Clone, Debug)]
pub struct LayerGroups {
    groups: Vec<ParamGroup>,
    no_decay: ParamGroup,
    always: ParamGroup,
}

impl LayerGroups {
    /// Groups of a module of your own; `no_decay` takes no weight decay (under
    /// [`Decayed::FastaiV2`](crate::optimizer::Decayed)). None of it is trained while its group is frozen.
    pub fn new(groups: Vec<ParamGroup>, no_decay: ParamGroup) -> Self {
        Self {
            groups,
            no_decay,
            always: nothing(),
        }
    }

    /// One group of all parameters of a module, all of which take weight decay.
    pub fn whole<M: Module>(module: &M) -> Self {
        Self::new(vec![ParamGroup::ids_from_module(module.clone())], nothing())
    }

    /// With parameters that are trained even where their group is frozen.
    #[must_use]
    pub fn with_always_trained(self, always: ParamGroup) -> Self {
        Self { always, ..self }
    }

    /// The groups of a language model. As in fastai v2 the decoder's bias takes no decay, and the biases of the LSTM
    /// layers do.
    pub fn language_model(model: &LanguageModel) -> Self {
        let mut groups = layers(&model.encoder.layers);
        let embedding = ParamGroup::ids_from_module(model.encoder.embedding.clone());
        let bias = ParamGroup::ids_from_module(model.decoder_bias.clone());
        groups.push(embedding.fuse(&bias));
        Self::new(groups, bias)
    }

    /// The groups of a classifier. As in fastai v2 the head's normalizations take no decay, and are trained even where
    /// the head is frozen.
    pub fn classifier(model: &Classifier) -> Self {
        let mut groups = vec![ParamGroup::ids_from_module(model.encoder.embedding.clone())];
        groups.extend(layers(&model.encoder.layers));
        groups.push(ParamGroup::ids_from_module(model.head.clone()));
        let norms: Vec<_> = model
            .head
            .blocks
            .iter()
            .map(|block| block.norm.clone())
            .collect();
        let norms = ParamGroup::ids_from_module(norms);
        Self::new(groups, norms.clone()).with_always_trained(norms)
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The group of a parameter; the first that holds it.
    pub fn group_of(&self, id: ParamId) -> Option<usize> {
        self.groups
            .iter()
            .position(|group| group.matches(&id, None))
    }

    /// Whether weight decay acts on a parameter.
    pub fn decays(&self, id: ParamId) -> bool {
        !self.no_decay.matches(&id, None)
    }

    /// Whether a parameter is trained even where its group is frozen.
    pub fn always_trains(&self, id: ParamId) -> bool {
        self.always.matches(&id, None)
    }

    /// The model with only the named groups trainable: the others take no gradient, no decay and no update, and keep their
    /// dropout on. [`Trained::Only`] trains nothing beside its group, not even what is trained under frozen groups otherwise.
    #[must_use]
    pub fn train<M: Module>(&self, model: M, trained: Trained) -> M {
        let set = |model: M, (index, group): (usize, &ParamGroup)| {
            model.set_require_grad_group(group.clone(), trained.includes(index, self.len()))
        };
        let model = self.groups.iter().enumerate().fold(model, set);
        match trained {
            Trained::Only(_) => model,
            Trained::Last(_) | Trained::All => {
                model.set_require_grad_group(self.always.clone(), true)
            }
        }
    }

    /// The model with its first `n` groups frozen, or all but its last `-n` for a negative `n`: fastai's `freeze_to`.
    #[must_use]
    pub fn freeze_to<M: Module>(&self, model: M, n: isize) -> M {
        let trained = if n < 0 {
            n.unsigned_abs()
        } else {
            self.groups.len().saturating_sub(n.unsigned_abs())
        };
        self.train(model, Trained::Last(trained))
    }
}

/// The group of no parameter.
fn nothing() -> ParamGroup {
    ParamGroup::ids_from_module(Vec::<Param<Tensor<1>>>::new())
}

fn layers<M: Module>(layers: &[M]) -> Vec<ParamGroup> {
    layers
        .iter()
        .map(|layer| ParamGroup::ids_from_module(layer.clone()))
        .collect()
}
