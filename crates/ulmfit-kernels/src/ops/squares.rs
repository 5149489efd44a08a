//! The sum of the squares of a tensor, without a tensor of squares: what clipping by the global norm asks for.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// The operation as the dispatcher sees it; it runs outside of autodiff.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "gpu")
)]
pub(crate) trait SquaresOps: Backend {
    fn sum_of_squares(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_sum(Self::float_mul(x.clone(), x))
    }
}

#[cfg(feature = "ndarray")]
impl SquaresOps for burn::backend::NdArray {}
#[cfg(feature = "gpu")]
impl SquaresOps for burn::backend::Cube {}

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::Flex;
    use burn::backend::flex::FlexTensor;
    use rayon::prelude::*;

    use super::SquaresOps;
    use crate::ops::flex_tensors::{tensor, values};

    /// Elements of one task. The tasks are the same on any number of threads, and so is the order of their sums.
    const TASK: usize = 16 << 10;
    /// Independent partial sums, so that the compiler can use vector registers.
    const LANES: usize = 16;

    impl SquaresOps for Flex {
        fn sum_of_squares(x: FlexTensor) -> FlexTensor {
            let x = x.to_contiguous();
            let tasks: Vec<f64> = values(&x).par_chunks(TASK).map(sum).collect();
            tensor(vec![tasks.iter().sum::<f64>() as f32], [1])
        }
    }

    fn sum(x: &[f32]) -> f64 {
        let mut sums = [0.0; LANES];
        let (blocks, rest) = x.as_chunks::<LANES>();
        for block in blocks {
            for (sum, &x) in sums.iter_mut().zip(block) {
                *sum += f64::from(x) * f64::from(x);
            }
        }
        let rest = rest.iter().map(|&x| f64::from(x) * f64::from(x));
        sums.into_iter().chain(rest).sum()
    }

    #[cfg(test)]
    mod tests {
        #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
        use super::*;

        #[test]
        fn any_number_of_threads_gives_the_same_bits() {
            let x: Vec<f32> = (0..100_000).map(|n| (n as f32 * 0.37).sin()).collect();
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                let squares = || Flex::sum_of_squares(tensor(x.clone(), [x.len()]));
                values(&pool.build().unwrap().install(squares))[0].to_bits()
            };
            assert_eq!(on(1), on(3));
        }
    }
}

/// Returns the sum of the squares of all elements, `[1]`. `x` lives outside of autodiff (see `Tensor::inner`).
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use ulmfit_kernels::sum_of_squares;
///
/// let x = Tensor::<1>::from_floats([3.0, -4.0], &Device::default());
/// assert_eq!(sum_of_squares(x).into_scalar::<f32>(), 25.0);
/// ```
pub fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::sum_of_squares(x.into_dispatch()))
}
