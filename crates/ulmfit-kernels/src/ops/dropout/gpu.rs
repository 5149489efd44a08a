//! The operation on the GPU: the bits go there, a thirty-second of the factors, and one launch multiplies.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::ops::IntTensorOps;
use burn::backend::{Cube, TensorMetadata};
use burn::tensor::{IntDType, TensorData};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::node::DropoutKernels;
use crate::mask::KeptElements;

impl DropoutKernels for Cube {
    fn multiply(x: CubeTensor, kept: &KeptElements) -> CubeTensor {
        let x = into_contiguous(x);
        // Written in place where nobody else holds the tensor.
        let x = if x.can_mut() { x } else { x.copy() };
        let halves = |word: &u64| [*word as i32, (word >> 32) as i32];
        let bits: Vec<i32> = kept.bits.iter().flat_map(halves).collect();
        let words = [bits.len()];
        let bits = Self::int_from_data(TensorData::new(bits, words), &x.device());
        let bits = Self::int_cast(bits, IntDType::I32);
        let client = x.client.clone();
        let units = CubeDim::new(&client, kept.len);
        multiply_bits::launch(
            &client,
            calculate_cube_count_elemwise(&client, kept.len, units),
            units,
            x.clone().into_tensor_arg(),
            into_contiguous(bits).into_tensor_arg(),
            kept.len as u32,
            kept.scale,
            dtype_to_storage_type(x.dtype),
        );
        x
    }
}

#[cube(launch)]
fn multiply_bits<F: Float>(
    x: &mut Tensor<F>,
    bits: &Tensor<i32>, // element n is bit n % 32 of word n / 32
    n: u32,
    scale: f32,
    #[define(F)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= n as usize {
        terminate!();
    }
    let bit = (bits[at / 32] >> (at % 32) as i32) & 1i32;
    x[at] = F::cast_from(f32::cast_from(x[at]) * scale * f32::cast_from(bit));
}
