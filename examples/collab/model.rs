//! Vectors and biases of users and items (fastai's `EmbeddingDotBias`).

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param, ParamGroup};
use ulmfit::burn::tensor::{Device, Tensor};
use ulmfit::model::Random;
use ulmfit::prelude::*;

use crate::embedding::Embedding;
use crate::ratings::Rating;

/// The sizes of a model; users and items include number 0, the unknown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) users: usize,
    pub(crate) items: usize,
    pub(crate) factors: usize,
}

/// `mean + user's bias + item's bias + user's vector . item's vector`
///
/// No rating of training moves number 0, the unknown; it is made the average of the known when they have been learned.
///
/// Deviation: fastai squeezes the sum into the range of the stars by a sigmoid. Here it is left as it is: the stars of
/// the average user are then the average of the users' stars.
#[derive(Module, Debug)]
pub(crate) struct DotBias {
    users: Embedding,
    items: Embedding,
    user_bias: Embedding,
    item_bias: Embedding,
    #[module(skip)]
    mean: f64,
}

impl Sizes {
    /// A new model around the mean rating.
    pub(crate) fn init(self, mean: f64, seed: u64, device: &Device) -> DotBias {
        let mut random = Random::new(seed);
        let mut vectors = |n, width, bound| {
            let drawn = Embedding::new(n, width, bound, &mut random, device)
                .weight
                .val();
            let known = drawn.inner().slice([1..n, 0..width]);
            let unknown = Tensor::zeros([1, width], &known.device());
            let weight = Tensor::from_inner(Tensor::cat(vec![unknown, known], 0));
            Embedding {
                weight: Param::from_tensor(weight),
            }
        };
        DotBias {
            users: vectors(self.users, self.factors, 0.1),
            items: vectors(self.items, self.factors, 0.1),
            user_bias: vectors(self.users, 1, 0.0),
            item_bias: vectors(self.items, 1, 0.0),
            mean,
        }
    }
}

impl DotBias {
    /// Two groups, bottom first: vectors, biases.
    pub(crate) fn groups(&self) -> LayerGroups {
        let group =
            |a: &Embedding, b: &Embedding| ParamGroup::from_ids(vec![a.weight.id, b.weight.id]);
        let groups = vec![
            group(&self.users, &self.items),
            group(&self.user_bias, &self.item_bias),
        ];
        LayerGroups::new(groups, ParamGroup::from_ids(Vec::new()))
    }

    /// The model, outside of autodiff, with number 0 as the average of all others.
    pub(crate) fn with_average_unknown(&self) -> Self {
        let settled = |table: &Embedding| {
            let [n, width] = table.weight.dims();
            let known = table.weight.val().slice([1..n, 0..width]);
            let weight = Tensor::cat(vec![known.clone().mean_dim(0), known], 0);
            Embedding {
                weight: Param::from_tensor(weight),
            }
        };
        let Self {
            users,
            items,
            user_bias,
            item_bias,
            mean,
        } = &self.valid();
        Self {
            users: settled(users),
            items: settled(items),
            user_bias: settled(user_bias),
            item_bias: settled(item_bias),
            mean: *mean,
        }
    }

    /// The stars that users would give items, `[N]`; the stars of `ratings` are not looked at.
    pub(crate) fn stars(&self, ratings: &[Rating]) -> Tensor<1> {
        let users: Vec<u32> = ratings.iter().map(|rating| rating.user).collect();
        let items: Vec<u32> = ratings.iter().map(|rating| rating.item).collect();
        let dot = (self.users.rows(&users) * self.items.rows(&items)).sum_dim(1);
        let sum = dot + self.user_bias.rows(&users) + self.item_bias.rows(&items);
        sum.reshape([ratings.len()]) + self.mean
    }
}
