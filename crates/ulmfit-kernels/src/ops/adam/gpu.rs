//! The step on the GPU: one launch for a parameter, where the generic body takes about a dozen.

use burn::backend::Cube;
use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::{AdamOps, Factors};

impl AdamOps for Cube {
    fn adam_update(
        parameter: CubeTensor,
        gradient: CubeTensor,
        moment1: CubeTensor,
        moment2: CubeTensor,
        f: Factors,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        // Written in place where nobody else holds the tensor.
        let own = |tensor: CubeTensor| {
            let tensor = into_contiguous(tensor);
            if tensor.can_mut() {
                tensor
            } else {
                tensor.copy()
            }
        };
        let (parameter, moment1, moment2) = (own(parameter), own(moment1), own(moment2));
        let gradient = into_contiguous(gradient);
        let client = parameter.client.clone();
        let n = parameter.meta.num_elements();
        let units = CubeDim::new(&client, n);
        sweep::launch(
            &client,
            calculate_cube_count_elemwise(&client, n, units),
            units,
            parameter.clone().into_tensor_arg(),
            gradient.into_tensor_arg(),
            moment1.clone().into_tensor_arg(),
            moment2.clone().into_tensor_arg(),
            n as u32,
            f.keep,
            f.l2,
            f.scale,
            f.beta1,
            f.rest1,
            f.beta2,
            f.rest2,
            f.inverse_correction2,
            f.eps,
            f.rate,
            dtype_to_storage_type(parameter.dtype),
        );
        (parameter, moment1, moment2)
    }
}

#[cube(launch)]
fn sweep<F: Float>(
    parameter: &mut Tensor<F>,
    gradient: &Tensor<F>,
    moment1: &mut Tensor<F>,
    moment2: &mut Tensor<F>,
    n: u32,
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
    #[define(F)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= n as usize {
        terminate!();
    }
    let p = f32::cast_from(parameter[at]) * keep;
    let g = f32::cast_from(gradient[at]) * scale + p * l2;
    let m = f32::cast_from(moment1[at]) * beta1 + g * rest1;
    let s = f32::cast_from(moment2[at]) * beta2 + g * g * rest2;
    moment1[at] = F::cast_from(m);
    moment2[at] = F::cast_from(s);
    let direction = m / ((s * inverse_correction2).sqrt() + eps);
    parameter[at] = F::cast_from(p - direction * rate);
}
