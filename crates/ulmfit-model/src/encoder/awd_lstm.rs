//! The AWD-LSTM encoder (Merity et al. 2018): embedding, recurrent layers, dropouts.
//!
//! Legend: `B` rows, `T` time steps, `V` vocabulary size, `E` embedding width, `H` hidden width. Inside the model
//! tensors are time-first, `[T, B, _]`, because the recurrence reads one step at a time.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use ulmfit_text::TokenGrid;

use crate::encoder::awd_lstm_config::{AwdLstmConfig, Cell, Directions};
use crate::encoder::dropout::{Dropouts, Mode};
use crate::encoder::encoder_layer::EncoderLayer;
use crate::encoder::recurrence::Recurrence;
use crate::encoder::reversal::Reversal;
use crate::encoder::state::HiddenState;
use crate::encoder::words::Words;
use crate::error::Result;
use crate::random::Random;

impl AwdLstmConfig {
    /// A new encoder: embedding `U(-0.1, 0.1)`, layers `U(-1/sqrt(n), 1/sqrt(n))` (PyTorch's defaults, as in all
    /// fastai generations): for an LSTM `n` is the width of one direction, for a QRNN the inputs that a gate reads.
    /// Drawn on the host: equal on every device.
    ///
    /// # Errors
    /// As [`Self::validate`].
    pub fn init(&self, random: &mut Random, device: &Device) -> Result<AwdLstm> {
        self.validate()?;
        let embedding = random.uniform([self.vocabulary, self.embed], 0.1, device);
        let shapes = self.recurrences().into_iter();
        let draw = |shape| EncoderLayer::init(shape, self.directions, random, device);
        Ok(AwdLstm {
            embedding: Param::from_tensor(embedding),
            layers: shapes.map(draw).collect(),
        })
    }
}

/// The encoder: `V x E` embedding and recurrent layers `E -> H -> ... -> E`.
///
/// The embedding is stored once; the language model's decoder reads the same parameter.
#[derive(Module, Debug)]
pub struct AwdLstm {
    /// `[V, E]`
    pub embedding: Param<Tensor<2>>,
    /// Bottom first.
    pub layers: Vec<EncoderLayer>,
}

impl AwdLstm {
    /// The sizes, read off the weights.
    pub fn config(&self) -> AwdLstmConfig {
        let [vocabulary, embed] = self.embedding.dims();
        let first = self.layers.first();
        AwdLstmConfig {
            vocabulary,
            embed,
            hidden: first.map_or(0, EncoderLayer::width),
            layers: self.layers.len(),
            cell: first.map_or(Cell::Lstm, |layer| layer.forward.cell()),
            directions: first.map_or(Directions::Forward, EncoderLayer::directions),
        }
    }

    /// Rounds the weights of the LSTM layers to whole numbers, for predictions on the CPU.
    pub(crate) fn quantize(&mut self) {
        let layers = self.layers.iter_mut();
        for recurrence in layers.flat_map(EncoderLayer::recurrences_mut) {
            if let Recurrence::Lstm(lstm) = recurrence {
                lstm.quantize();
            }
        }
    }

    /// A zero state for `rows` rows.
    pub fn initial_state(&self, rows: usize) -> HiddenState {
        let layers = self.layers.iter();
        HiddenState::new(layers.map(|layer| layer.initial_state(rows)).collect())
    }

    /// The last layer's hidden states at all steps, before output dropout, and the state after the last step.
    ///
    /// # Shapes
    /// * `tokens`: `B` rows of `T` ids
    /// * returns `[T, B, E]` (time first) and a detached state of `B` rows
    ///
    /// # Panics
    /// If the state has another number of rows or other directions or cells, or an id is not below the vocabulary size.
    pub fn forward(
        &self,
        tokens: &TokenGrid,
        state: &HiddenState,
        dropouts: &Dropouts,
        mode: &mut Mode,
    ) -> (Tensor<3>, HiddenState) {
        let lengths = vec![tokens.cols(); tokens.rows()];
        self.forward_padded(tokens, &lengths, state, dropouts, mode)
    }

    /// As [`Self::forward`], for rows of which only the first `lengths[b]` ids are text.
    ///
    /// A backward direction starts at each row's own last token, so that no output at a token depends on the padding.
    /// What comes out at padding, and the state of a row that has any, means nothing.
    ///
    /// # Panics
    /// As [`Self::forward`], and if there is not one length a row or a length is beyond the grid.
    ///
    /// ```
    /// use burn::tensor::{Device, Tolerance};
    /// use ulmfit_model::{AwdLstmConfig, Directions, Dropouts, Mode, Random};
    /// use ulmfit_text::TokenGrid;
    ///
    /// let sizes = AwdLstmConfig::new(50).with_sizes(8, 16, 2).with_directions(Directions::Both);
    /// let encoder = sizes.init(&mut Random::new(1), &Device::default())?;
    /// let first = |ids: Vec<u32>, length: usize| {
    ///     let tokens = TokenGrid::new(1, ids.len(), ids);
    ///     let (state, none) = (encoder.initial_state(1), Dropouts::none());
    ///     let (out, _) = encoder.forward_padded(&tokens, &[length], &state, &none, &mut Mode::Eval);
    ///     out.slice([0..1, 0..1, 0..8]).into_data()
    /// };
    /// let (alone, padded) = (first(vec![2, 9], 2), first(vec![2, 9, 1, 1], 2));
    /// alone.assert_approx_eq::<f32>(&padded, Tolerance::default());
    /// # Ok::<(), ulmfit_model::Error>(())
    /// ```
    pub fn forward_padded(
        &self,
        tokens: &TokenGrid,
        lengths: &[usize],
        state: &HiddenState,
        dropouts: &Dropouts,
        mode: &mut Mode,
    ) -> (Tensor<3>, HiddenState) {
        let words = self.words(tokens.ids().iter().copied(), mode);
        self.forward_words(&words, tokens, lengths, state, dropouts, mode)
    }

    /// The rows of the embedding for all words of a batch.
    pub(crate) fn words(&self, ids: impl Iterator<Item = u32>, mode: &Mode) -> Words {
        Words::new(&self.embedding, ids, mode)
    }

    /// As [`Self::forward_padded`], for a part of a batch whose words have been taken out.
    pub(crate) fn forward_words(
        &self,
        words: &Words,
        tokens: &TokenGrid,
        lengths: &[usize],
        state: &HiddenState,
        dropouts: &Dropouts,
        mode: &mut Mode,
    ) -> (Tensor<3>, HiddenState) {
        assert_eq!(
            state.rows(),
            tokens.rows(),
            "the state must have the batch's rows"
        );
        assert_eq!(lengths.len(), tokens.rows(), "one length for each row");
        assert!(
            lengths.iter().all(|&len| len <= tokens.cols()),
            "a row is no longer than the grid is wide"
        );
        let reversal = match self.config().directions {
            Directions::Forward => None,
            Directions::Both => {
                let device = self.embedding.device();
                Some(Reversal::new(lengths, tokens.cols(), &device))
            }
        };
        let mut x = self.embed(words, tokens, dropouts, mode);
        let mut next = Vec::with_capacity(self.layers.len());
        for (index, (layer, before)) in self.layers.iter().zip(state.layers()).enumerate() {
            if index > 0 {
                x = mode.drop_locked(x, dropouts.hidden);
            }
            let (hidden, after) = layer.run(x, before, reversal.as_ref(), dropouts.weight, mode);
            x = hidden;
            next.push(after);
        }
        (x, HiddenState::new(next))
    }

    /// Embeddings after embedding and input dropout, `[T, B, E]`.
    fn embed(
        &self,
        words: &Words,
        tokens: &TokenGrid,
        dropouts: &Dropouts,
        mode: &mut Mode,
    ) -> Tensor<3> {
        let (rows, steps) = (tokens.rows(), tokens.cols());
        let [vocabulary, width] = self.embedding.dims();
        let ids = time_first(tokens);
        let mut x = words.rows(&ids);
        if let Some(factors) = mode.word_factors(&ids, vocabulary, dropouts.embed, &x.device()) {
            x = x * factors;
        }
        mode.drop_locked(x.reshape([steps, rows, width]), dropouts.input)
    }
}

/// The ids of a grid column by column: the order of `[T, B]`.
pub(crate) fn time_first(grid: &TokenGrid) -> Vec<u32> {
    let (rows, cols) = (grid.rows(), grid.cols());
    let ids = grid.ids();
    (0..cols)
        .flat_map(|t| (0..rows).map(move |b| ids[b * cols + t]))
        .collect()
}
