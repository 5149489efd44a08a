//! One Adam step of one tensor: moments, decay and parameter in one sweep.

#[cfg(feature = "flex")]
mod cpu;
mod generic;
#[cfg(all(feature = "gpu", not(feature = "fusion")))]
mod gpu;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// The numbers of one Adam step (Kingma & Ba 2015; decoupled decay: Loshchilov & Hutter 2019).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamHyper {
    /// Learning rate.
    pub rate: f64,
    /// Decay of the first moment; follows the schedule's momentum.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decoupled decay: the parameter is multiplied by `1 - rate * decay` before the step.
    pub decay: f64,
    /// L2 penalty: `l2 * parameter` joins the gradient before the moments.
    pub l2: f64,
    /// The gradient is multiplied by this first (global-norm clipping).
    pub gradient_scale: f64,
    /// The number of this step, from 1, for the bias correction.
    pub step: u32,
}

impl AdamHyper {
    /// What the sweep multiplies with, computed once in `f64`.
    fn factors(&self) -> Factors {
        let correction1 = 1.0 - self.beta1.powi(self.step as i32);
        let correction2 = 1.0 - self.beta2.powi(self.step as i32);
        Factors {
            keep: (1.0 - self.rate * self.decay) as f32,
            l2: self.l2 as f32,
            scale: self.gradient_scale as f32,
            beta1: self.beta1 as f32,
            rest1: (1.0 - self.beta1) as f32,
            beta2: self.beta2 as f32,
            rest2: (1.0 - self.beta2) as f32,
            inverse_correction2: (1.0 / correction2) as f32,
            eps: self.eps as f32,
            rate: (self.rate / correction1) as f32,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Factors {
    keep: f32,
    l2: f32,
    scale: f32,
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    inverse_correction2: f32,
    eps: f32,
    rate: f32,
}

impl Factors {
    /// Whether moments of zero stay zero under a gradient of zero, and move nothing.
    #[cfg(feature = "flex")]
    fn leave_zeros(&self) -> bool {
        self.l2 == 0.0 && self.eps > 0.0 && self.scale.is_finite()
    }
}

/// The operation as the dispatcher sees it; it runs outside of autodiff.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "gpu")
)]
pub(crate) trait AdamOps: Backend {
    fn adam_update(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment1: FloatTensor<Self>,
        moment2: FloatTensor<Self>,
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        generic::update::<Self>(parameter, gradient, [moment1, moment2], factors)
    }
}

#[cfg(feature = "ndarray")]
impl AdamOps for burn::backend::NdArray {}
#[cfg(all(feature = "gpu", feature = "fusion"))]
impl AdamOps for burn::backend::Cube {}

/// One Adam step: returns the new parameter and the new moments.
///
/// ```text
/// p = p (1 - rate decay);  g = scale g + l2 p
/// m = beta1 m + (1 - beta1) g;  s = beta2 s + (1 - beta2) g^2
/// p = p - rate / (1 - beta1^t) * m / (sqrt(s / (1 - beta2^t)) + eps)
/// ```
///
/// As in fastai, `beta1^t` uses the current `beta1` also where a schedule changes it at every step.
///
/// # Shapes
/// All tensors have the parameter's shape and live outside of autodiff (see `Tensor::inner`).
///
/// # Panics
/// If a shape differs from the parameter's.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_kernels::{AdamHyper, adam_update};
///
/// let device = Device::default();
/// let zeros = Tensor::<1>::zeros([1], &device);
/// let hyper = AdamHyper {
///     rate: 0.1, beta1: 0.9, beta2: 0.99, eps: 0.0, decay: 0.0, l2: 0.0, gradient_scale: 1.0, step: 1,
/// };
/// let (p, _, _) = adam_update(zeros.clone(), Tensor::ones([1], &device), zeros.clone(), zeros, hyper);
/// // The first step moves by the rate.
/// assert!((p.into_scalar::<f32>() + 0.1).abs() < 1e-6);
/// ```
pub fn adam_update<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moment1: Tensor<D>,
    moment2: Tensor<D>,
    hyper: AdamHyper,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    for other in [&gradient, &moment1, &moment2] {
        let (found, expected) = (other.dims(), parameter.dims());
        assert_eq!(
            found, expected,
            "gradient and moments have the parameter's shape"
        );
    }
    let (parameter, moment1, moment2) = Dispatch::adam_update(
        parameter.into_dispatch(),
        gradient.into_dispatch(),
        moment1.into_dispatch(),
        moment2.into_dispatch(),
        hyper.factors(),
    );
    (
        Tensor::from_dispatch(parameter),
        Tensor::from_dispatch(moment1),
        Tensor::from_dispatch(moment2),
    )
}
