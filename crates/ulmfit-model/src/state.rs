//! The hidden state of all layers: a value that goes into a forward pass and comes out of it.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Hidden and cell state of one layer, `[B, H]` each.
#[derive(Clone, Debug)]
pub struct LayerState {
    /// `h`, `[B, H]`
    pub hidden: Tensor<2>,
    /// `c`, `[B, H]`
    pub cell: Tensor<2>,
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

    /// Zeros for layers of the given widths.
    pub fn zeros(widths: &[usize], rows: usize, device: &Device) -> Self {
        let zeros = |&width: &usize| LayerState {
            hidden: Tensor::zeros([rows, width], device),
            cell: Tensor::zeros([rows, width], device),
        };
        Self {
            layers: widths.iter().map(zeros).collect(),
        }
    }

    /// The layers, bottom first.
    pub fn layers(&self) -> &[LayerState] {
        &self.layers
    }

    /// The number of rows (`B`).
    pub fn rows(&self) -> usize {
        self.layers
            .first()
            .map_or(0, |layer| layer.hidden.dims()[0])
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
            hidden: change(layer.hidden.clone()),
            cell: change(layer.cell.clone()),
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
        HiddenState::new(vec![LayerState {
            hidden: x.clone(),
            cell: x,
        }])
    }

    fn hidden(state: &HiddenState) -> Vec<f32> {
        state.layers()[0].hidden.to_data().iter::<f32>().collect()
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
