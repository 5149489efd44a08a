//! The step from Burn's own operations, and the reference that the override is tested against.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use super::Factors;

pub(crate) fn update<B: Backend>(
    parameter: FloatTensor<B>,
    gradient: FloatTensor<B>,
    [moment1, moment2]: [FloatTensor<B>; 2],
    f: Factors,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let by = |x: FloatTensor<B>, factor: f32| B::float_mul_scalar(x, factor.into());
    let parameter = by(parameter, f.keep);
    let g = B::float_add(by(gradient, f.scale), by(parameter.clone(), f.l2));
    let moment1 = B::float_add(by(moment1, f.beta1), by(g.clone(), f.rest1));
    let moment2 = B::float_add(
        by(moment2, f.beta2),
        by(B::float_mul(g.clone(), g), f.rest2),
    );
    let root = B::float_sqrt(by(moment2.clone(), f.inverse_correction2));
    let direction = B::float_div(moment1.clone(), B::float_add_scalar(root, f.eps.into()));
    (
        B::float_sub(parameter, by(direction, f.rate)),
        moment1,
        moment2,
    )
}
