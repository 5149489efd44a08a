//! The hidden state of all layers: a value that goes into a forward pass and comes out of it.

use std::collections::BTreeMap;

use burn::tensor::{Int, Tensor, TensorData};

use crate::error::{Error, Result};

/// The state of one layer in one direction.
#[derive(Clone, Debug)]
pub enum RecurrentState {
    /// Of an LSTM.
    Lstm {
        /// `h`, `[B, H]`
        hidden: Tensor<2>,
        /// `c`, `[B, H]`
        cell: Tensor<2>,
    },
    /// Of a QRNN, whose output depends on its cell alone.
    Qrnn {
        /// `c`, `[B, H]`
        cell: Tensor<2>,
        /// The last input, `[B, I]`, of a layer that looks back: what stands before the next batch's first one
        /// (fastai v1's `save_prev_x`).
        previous: Option<Tensor<2>>,
    },
}

impl RecurrentState {
    /// `c`, `[B, H]`.
    pub fn cell(&self) -> &Tensor<2> {
        match self {
            Self::Lstm { cell, .. } | Self::Qrnn { cell, .. } => cell,
        }
    }

    fn map(&self, change: &impl Fn(Tensor<2>) -> Tensor<2>) -> Self {
        match self {
            Self::Lstm { hidden, cell } => Self::Lstm {
                hidden: change(hidden.clone()),
                cell: change(cell.clone()),
            },
            Self::Qrnn { cell, previous } => Self::Qrnn {
                cell: change(cell.clone()),
                previous: previous.clone().map(change),
            },
        }
    }
}

/// The state of one layer.
#[derive(Clone, Debug)]
pub struct LayerState {
    /// Of the direction that reads from the first token to the last.
    pub forward: RecurrentState,
    /// Of the other one, in layers that have it.
    pub backward: Option<RecurrentState>,
}

/// The state of all layers, bottom first. Always detached: back-propagation is truncated at its border.
///
/// Because it is a value and never a field of a model, a model can serve any number of streams, threads and batches at
/// once.
#[derive(Clone, Debug)]
pub struct HiddenState {
    layers: Vec<LayerState>,
}

impl HiddenState {
    /// A state from its layers.
    pub fn new(layers: Vec<LayerState>) -> Self {
        Self { layers }
    }

    /// The layers, bottom first.
    pub fn layers(&self) -> &[LayerState] {
        &self.layers
    }

    /// The number of rows (`B`).
    pub fn rows(&self) -> usize {
        self.layers
            .first()
            .map_or(0, |layer| layer.forward.cell().dims()[0])
    }

    /// The state of the given rows, in the given order; a row may be named more than once (beam search).
    ///
    /// # Panics
    /// If an index is not below [`Self::rows`].
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let n = self.rows();
        assert!(
            rows.iter().all(|&row| row < n),
            "a row of {n} was asked for: {rows:?}"
        );
        let ids: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        self.map(|x| {
            let ids = TensorData::new(ids.clone(), [ids.len()]);
            let ids = Tensor::<1, Int>::from_data(ids, &x.device());
            x.select(0, ids)
        })
    }

    /// The state for `rows` rows: the first ones are kept, new ones start at zero (fastai v2's rule).
    #[must_use]
    pub fn resized(&self, rows: usize) -> Self {
        let before = self.rows();
        self.map(|x| {
            let width = x.dims()[1];
            if rows <= before {
                x.slice([0..rows, 0..width])
            } else {
                let zeros = Tensor::zeros([rows - before, width], &x.device());
                Tensor::cat(vec![x, zeros], 0)
            }
        })
    }

    /// Returns its tensors by name, such as `0.forward.cell`: the state as it is stored.
    pub fn to_tensors(&self) -> Vec<(String, Tensor<2>)> {
        let mut all = Vec::new();
        for (l, layer) in self.layers.iter().enumerate() {
            let backward = layer.backward.iter().map(|state| ("backward", state));
            for (direction, state) in std::iter::once(("forward", &layer.forward)).chain(backward) {
                let mut add = |part: &str, tensor: &Tensor<2>| {
                    all.push((format!("{l}.{direction}.{part}"), tensor.clone()));
                };
                match state {
                    RecurrentState::Lstm { hidden, cell } => {
                        add("hidden", hidden);
                        add("cell", cell);
                    }
                    RecurrentState::Qrnn { cell, previous } => {
                        add("cell", cell);
                        if let Some(previous) = previous {
                            add("previous", previous);
                        }
                    }
                }
            }
        }
        all
    }

    /// Returns the state whose tensors these are.
    ///
    /// # Errors
    /// [`Error::Config`] for a name that no state has, or a layer without a cell.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use ulmfit_model::{AwdLstmConfig, HiddenState, LanguageModelConfig};
    ///
    /// let sizes = AwdLstmConfig::new(50).with_sizes(8, 16, 2);
    /// let model = LanguageModelConfig::new(sizes).init(1, &Device::default())?;
    /// let state = model.initial_state(3);
    /// let again = HiddenState::from_tensors(state.to_tensors())?;
    /// assert_eq!((again.layers().len(), again.rows()), (2, 3));
    /// # Ok::<(), ulmfit_model::Error>(())
    /// ```
    pub fn from_tensors(tensors: impl IntoIterator<Item = (String, Tensor<2>)>) -> Result<Self> {
        let expected = "tensors named as those of `HiddenState::to_tensors`, a cell in each layer";
        let wrong = |found: String| Error::config("hidden state", expected, found);
        let mut tensors: BTreeMap<String, Tensor<2>> = tensors.into_iter().collect();
        let mut layers = Vec::new();
        for l in 0.. {
            let mut take = |direction: &str| {
                let mut part = |part: &str| tensors.remove(&format!("{l}.{direction}.{part}"));
                let cell = part("cell")?;
                Some(match part("hidden") {
                    Some(hidden) => RecurrentState::Lstm { hidden, cell },
                    None => RecurrentState::Qrnn {
                        cell,
                        previous: part("previous"),
                    },
                })
            };
            let Some(forward) = take("forward") else {
                break;
            };
            let backward = take("backward");
            layers.push(LayerState { forward, backward });
        }
        match tensors.into_keys().next() {
            Some(name) => Err(wrong(format!("`{name}`"))),
            None if layers.is_empty() => Err(wrong("none".to_owned())),
            None => Ok(Self { layers }),
        }
    }

    /// The same outside of autodiff.
    pub(crate) fn inner(&self) -> Self {
        self.map(Tensor::inner)
    }

    /// The same within autodiff, untracked.
    pub(crate) fn within_autodiff(&self) -> Self {
        self.map(Tensor::from_inner)
    }

    fn map(&self, change: impl Fn(Tensor<2>) -> Tensor<2>) -> Self {
        let layers = self.layers.iter().map(|layer| LayerState {
            forward: layer.forward.map(&change),
            backward: layer.backward.as_ref().map(|state| state.map(&change)),
        });
        Self {
            layers: layers.collect(),
        }
    }
}

/// The last step of `[T, B, W]`, detached.
pub(crate) fn last_step(x: &Tensor<3>) -> Tensor<2> {
    let [steps, rows, width] = x.dims();
    // Selected, not sliced: on the CPU a slice is a view, and all steps would stay in memory as long as the state does.
    let last = Tensor::from_ints([steps as i32 - 1], &x.device());
    let state = x.clone().detach().select(0, last);
    state.reshape([rows, width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn state(values: [f32; 2]) -> HiddenState {
        let x = Tensor::<1>::from_floats(values, &Device::default()).reshape([2, 1]);
        HiddenState::new(vec![LayerState {
            forward: RecurrentState::Lstm {
                hidden: x.clone(),
                cell: x.clone() + 10.0,
            },
            backward: Some(RecurrentState::Qrnn {
                cell: x.clone() + 20.0,
                previous: Some(x + 30.0),
            }),
        }])
    }

    /// The values of the first tensor; the others must have changed as it has.
    fn hidden(state: &HiddenState) -> Vec<f32> {
        let layer = &state.layers()[0];
        let (
            RecurrentState::Lstm { hidden, cell },
            Some(RecurrentState::Qrnn { cell: c, previous }),
        ) = (&layer.forward, &layer.backward)
        else {
            panic!("the states must keep their kinds");
        };
        let values = |x: &Tensor<2>| x.to_data().iter::<f32>().collect::<Vec<f32>>();
        let first = values(hidden);
        let previous = previous.as_ref().expect("it was there");
        for (more, other) in [(10.0, cell), (20.0, c), (30.0, previous)] {
            for (there, here) in first.iter().zip(values(other)) {
                assert!(here == there + more || (here, *there) == (0.0, 0.0));
            }
        }
        first
    }

    #[test]
    fn a_stored_state_keeps_its_kinds_and_values() {
        let tensors = state([1.0, 2.0]).to_tensors();
        let read = HiddenState::from_tensors(tensors.clone()).expect("its own");
        assert_eq!(hidden(&read), [1.0, 2.0]);
        let mut more = tensors.clone();
        more[0].0 = "1.forward.hidden".to_owned();
        let message = HiddenState::from_tensors(more).expect_err("no cell");
        assert!(message.to_string().contains("`1.forward.hidden`"));
        assert!(HiddenState::from_tensors([]).is_err());
    }

    #[test]
    fn select_repeats_and_reorders() {
        assert_eq!(
            hidden(&state([1.0, 2.0]).select(&[1, 0, 1])),
            [2.0, 1.0, 2.0]
        );
    }

    #[test]
    fn growing_adds_zero_rows_and_shrinking_keeps_the_first() {
        assert_eq!(hidden(&state([1.0, 2.0]).resized(3)), [1.0, 2.0, 0.0]);
        assert_eq!(hidden(&state([1.0, 2.0]).resized(1)), [1.0]);
    }
}
