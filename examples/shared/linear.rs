//! A linear map with bias.

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param};
use ulmfit::burn::tensor::{Device, Tensor};
use ulmfit::model::Random;

/// `x W + b`
#[derive(Module, Debug)]
pub(crate) struct Linear {
    /// `[in, out]`
    pub(crate) weight: Param<Tensor<2>>,
    /// `[out]`
    pub(crate) bias: Param<Tensor<1>>,
}

impl Linear {
    /// Weights and bias from `U(-1/sqrt(in), 1/sqrt(in))`, PyTorch's default.
    pub(crate) fn new(width: usize, out: usize, random: &mut Random, device: &Device) -> Self {
        let bound = 1.0 / (width as f64).sqrt();
        Self {
            weight: Param::from_tensor(random.uniform([width, out], bound, device)),
            bias: Param::from_tensor(random.uniform([out], bound, device)),
        }
    }

    /// `[N, in]` to `[N, out]`.
    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.val()) + self.bias.val().unsqueeze::<2>()
    }
}
