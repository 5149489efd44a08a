//! What an optimizer holds of earlier steps, as plain data.

use std::collections::{BTreeMap, HashMap};

use burn::module::{Module, ParamId};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::tensors::{Tensors, paths};

/// What an optimizer holds of earlier steps, as plain data: [`Optimizer::state`](super::Optimizer::state) takes it out,
/// [`Optimizer::from_state`](super::Optimizer::from_state) puts it back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerState {
    /// Moments, velocities and averages, flat, by kind and path: `first.encoder.embedding`.
    #[serde(skip)]
    pub tensors: Tensors,
    /// The steps of each parameter, by its path.
    pub steps: BTreeMap<String, u32>,
    /// The validation losses that decide when averaging begins.
    #[serde(with = "crate::exact::list")]
    pub losses: Vec<f64>,
    /// Whether averaging has begun.
    pub averages: bool,
}

/// One flat tensor for each parameter that has been stepped.
pub(super) type ByParam = HashMap<ParamId, Tensor<1>>;

/// The same by the ids of this process.
#[derive(Default)]
pub(super) struct State {
    pub(super) tensors: BTreeMap<&'static str, ByParam>,
    pub(super) steps: HashMap<ParamId, u32>,
    pub(super) losses: Vec<f64>,
    pub(super) averages: bool,
}

impl State {
    /// Takes all tensors of a kind out.
    pub(super) fn take(&mut self, kind: &str) -> ByParam {
        self.tensors.remove(kind).unwrap_or_default()
    }

    pub(super) fn store<M: Module>(self, model: &M) -> OptimizerState {
        let paths = paths(model);
        let mut state = OptimizerState {
            losses: self.losses,
            averages: self.averages,
            ..OptimizerState::default()
        };
        for (kind, tensors) in self.tensors {
            for (id, tensor) in tensors {
                if let Some((path, ..)) = paths.get(&id) {
                    state.tensors.insert(format!("{kind}.{path}"), tensor);
                }
            }
        }
        for (id, steps) in self.steps {
            if let Some((path, ..)) = paths.get(&id) {
                state.steps.insert(path.clone(), steps);
            }
        }
        state
    }

    /// The state by ids, of an optimizer that holds these kinds of tensors.
    pub(super) fn read<M: Module>(
        kinds: &[&'static str],
        mut stored: OptimizerState,
        model: &M,
    ) -> Result<Self> {
        let mut state = Self {
            losses: stored.losses,
            averages: stored.averages,
            ..Self::default()
        };
        for (id, (path, size, device)) in paths(model) {
            if let Some(steps) = stored.steps.remove(&path) {
                state.steps.insert(id, steps);
            }
            for &kind in kinds {
                let name = format!("{kind}.{path}");
                if !stored.tensors.contains(&name) {
                    continue;
                }
                let tensor: Tensor<1> = stored.tensors.take(&name, &device)?;
                let [found] = tensor.dims();
                if found != size {
                    let (expected, found) = (format!("{size} values"), found.to_string());
                    return Err(Error::Tensor {
                        name,
                        expected,
                        found,
                    });
                }
                state.tensors.entry(kind).or_default().insert(id, tensor);
            }
        }
        match stored.tensors.names().next() {
            None => Ok(state),
            Some(name) => Err(Error::Tensor {
                name: name.to_owned(),
                expected: "only tensors of this model and optimizer".to_owned(),
                found: "another one".to_owned(),
            }),
        }
    }
}
