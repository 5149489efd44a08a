//! The operations, one folder each: `mod.rs` is what users call, `node.rs` the autodiff node, `generic.rs` the body made of Burn's
//! operations, `cpu` and `gpu.rs` its overrides.

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
