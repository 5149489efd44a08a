//! Flex tensors as slices.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Shape, TensorData};

/// The values of a contiguous `f32` tensor (make it so with `to_contiguous`).
///
/// # Panics
/// If the tensor is not contiguous or not `f32`: the kernels are `f32` only.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    let Some((from, to)) = tensor.layout().contiguous_offsets() else {
        panic!("kernel operands are made contiguous first");
    };
    &tensor.storage::<f32>()[from..to]
}

/// A tensor that owns `values`.
pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

/// The tensor as the only view of its storage, from its first to its last element; copied only if it is not so already
/// (`storage_mut` copies what others hold).
pub(crate) fn owned(tensor: FlexTensor) -> FlexTensor {
    let contiguous = tensor.to_contiguous();
    if contiguous.layout().contiguous_offsets() == Some((0, contiguous.storage::<f32>().len())) {
        return contiguous;
    }
    let shape = contiguous.layout().shape().clone();
    self::tensor(values(&contiguous).to_vec(), shape)
}
