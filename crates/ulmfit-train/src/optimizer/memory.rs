//! What an optimizer remembers of earlier steps, in the form that checkpoints store.

use std::collections::{BTreeMap, HashMap};

use burn::module::ParamId;
use burn::tensor::Tensor;

/// One flat tensor of a kind for each parameter that has been stepped.
pub(crate) type ByParam = HashMap<ParamId, Tensor<1>>;

/// Moments, velocities or averages, by kind and parameter, and the numbers beside them.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) tensors: BTreeMap<&'static str, ByParam>,
    /// Steps of each parameter.
    pub(crate) steps: HashMap<ParamId, u32>,
    /// Validation losses so far.
    pub(crate) losses: Vec<f64>,
    /// Whether averaging has begun.
    pub(crate) averages: bool,
}

impl Memory {
    /// Takes all tensors of a kind out.
    pub(super) fn take(&mut self, kind: &str) -> ByParam {
        self.tensors.remove(kind).unwrap_or_default()
    }
}
