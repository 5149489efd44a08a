//! Embedding, cell, decoder.

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param, ParamGroup};
use ulmfit::burn::tensor::{Device, Tensor, activation};
use ulmfit::kernels::{TiedLoss, tied_cross_entropy};
use ulmfit::model::Random;
use ulmfit::prelude::*;

use crate::cells::{Cell, Kind, State, last};
use crate::embedding::Embedding;

/// The widths of a model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Characters and padding.
    pub(crate) alphabet: usize,
    /// The embedding's; 42 in the lesson.
    pub(crate) embed: usize,
    /// The hidden state's; 256 in the lesson.
    pub(crate) hidden: usize,
}

impl Sizes {
    /// A new model.
    pub(crate) fn init(self, kind: Kind, seed: u64, device: &Device) -> CharModel {
        let mut random = Random::new(seed);
        let bound = 1.0 / (self.hidden as f64).sqrt();
        CharModel {
            embedding: Embedding::new(self.alphabet, self.embed, 1.0, &mut random, device),
            cell: Cell::new(kind, self.embed, self.hidden, &mut random, device),
            decoder: Param::from_tensor(random.uniform(
                [self.alphabet, self.hidden],
                bound,
                device,
            )),
            decoder_bias: Param::from_tensor(Tensor::zeros([self.alphabet], device)),
        }
    }
}

/// A model of the next character.
#[derive(Module, Debug)]
pub(crate) struct CharModel {
    embedding: Embedding,
    cell: Cell,
    /// `[V, H]`
    decoder: Param<Tensor<2>>,
    /// `[V]`
    decoder_bias: Param<Tensor<1>>,
}

impl CharModel {
    /// The layer groups, bottom first: embedding, cell, decoder. As in a language model the decoder's bias takes no
    /// decay.
    pub(crate) fn groups(&self) -> LayerGroups {
        let bias = ParamGroup::from_ids(vec![self.decoder_bias.id]);
        let decoder = ParamGroup::from_ids(vec![self.decoder.id]).fuse(&bias);
        let embedding = ParamGroup::ids_from_module(self.embedding.clone());
        let cell = ParamGroup::ids_from_module(self.cell.clone());
        LayerGroups::new(vec![embedding, cell, decoder], bias)
    }

    /// A zero state.
    pub(crate) fn initial_state(&self, rows: usize) -> State {
        State::zero(rows, self.decoder.dims()[1], &self.decoder.device())
    }

    /// All hidden states `[T, B, H]` over `ids`, time first, and the state after the last step.
    pub(crate) fn hidden(&self, ids: &[u32], rows: usize, state: &State) -> (Tensor<3>, State) {
        let x = self.embedding.rows(ids);
        let width = x.dims()[1];
        self.cell
            .run(x.reshape([ids.len() / rows, rows, width]), state)
    }

    /// The loss of predicting `targets` from `[N, H]`, by the language models' kernel.
    pub(crate) fn cost(&self, hidden: Tensor<2>, targets: &[u32]) -> TiedLoss {
        tied_cross_entropy(hidden, self.decoder.val(), self.decoder_bias.val(), targets)
    }

    /// The probabilities of the character after the last of `ids`, a single row, and the state there.
    pub(crate) fn next(&self, ids: &[u32], state: &State) -> (Vec<f32>, State) {
        let (hidden, state) = self.hidden(ids, 1, state);
        let logits = last(hidden).matmul(self.decoder.val().transpose());
        let logits = logits + self.decoder_bias.val().unsqueeze::<2>();
        (
            activation::softmax(logits, 1)
                .into_data()
                .iter::<f32>()
                .collect(),
            state,
        )
    }

    /// The most probable character after `ids`.
    pub(crate) fn most_probable(&self, ids: &[u32]) -> u32 {
        let (shares, _) = self.next(ids, &self.initial_state(1));
        let best = (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
        best.unwrap_or(0) as u32
    }

    /// The embedding of each character; padding is left out.
    pub(crate) fn embedding_rows(&self) -> Vec<Vec<f64>> {
        let width = self.embedding.weight.dims()[1];
        let values: Vec<f32> = self
            .embedding
            .weight
            .val()
            .into_data()
            .iter::<f32>()
            .collect();
        let rows = values.chunks(width).skip(1);
        rows.map(|row| row.iter().map(|&x| f64::from(x)).collect())
            .collect()
    }
}
