//! The lesson of ratings: batches of shuffled ratings, squared error.

use ulmfit::burn::module::Module as _;
use ulmfit::burn::tensor::{Tensor, TensorData};

use crate::fit::{Lesson, shuffled};
use crate::model::DotBias;
use crate::ratings::{Rating, Ratings, root_mean_square};

/// Ratings of a batch, fastai's 64.
const BATCH: usize = 64;

/// Ratings to learn from and those held out.
pub(crate) struct Stars<'a> {
    ratings: &'a Ratings,
    seed: u64,
    order: Vec<usize>,
}

impl<'a> Stars<'a> {
    /// A lesson over the parts of `ratings`.
    pub(crate) fn new(ratings: &'a Ratings, seed: u64) -> Self {
        Self {
            ratings,
            seed,
            order: Vec::new(),
        }
    }
}

impl Lesson<DotBias> for Stars<'_> {
    const METRIC: &'static str = "rmse";

    fn n_batches(&self) -> usize {
        self.ratings.train.len().div_ceil(BATCH)
    }

    fn start(&mut self, epoch: usize) {
        self.order = shuffled(self.ratings.train.len(), self.seed, epoch);
    }

    fn loss(&mut self, model: &DotBias, batch: usize) -> (Tensor<1>, usize) {
        let rows = self.order.chunks(BATCH).nth(batch).unwrap_or_default();
        let batch: Vec<Rating> = rows.iter().map(|&row| self.ratings.train[row]).collect();
        let predicted = model.stars(&batch);
        let truth: Vec<f32> = batch.iter().map(|rating| rating.stars).collect();
        let truth = Tensor::from_data(TensorData::new(truth, [batch.len()]), &predicted.device());
        let error = predicted - truth;
        ((error.clone() * error).mean(), batch.len())
    }

    fn scores(&self, model: &DotBias) -> (f64, f64) {
        let rmse = rmse(&model.valid(), &self.ratings.valid);
        (rmse * rmse, rmse)
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
