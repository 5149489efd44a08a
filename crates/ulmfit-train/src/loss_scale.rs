//! Loss scaling for operands in IEEE half precision, which knows nothing between 0 and 6e-8.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use ulmfit_kernels::MatmulPrecision;

use crate::gradients::ParamGradients;

/// The first scale. Deviation: PyTorch's `GradScaler`, which fastai takes, begins at 65,536, and finds a scale that fits by
/// steps that it leaves out: in a stage of few labels they are too many of all that it has.
const FIRST: f64 = 1_024.0;

/// The factor of a change, and the steps before the scale grows: those of `GradScaler`.
const CHANGE: f64 = 2.0;
const GROWS_AFTER: u32 = 2_000;

/// Dynamic loss scaling (Micikevicius et al. 2018, section 3.2): the loss is multiplied before the backward pass, so that small
/// gradients are not rounded to 0, and the gradients are divided again before anything reads them, clipping included.
///
/// Gradients that are not finite are those of too large a scale: the step is left out, and the scale halved. After 2,000
/// steps without, it is doubled. At 1 it stays: what is not finite then is the model's, and the step is taken, so that
/// the next loss tells.
///
/// The loops of this crate have one where the precision is [`MatmulPrecision::Fp16`]; under any other it is 1 for good,
/// and nothing is looked at.
///
/// ```
/// use burn::module::Param;
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_train::LossScale;
///
/// let x = Param::from_tensor(Tensor::<1>::ones([1], &Device::default().autodiff()));
/// let mut scale = LossScale::dynamic();
/// let gradients = scale.backward(&x, x.val() * 3.0, 1.0);
/// assert_eq!((scale.factor(), gradients.norm()), (1_024.0, 3.0));
/// assert!(scale.accepts(&gradients));
///
/// let gradients = scale.backward(&x, x.val() * f32::MAX, 1.0);
/// assert!(!scale.accepts(&gradients));
/// assert_eq!(scale.factor(), 512.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LossScale(Option<Dynamic>);

/// The scale, a power of two, and the steps since it changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dynamic {
    factor: f64,
    steps: u32,
}

/// That of the process's precision.
impl Default for LossScale {
    fn default() -> Self {
        match MatmulPrecision::current() {
            MatmulPrecision::Fp16 => Self::dynamic(),
            MatmulPrecision::Fp32 | MatmulPrecision::Bf16 => Self(None),
        }
    }
}

impl LossScale {
    /// A scale that changes, whatever the precision; it begins at 1,024.
    pub fn dynamic() -> Self {
        Self(Some(Dynamic {
            factor: FIRST,
            steps: 0,
        }))
    }

    /// What the loss is multiplied by at present.
    pub fn factor(&self) -> f64 {
        self.0.map_or(1.0, |dynamic| dynamic.factor)
    }

    /// Returns the gradients of `objective`, `[1]`, for `model`'s parameters, made under the scale and free of it; `weight`
    /// as in [`ParamGradients::of`].
    pub fn backward<M: Module>(
        &self,
        model: &M,
        objective: Tensor<1>,
        weight: f64,
    ) -> ParamGradients {
        let factor = self.factor();
        // Not even a product with 1: where nothing is scaled, nothing is done.
        let objective = match self.0 {
            Some(_) => objective * factor,
            None => objective,
        };
        ParamGradients::of(model, objective.backward(), weight).divided_by(factor)
    }

    /// Whether the step along `gradients`, which may be of several batches, is to be taken; the scale follows.
    pub fn accepts(&mut self, gradients: &ParamGradients) -> bool {
        let Some(dynamic) = &mut self.0 else {
            return true;
        };
        if !gradients.norm().is_finite() && dynamic.factor > 1.0 {
            dynamic.factor = (dynamic.factor / CHANGE).max(1.0);
            dynamic.steps = 0;
            return false;
        }
        dynamic.steps += 1;
        if dynamic.steps >= GROWS_AFTER {
            dynamic.factor *= CHANGE;
            dynamic.steps = 0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Param;
    use burn::tensor::Device;

    fn parameter() -> Param<Tensor<1>> {
        Param::from_tensor(Tensor::ones([1], &Device::default().autodiff()))
    }

    #[test]
    fn it_grows_after_many_steps_and_no_further_than_gradients_allow() {
        let x = parameter();
        let mut scale = LossScale::dynamic();
        let fine = scale.backward(&x, x.val(), 1.0);
        for _ in 0..GROWS_AFTER {
            assert_eq!(scale.factor(), FIRST);
            assert!(scale.accepts(&fine));
        }
        assert_eq!(scale.factor(), 2.0 * FIRST);
    }

    #[test]
    fn a_model_that_is_not_finite_is_not_hidden() {
        let x = parameter();
        let mut scale = LossScale::dynamic();
        let bad = |scale: &LossScale| scale.backward(&x, x.val() * f32::NAN, 1.0);
        for n in 1..=10 {
            assert!(!scale.accepts(&bad(&scale)));
            assert_eq!(scale.factor(), FIRST / 2_f64.powi(n));
        }
        assert!(scale.accepts(&bad(&scale)), "nothing below 1");
    }

    #[test]
    fn gradients_of_several_batches_are_free_of_the_scale() {
        let x = parameter();
        let mut scale = LossScale::dynamic();
        let mut all = scale.backward(&x, x.val() * 2.0, 1.0);
        all.join(scale.backward(&x, x.val() * 5.0, 2.0));
        assert_eq!(all.norm(), 4.0);
        assert!(scale.accepts(&all));
    }
}
