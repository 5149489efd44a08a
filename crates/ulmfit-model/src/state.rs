//! The hidden state of all layers: a value that goes into a forward pass and comes out of it.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Hidden and cell state of one recurrence, `[B, H]` each.
#[derive(Clone, Debug)]
pub struct RecurrentState {
    /// `h`, `[B, H]`
    pub hidden: Tensor<2>,
    /// `c`, `[B, H]`
    pub cell: Tensor<2>,
}

impl RecurrentState {
    /// Zeros for `rows` rows of `width` features.
    pub(crate) fn zeros(width: usize, rows: usize, device: &Device) -> Self {
        Self {
            hidden: Tensor::zeros([rows, width], device),
            cell: Tensor::zeros([rows, width], device),
        }
    }

    /// The number of rows.
    fn rows(&self) -> usize {
        self.cell.dims()[0]
    }

    fn map(&self, change: &impl Fn(Tensor<2>) -> Tensor<2>) -> Self {
        Self {
            hidden: change(self.hidden.clone()),
            cell: change(self.cell.clone()),
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
        self.layers.first().map_or(0, |layer| layer.forward.rows())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn state(values: [f32; 2]) -> HiddenState {
        let x = Tensor::<1>::from_floats(values, &Device::default()).reshape([2, 1]);
        let of = |x: Tensor<2>| RecurrentState {
            hidden: x.clone(),
            cell: x,
        };
        HiddenState::new(vec![LayerState {
            forward: of(x.clone()),
            backward: Some(of(x + 10.0)),
        }])
    }

    /// The forward direction's hidden state, which the backward direction's follows.
    fn hidden(state: &HiddenState) -> Vec<f32> {
        let values = |x: &RecurrentState| x.hidden.to_data().iter::<f32>().collect::<Vec<f32>>();
        let layer = &state.layers()[0];
        let forward = values(&layer.forward);
        let backward = values(layer.backward.as_ref().expect("two directions"));
        for (there, back) in forward.iter().zip(backward) {
            assert!(back == there + 10.0 || (back, *there) == (0.0, 0.0));
        }
        forward
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
