//! Element-wise dropout whose mask is kept as one bit an element.
//!
//! A weight matrix is dropped anew for every chunk of a document, and each mask waits for the way back: as a tensor it is
//! as large as the matrix, as bits a thirty-second of it.

#[cfg(feature = "flex")]
mod cpu;
mod generic;
#[cfg(all(feature = "gpu", not(feature = "fusion")))]
mod gpu;
mod node;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::mask::KeptElements;
pub(crate) use node::DropoutKernels;
use node::DropoutOps;

/// Returns `x` with every element multiplied by its factor; its gradient is multiplied likewise.
///
/// # Panics
/// If there is not one factor for each element.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_kernels::{KeptElements, drop_elements};
///
/// let kept = KeptElements::from_fn(4, 2.0, |element| element > 1);
/// let x = drop_elements(Tensor::<2>::ones([2, 2], &Device::default()), kept);
/// assert_eq!(x.into_data().iter::<f32>().collect::<Vec<_>>(), [0.0, 0.0, 2.0, 2.0]);
/// ```
pub fn drop_elements<const D: usize>(x: Tensor<D>, kept: KeptElements) -> Tensor<D> {
    assert_eq!(kept.len, x.shape().num_elements(), "one factor an element");
    Tensor::from_dispatch(Dispatch::drop_elements(x.into_dispatch(), kept))
}
