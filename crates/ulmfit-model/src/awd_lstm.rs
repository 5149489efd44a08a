//! The AWD-LSTM encoder (Merity et al. 2018): embedding, LSTM layers, dropouts.
//!
//! Legend: `B` rows, `T` time steps, `V` vocabulary size, `E` embedding width, `H` hidden width. Inside the model
//! tensors are time-first, `[T, B, _]`, because the recurrence reads one step at a time.

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use ulmfit_kernels::{LstmWeights, lstm_layer};
use ulmfit_text::{Special, TokenGrid};

use crate::dropout::{Dropouts, Mode};
use crate::error::{Error, Result};
use crate::random::Random;
use crate::state::{HiddenState, LayerState};

/// The sizes of an encoder.
///
/// | field | default | source |
/// |---|---|---|
/// | `embed` | 400 | paper section 4; all fastai generations |
/// | `hidden` | 1152 | fastai v1 (from 1.0.53) and v2; the paper has 1150 |
/// | `layers` | 3 | paper section 4 |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwdLstmConfig {
    /// Words in the vocabulary (`V`).
    pub vocabulary: usize,
    /// Width of the embedding and of the last layer (`E`).
    pub embed: usize,
    /// Width of the other layers (`H`).
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
}

impl AwdLstmConfig {
    /// The standard sizes, 400 / 1152 / 3, for a vocabulary of `vocabulary` words.
    pub fn new(vocabulary: usize) -> Self {
        Self {
            vocabulary,
            embed: 400,
            hidden: 1152,
            layers: 3,
        }
    }

    /// Other sizes: embedding width, hidden width, number of layers.
    ///
    /// ```
    /// use ulmfit_model::AwdLstmConfig;
    /// assert_eq!(AwdLstmConfig::new(100).with_sizes(64, 128, 2).widths(), [128, 64]);
    /// ```
    #[must_use]
    pub fn with_sizes(self, embed: usize, hidden: usize, layers: usize) -> Self {
        Self {
            embed,
            hidden,
            layers,
            ..self
        }
    }

    /// The width of each layer's hidden state, bottom first: the last is as wide as the embedding.
    pub fn widths(&self) -> Vec<usize> {
        let mut widths = vec![self.hidden; self.layers];
        if let Some(last) = widths.last_mut() {
            *last = self.embed;
        }
        widths
    }

    /// Checks that no size is zero and the vocabulary holds the special tokens.
    ///
    /// # Errors
    /// [`Error::Config`] with the field, what was expected and what was found.
    pub fn validate(&self) -> Result<()> {
        let specials = Special::ALL.len();
        let fields = [
            ("vocabulary", self.vocabulary, specials),
            ("embed", self.embed, 1),
            ("hidden", self.hidden, 1),
            ("layers", self.layers, 1),
        ];
        for (field, found, least) in fields {
            if found < least {
                return Err(Error::Config {
                    field,
                    expected: format!("at least {least}"),
                    found: found.to_string(),
                });
            }
        }
        Ok(())
    }

    /// A new encoder: embedding `U(-0.1, 0.1)`, layers `U(-1/sqrt(h), 1/sqrt(h))` with `h` the layer's own width
    /// (PyTorch's default, as in all fastai generations). Drawn on the host: equal on every device.
    ///
    /// # Errors
    /// As [`Self::validate`].
    pub fn init(&self, random: &mut Random, device: &Device) -> Result<AwdLstm> {
        self.validate()?;
        let embedding = random.uniform([self.vocabulary, self.embed], 0.1, device);
        let mut width = self.embed;
        let layers = self.widths().into_iter().map(|hidden| {
            let layer = LstmLayer::init(width, hidden, random, device);
            width = hidden;
            layer
        });
        let layers = layers.collect();
        Ok(AwdLstm {
            embedding: Param::from_tensor(embedding),
            layers,
        })
    }
}

/// The weights of one LSTM layer, gates in PyTorch's order `i, f, g, o`, transposed against PyTorch.
#[derive(Module, Debug)]
pub struct LstmLayer {
    /// `[I, 4H]`
    pub weight_ih: Param<Tensor<2>>,
    /// `[H, 4H]`, before weight dropout.
    pub weight_hh: Param<Tensor<2>>,
    /// `[4H]`
    pub bias_ih: Param<Tensor<1>>,
    /// `[4H]`; PyTorch has two biases, and weight decay acts on each.
    pub bias_hh: Param<Tensor<1>>,
}

impl LstmLayer {
    fn init(width: usize, hidden: usize, random: &mut Random, device: &Device) -> Self {
        let bound = 1.0 / (hidden as f64).sqrt();
        Self {
            weight_ih: Param::from_tensor(random.uniform([width, 4 * hidden], bound, device)),
            weight_hh: Param::from_tensor(random.uniform([hidden, 4 * hidden], bound, device)),
            bias_ih: Param::from_tensor(random.uniform([4 * hidden], bound, device)),
            bias_hh: Param::from_tensor(random.uniform([4 * hidden], bound, device)),
        }
    }

    fn forward(
        &self,
        x: Tensor<3>,
        state: &LayerState,
        weight_drop: f64,
        mode: &mut Mode,
    ) -> (Tensor<3>, LayerState) {
        let [steps, rows, _] = x.dims();
        let weights = LstmWeights {
            input: self.weight_ih.val(),
            hidden: mode.drop_elements(self.weight_hh.val(), weight_drop),
            bias: self.bias_ih.val() + self.bias_hh.val(),
        };
        let out = lstm_layer(x, &weights, state.hidden.clone(), state.cell.clone());
        let width = out.hidden.dims()[2];
        let last = out
            .hidden
            .clone()
            .detach()
            .slice([steps - 1..steps, 0..rows, 0..width]);
        let next = LayerState {
            hidden: last.reshape([rows, width]),
            cell: out.cell,
        };
        (out.hidden, next)
    }
}

/// The encoder: `V x E` embedding and LSTM layers `E -> H -> ... -> E`.
///
/// The embedding is stored once; the language model's decoder reads the same parameter.
#[derive(Module, Debug)]
pub struct AwdLstm {
    /// `[V, E]`
    pub embedding: Param<Tensor<2>>,
    /// Bottom first.
    pub layers: Vec<LstmLayer>,
}

impl AwdLstm {
    /// The sizes, read off the weights.
    pub fn config(&self) -> AwdLstmConfig {
        let [vocabulary, embed] = self.embedding.dims();
        let hidden = self
            .layers
            .first()
            .map_or(0, |layer| layer.weight_hh.dims()[0]);
        AwdLstmConfig {
            vocabulary,
            embed,
            hidden,
            layers: self.layers.len(),
        }
    }

    /// A zero state for `rows` rows.
    pub fn initial_state(&self, rows: usize) -> HiddenState {
        let widths: Vec<_> = self
            .layers
            .iter()
            .map(|layer| layer.weight_hh.dims()[0])
            .collect();
        HiddenState::zeros(&widths, rows, &self.embedding.device())
    }

    /// The last layer's hidden states at all steps, before output dropout, and the state after the last step.
    ///
    /// # Shapes
    /// * `tokens`: `B` rows of `T` ids
    /// * returns `[T, B, E]` (time first) and a detached state of `B` rows
    ///
    /// # Panics
    /// If the state has another number of rows, or an id is not below the vocabulary size.
    pub fn forward(
        &self,
        tokens: &TokenGrid,
        state: &HiddenState,
        dropouts: &Dropouts,
        mode: &mut Mode,
    ) -> (Tensor<3>, HiddenState) {
        assert_eq!(
            state.rows(),
            tokens.rows(),
            "the state must have the batch's rows"
        );
        let mut x = self.embed(tokens, dropouts, mode);
        let mut next = Vec::with_capacity(self.layers.len());
        for (index, (layer, before)) in self.layers.iter().zip(state.layers()).enumerate() {
            if index > 0 {
                x = mode.drop_locked(x, dropouts.hidden);
            }
            let (hidden, after) = layer.forward(x, before, dropouts.weight, mode);
            x = hidden;
            next.push(after);
        }
        (x, HiddenState::new(next))
    }

    /// Embeddings after embedding and input dropout, `[T, B, E]`.
    fn embed(&self, tokens: &TokenGrid, dropouts: &Dropouts, mode: &mut Mode) -> Tensor<3> {
        let (rows, steps) = (tokens.rows(), tokens.cols());
        let [vocabulary, width] = self.embedding.dims();
        let ids = time_first(tokens);
        let device = self.embedding.device();
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
            panic!("token id {id} of a vocabulary of {vocabulary} words");
        }
        let mut x = self.embedding.val().select(0, int_tensor(&ids, &device));
        if mode.is_train() && ids.contains(&Special::Pad.id()) {
            x = without_gradient_at(x, &ids, Special::Pad.id());
        }
        if let Some(factors) = mode.word_factors(&ids, vocabulary, dropouts.embed, &device) {
            x = x * factors;
        }
        mode.drop_locked(x.reshape([steps, rows, width]), dropouts.input)
    }
}

/// `x` with the rows of `pad` cut out of the graph: padding takes no gradient from the input side, as PyTorch's
/// `padding_idx` has it (the tied decoder still gives it one).
fn without_gradient_at(x: Tensor<2>, ids: &[u32], pad: u32) -> Tensor<2> {
    let real = ids
        .iter()
        .map(|&id| if id == pad { 0.0 } else { 1.0 })
        .collect();
    let real = crate::random::from_values(real, [ids.len(), 1], &x.device());
    let padding = x.clone().detach() * (real.clone().neg() + 1.0);
    x * real + padding
}

/// The ids of a grid column by column: the order of `[T, B]`.
pub(crate) fn time_first(grid: &TokenGrid) -> Vec<u32> {
    let (rows, cols) = (grid.rows(), grid.cols());
    let ids = grid.ids();
    (0..cols)
        .flat_map(|t| (0..rows).map(move |b| ids[b * cols + t]))
        .collect()
}

/// Ids as a tensor.
pub(crate) fn int_tensor(ids: &[u32], device: &Device) -> Tensor<1, Int> {
    let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    let shape = [ids.len()];
    Tensor::from_data(TensorData::new(ids, shape), device)
}
