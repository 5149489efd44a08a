//! The lesson of ratings: batches of shuffled ratings, squared error.

use ulmfit::burn::module::Module as _;
use ulmfit::burn::tensor::{Tensor, TensorData};
use ulmfit::prelude::*;
use ulmfit::train::{BatchLoss, Learner, Scores, Settings, epoch_order};

use crate::model::DotBias;
use crate::ratings::{Rating, Ratings, root_mean_square};

/// Ratings of a batch, fastai's 64.
const BATCH: usize = 64;

/// Ratings to learn from and those held out.
pub(crate) struct Stars<'a> {
    ratings: &'a Ratings,
    seed: u64,
}

impl<'a> Stars<'a> {
    /// A lesson over the parts of `ratings`.
    pub(crate) fn new(ratings: &'a Ratings, seed: u64) -> Self {
        Self { ratings, seed }
    }
}

impl Learner for Stars<'_> {
    type Model = DotBias;
    type Batch = Vec<Rating>;
    type Carry = ();
    type Scores = Scores;

    fn groups(&self, model: &DotBias) -> LayerGroups {
        model.groups()
    }

    fn n_batches(&self, _: usize) -> usize {
        self.ratings.train.len().div_ceil(BATCH)
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = Vec<Rating>> {
        let order = epoch_order(self.ratings.train.len(), self.seed, epoch);
        (first..self.n_batches(epoch)).map(move |batch| {
            let rows = order.iter().skip(batch * BATCH).take(BATCH);
            rows.map(|&row| self.ratings.train[row]).collect()
        })
    }

    fn loss(
        &self,
        model: &DotBias,
        batch: &Vec<Rating>,
        _: &mut Option<()>,
        _: &mut Mode,
    ) -> BatchLoss {
        let predicted = model.stars(batch);
        let truth: Vec<f32> = batch.iter().map(|rating| rating.stars).collect();
        let truth = Tensor::from_data(TensorData::new(truth, [batch.len()]), &predicted.device());
        let error = predicted - truth;
        BatchLoss::new((error.clone() * error).mean(), batch.len())
    }

    fn evaluate(&self, model: &DotBias) -> Option<Scores> {
        let rmse = rmse(&model.valid(), &self.ratings.valid);
        Some(Scores::new(rmse * rmse).lower_is_better("rmse", rmse))
    }

    fn describe(&self, _: &DotBias, settings: &mut Settings) {
        settings.add("ratings", &[&self.ratings.train, &self.ratings.valid]);
    }
}

/// The root of the mean squared error of a model on ratings.
pub(crate) fn rmse(model: &DotBias, ratings: &[Rating]) -> f64 {
    let predicted: Vec<f32> = model.stars(ratings).into_data().iter::<f32>().collect();
    root_mean_square(
        predicted
            .iter()
            .zip(ratings)
            .map(|(p, rating)| f64::from(p - rating.stars)),
    )
}
