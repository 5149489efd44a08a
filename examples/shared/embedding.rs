//! A table of vectors, one for each id.

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param};
use ulmfit::burn::tensor::{Device, Int, Tensor, TensorData};
use ulmfit::model::Random;

/// `N` rows of width `W`.
#[derive(Module, Debug)]
pub(crate) struct Embedding {
    /// `[N, W]`
    pub(crate) weight: Param<Tensor<2>>,
}

impl Embedding {
    /// Rows drawn from `U(-bound, bound)`.
    pub(crate) fn new(
        n: usize,
        width: usize,
        bound: f64,
        random: &mut Random,
        device: &Device,
    ) -> Self {
        let weight = Param::from_tensor(random.uniform([n, width], bound, device));
        Self { weight }
    }

    /// The rows of `ids`, `[ids, W]`.
    ///
    /// # Panics
    /// If an id is not below `N`.
    pub(crate) fn rows(&self, ids: &[u32]) -> Tensor<2> {
        let n = self.weight.dims()[0];
        assert!(
            ids.iter().all(|&id| (id as usize) < n),
            "an id is not below {n}"
        );
        let list: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
        let list = TensorData::new(list, [ids.len()]);
        let list = Tensor::<1, Int>::from_data(list, &self.weight.device());
        self.weight.val().select(0, list)
    }
}
