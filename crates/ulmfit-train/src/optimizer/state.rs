//! What an optimizer holds of earlier steps, by parameter and as plain data.

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

/// The same by the ids of this process.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// By kind, then one flat tensor for each parameter that has been stepped.
    pub(super) tensors: BTreeMap<&'static str, HashMap<ParamId, Tensor<1>>>,
    pub(super) steps: HashMap<ParamId, u32>,
    pub(super) losses: Vec<f64>,
    pub(super) averages: bool,
}

impl State {
    /// Takes a tensor out, so that the step can write in place.
    pub(super) fn take(&mut self, kind: &str, id: ParamId) -> Option<Tensor<1>> {
        self.tensors.get_mut(kind)?.remove(&id)
    }

    pub(super) fn put(&mut self, kind: &'static str, id: ParamId, tensor: Tensor<1>) {
        self.tensors.entry(kind).or_default().insert(id, tensor);
    }

    pub(super) fn store<M: Module>(&self, model: &M) -> OptimizerState {
        let paths = paths(model);
        let mut state = OptimizerState {
            losses: self.losses.clone(),
            averages: self.averages,
            ..OptimizerState::default()
        };
        let path = |id: &ParamId| paths.get(id).map(|(path, ..)| path);
        for (kind, tensors) in &self.tensors {
            for (id, tensor) in tensors {
                if let Some(path) = path(id) {
                    state
                        .tensors
                        .insert(format!("{kind}.{path}"), tensor.clone());
                }
            }
        }
        let steps = self.steps.iter();
        let steps = steps.filter_map(|(id, &steps)| Some((path(id)?.clone(), steps)));
        state.steps = steps.collect();
        state
    }

    /// The state by ids, of an optimizer that holds these kinds of tensors, `counted` of them for every parameter that has
    /// steps.
    pub(super) fn read<M: Module>(
        kinds: &[&'static str],
        counted: &[&'static str],
        mut stored: OptimizerState,
        model: &M,
    ) -> Result<Self> {
        let mut state = Self {
            losses: stored.losses,
            averages: stored.averages,
            ..Self::default()
        };
        let unfit = |name: String, expected: &str, found: &str| Error::Tensor {
            name,
            expected: expected.to_owned(),
            found: found.to_owned(),
        };
        for (id, (path, size, device)) in paths(model) {
            let steps = stored.steps.remove(&path);
            for &kind in kinds {
                let name = format!("{kind}.{path}");
                let there = stored.tensors.contains(&name);
                if counted.contains(&kind) && there != steps.is_some() {
                    let expected = "one for every parameter that was stepped, and for no other";
                    let found = if there { "a further one" } else { "none" };
                    return Err(unfit(name, expected, found));
                }
                if there {
                    let tensor: Tensor<1> = stored.tensors.take(&name, &device)?;
                    let [found] = tensor.dims();
                    if found != size {
                        let (expected, found) = (format!("{size} values"), found.to_string());
                        return Err(unfit(name, &expected, &found));
                    }
                    state.put(kind, id, tensor);
                }
            }
            state.steps.extend(steps.map(|steps| (id, steps)));
        }
        let further = stored.tensors.names().next();
        match further.or(stored.steps.keys().next().map(String::as_str)) {
            None => Ok(state),
            Some(name) => Err(unfit(
                name.to_owned(),
                "only those of this model and optimizer",
                "another one",
            )),
        }
    }
}
