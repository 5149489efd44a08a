//! Carrying a language model over to another vocabulary.

use burn::module::Param;
use burn::tensor::Tensor;
use ulmfit_text::Vocab;

use crate::language_model::LanguageModel;
use crate::random::from_values;
use crate::text_model::{TextEncoding, TextLanguageModel};

impl TextLanguageModel {
    /// This model for the words of `vocab`: a word that it knows keeps its row, a new word starts from the mean of all
    /// rows (Howard & Ruder's scripts and all fastai generations; the decoder's bias likewise).
    ///
    /// Words are matched by their text, never by id: the generations of fastai order the special tokens differently.
    #[must_use]
    pub fn adapt(&self, vocab: &Vocab) -> Self {
        let old = self.text.vocab();
        let [_, width] = self.model.encoder.embedding.dims();
        let device = self.model.encoder.embedding.device();
        let source: Vec<Option<usize>> = vocab
            .tokens()
            .iter()
            .map(|word| old.contains(word).then(|| old.id(word) as usize))
            .collect();
        let rows = carry_rows(self.model.encoder.embedding.val(), &source);
        let bias = carry_rows(self.model.decoder_bias.val().unsqueeze_dim::<2>(1), &source);
        let mut encoder = self.model.encoder.clone();
        encoder.embedding = Param::from_tensor(from_values(rows, [vocab.len(), width], &device));
        let bias = from_values(bias, [vocab.len()], &device);
        let model = LanguageModel {
            encoder,
            decoder_bias: Param::from_tensor(bias),
            ..self.model.clone()
        };
        let text = TextEncoding::new(self.text.tokenizer_config().clone(), vocab.clone());
        Self { text, model }
    }
}

/// The rows of `matrix` at `source`, the mean row where there is none.
fn carry_rows(matrix: Tensor<2>, source: &[Option<usize>]) -> Vec<f32> {
    let [n, width] = matrix.dims();
    let values: Vec<f32> = matrix.into_data().iter::<f32>().collect();
    let mut mean = vec![0.0f64; width];
    for row in values.chunks_exact(width) {
        for (sum, &value) in mean.iter_mut().zip(row) {
            *sum += f64::from(value) / n as f64;
        }
    }
    let mean: Vec<f32> = mean.into_iter().map(|value| value as f32).collect();
    source
        .iter()
        .flat_map(|row| match row {
            Some(row) => &values[row * width..][..width],
            None => &mean[..],
        })
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::carry_rows;
    use burn::tensor::{Device, Tensor};

    #[test]
    fn known_rows_move_and_new_rows_are_the_mean() {
        let rows = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 6.0], &Device::default());
        let carried = carry_rows(rows.reshape([2, 2]), &[Some(1), None]);
        assert_eq!(carried, [3.0, 6.0, 2.0, 4.0]);
    }
}
