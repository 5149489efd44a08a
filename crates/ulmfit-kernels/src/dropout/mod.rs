//! Element-wise dropout whose mask is kept as one bit an element.
//!
//! A weight matrix is dropped anew for every chunk of a document, and each mask waits for the way back: as a tensor it is
//! as large as the matrix, as bits a thirty-second of it.

#[cfg(all(feature = "gpu", not(feature = "fusion")))]
mod cube;
#[cfg(feature = "flex")]
mod flex;
mod generic;
mod node;

use std::sync::Arc;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

#[cfg(feature = "flex")]
pub(crate) use flex::multiply_run;
pub(crate) use node::DropoutKernels;
use node::DropoutOps;

/// Which elements of a tensor are kept.
///
/// ```
/// use ulmfit_kernels::KeptElements;
/// let kept = KeptElements::from_fn(3, 2.0, |element| element != 1);
/// assert_eq!((0..3).map(|element| kept.factor(element)).collect::<Vec<_>>(), [2.0, 0.0, 2.0]);
/// ```
#[derive(Clone, Debug)]
pub struct KeptElements {
    /// Element `n` is bit `n % 64` of word `n / 64`.
    bits: Arc<[u64]>,
    len: usize,
    scale: f32,
}

impl KeptElements {
    /// Asks for `len` elements, in their order, whether each is kept; `scale` is what kept ones are multiplied by.
    pub fn from_fn(len: usize, scale: f32, mut is_kept: impl FnMut(usize) -> bool) -> Self {
        let words = (0..len).step_by(64).map(|from| {
            (from..len.min(from + 64)).fold(0, |word, n| word | u64::from(is_kept(n)) << (n - from))
        });
        Self {
            bits: words.collect(),
            len,
            scale,
        }
    }

    /// What an element is multiplied by: the scale, or 0.
    ///
    /// # Panics
    /// If there is no such element.
    pub fn factor(&self, element: usize) -> f32 {
        assert!(element < self.len, "element {element} of {}", self.len);
        self.factor_if(self.bits[element / 64] >> (element % 64) & 1 == 1)
    }

    #[inline(always)]
    fn factor_if(&self, kept: bool) -> f32 {
        if kept { self.scale } else { 0.0 }
    }

    /// The number of elements.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

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
    assert_eq!(
        kept.len(),
        x.shape().num_elements(),
        "one factor an element"
    );
    Tensor::from_dispatch(Dispatch::drop_elements(x.into_dispatch(), kept))
}
