//! Batch normalization with PyTorch's running statistics.

use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor};

use crate::encoder::dropout::Mode;

/// Added to the variance (PyTorch's default).
const EPS: f64 = 1e-5;
/// The weight of a new batch in the running statistics (PyTorch's default).
const MOMENTUM: f64 = 0.1;

/// Batch normalization over the rows of `[B, W]`.
///
/// Deviation from `burn::nn::BatchNorm`: the running variance is the unbiased one, as in PyTorch; with small batches
/// the two drift apart.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Scale, `[W]`, at first 1.
    pub weight: Param<Tensor<1>>,
    /// Shift, `[W]`, at first 1e-3 (fastai v2; PyTorch, fastai v1 and v0.7 start at 0).
    pub bias: Param<Tensor<1>>,
    /// `[W]`, at first 0.
    pub running_mean: RunningState<Tensor<1>>,
    /// `[W]`, at first 1.
    pub running_var: RunningState<Tensor<1>>,
}

impl BatchNorm {
    /// A new normalization of `width` features.
    pub fn new(width: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([width], device)),
            bias: Param::from_tensor(Tensor::ones([width], device) * 1e-3),
            running_mean: RunningState::new(Tensor::zeros([width], device)),
            running_var: RunningState::new(Tensor::ones([width], device)),
        }
    }

    /// `x [B, W]` normalized by the batch's statistics in training (which then join the running ones), else by the
    /// running ones.
    pub fn forward(&self, x: Tensor<2>, mode: &Mode) -> Tensor<2> {
        let (centered, var) = if mode.is_train() {
            self.batch_statistics(x)
        } else {
            let kept = |s: &RunningState<Tensor<1>>| {
                s.value_sync().to_device(&x.device()).unsqueeze::<2>()
            };
            (
                x.clone() - kept(&self.running_mean),
                kept(&self.running_var),
            )
        };
        let normalized = centered / (var + EPS).sqrt();
        normalized * self.weight.val().unsqueeze::<2>() + self.bias.val().unsqueeze::<2>()
    }

    /// The rows less their mean, and their variance.
    fn batch_statistics(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let [rows, width] = x.dims();
        // Pooled documents are often nearly equal. Their differences from one of them are exact, a rounded mean is not,
        // and its error would be divided by their small deviation (PyTorch sums in f64 for this).
        let first = x.clone().detach().slice([0..1, 0..width]);
        let apart = x - first.clone();
        let mean = apart.clone().mean_dim(0);
        let centered = apart - mean.clone();
        let var = (centered.clone() * centered.clone()).mean_dim(0);
        let unbiased = rows as f64 / (rows.max(2) - 1) as f64;
        let plain = |x: Tensor<2>| x.detach().reshape([width]);
        let blend = |running: &RunningState<Tensor<1>>, new: Tensor<1>| {
            let before = running.value_sync().to_device(&new.device());
            running.update(before * (1.0 - MOMENTUM) + new * MOMENTUM);
        };
        blend(&self.running_mean, plain(mean + first));
        blend(&self.running_var, plain(var.clone()) * unbiased);
        (centered, var)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_variance_is_unbiased() {
        let device = Device::default().autodiff();
        let norm = BatchNorm::new(1, &device);
        let x = Tensor::<1>::from_floats([1.0, 3.0], &device).reshape([2, 1]);
        let y = norm.forward(x, &Mode::train(0));
        // Mean 2, biased variance 1: -1 and 1, shifted by 1e-3.
        let y: Vec<f32> = y.into_data().iter::<f32>().collect();
        assert!(
            (y[0] + 0.999).abs() < 1e-4 && (y[1] - 1.001).abs() < 1e-4,
            "{y:?}"
        );
        let kept = norm.valid();
        // 0.9 * 0 + 0.1 * 2 and 0.9 * 1 + 0.1 * 2 (unbiased variance 2).
        assert!((kept.running_mean.value().into_scalar::<f32>() - 0.2).abs() < 1e-6);
        assert!((kept.running_var.value().into_scalar::<f32>() - 1.1).abs() < 1e-6);
    }
}
