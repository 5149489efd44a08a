//! The words of a batch: their rows of the embedding, taken out once for all chunks of its documents.

use burn::module::Param;
use burn::tensor::Tensor;
use ulmfit_kernels::embedding_rows;
use ulmfit_text::Special;

use crate::encoder::dropout::Mode;
use crate::random::int_tensor;

/// Distinct ids and their rows. What each chunk gives back as a gradient has the size of these, and the embedding's own
/// is made once.
pub(crate) struct Words {
    /// Sorted.
    ids: Vec<u32>,
    /// `[distinct, E]`
    rows: Tensor<2>,
}

impl Words {
    /// The words of `ids`. Padding takes no gradient from the input side, as PyTorch's `padding_idx` has it (the tied
    /// decoder still gives it one).
    ///
    /// # Panics
    /// If an id is not below the vocabulary size.
    pub(crate) fn new(
        embedding: &Param<Tensor<2>>,
        ids: impl Iterator<Item = u32>,
        mode: &Mode,
    ) -> Self {
        let mut ids: Vec<u32> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let constant = mode.is_train().then_some(Special::Pad.id());
        let rows = embedding_rows(embedding.val(), &ids, constant);
        Self { ids, rows }
    }

    /// The same outside of autodiff.
    pub(crate) fn inner(&self) -> Self {
        Self {
            ids: self.ids.clone(),
            rows: self.rows.clone().inner(),
        }
    }

    /// The rows of some of the words, `[N, E]`.
    ///
    /// # Panics
    /// If one of them is not among the words.
    pub(crate) fn rows(&self, ids: &[u32]) -> Tensor<2> {
        let place = |id| match self.ids.binary_search(id) {
            Ok(place) => place as u32,
            Err(_) => panic!("id {id} is not among the batch's words"),
        };
        let places: Vec<u32> = ids.iter().map(place).collect();
        let rows = self.rows.clone();
        rows.select(0, int_tensor(&places, &self.rows.device()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn every_occurrence_counts_and_padding_does_not() {
        let device = Device::default().autodiff();
        let table = Tensor::<1>::from_floats([10.0, 11.0, 12.0, 13.0], &device).reshape([4, 1]);
        let table = Param::from_tensor(table.detach());
        let gradient = |mode: &Mode| -> Vec<f32> {
            let words = Words::new(&table, [3, 1, 3, 1, 0].into_iter(), mode);
            let rows = words.rows(&[1, 3, 3]) + words.rows(&[3, 1, 0]);
            let values: Vec<f32> = rows.clone().into_data().iter::<f32>().collect();
            assert_eq!(values, [24.0, 24.0, 23.0]);
            let gradient = table.val().grad(&rows.sum().backward());
            gradient
                .expect("a gradient")
                .into_data()
                .iter::<f32>()
                .collect()
        };
        assert_eq!(gradient(&Mode::train(1)), [1.0, 0.0, 0.0, 3.0]);
        // Outside of training nothing is special: attributions ask for every position.
        assert_eq!(gradient(&Mode::Eval), [1.0, 2.0, 0.0, 3.0]);
    }
}
