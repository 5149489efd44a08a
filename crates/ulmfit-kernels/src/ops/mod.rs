//! The operations, one folder each: `mod.rs` is what users call, `node.rs` the autodiff node, `generic.rs` the body made of Burn's
//! operations, `cpu` and `gpu.rs` its overrides.

/// Implements an operation for the backends without autodiff, `fn name(argument: type, ...) -> type { ... }`: its kernels are
/// the generic body where nothing else is said. With `fusion` Burn joins the launches of the generic body itself.
macro_rules! without_autodiff {
    ($ops:ident by $kernels:ident; $($function:tt)*) => {
        #[cfg(feature = "flex")]
        impl $ops for burn::backend::Flex {
            $($function)*
        }
        #[cfg(feature = "ndarray")]
        impl $kernels for burn::backend::NdArray {}
        #[cfg(feature = "ndarray")]
        impl $ops for burn::backend::NdArray {
            $($function)*
        }
        #[cfg(all(feature = "gpu", feature = "fusion"))]
        impl $kernels for burn::backend::Cube {}
        #[cfg(feature = "gpu")]
        impl $ops for burn::backend::Cube {
            $($function)*
        }
    };
}

pub(crate) mod adam;
pub(crate) mod dropout;
pub(crate) mod embedding;
#[cfg(feature = "flex")]
mod flex_tensors;
#[cfg(all(feature = "gpu", not(feature = "fusion")))]
mod gpu_memory;
pub(crate) mod lstm;
pub(crate) mod matmul;
pub(crate) mod squares;
pub(crate) mod tied_loss;
