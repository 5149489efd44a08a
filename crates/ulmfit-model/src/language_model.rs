//! The language model: encoder, output dropout, tied decoder, and the objective it is trained on.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use ulmfit_kernels::tied_cross_entropy;
use ulmfit_text::TokenGrid;

use crate::encoder::awd_lstm::{AwdLstm, time_first};
use crate::encoder::awd_lstm_config::AwdLstmConfig;
use crate::encoder::dropout::{Dropouts, Mode};
use crate::encoder::state::HiddenState;
use crate::error::Result;
use crate::random::Random;

/// Activation regularization (Merity et al. 2017), added to the objective and never reported as loss.
///
/// `alpha * mean(h^2)` over the last layer's output after dropout, `beta * mean((h[t+1] - h[t])^2)` before it.
/// Defaults 2 and 1: AWD-LSTM and all fastai generations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regularization {
    /// Weight of the activations' size (AR).
    pub alpha: f64,
    /// Weight of their change over time (TAR).
    pub beta: f64,
}

impl Default for Regularization {
    fn default() -> Self {
        Self {
            alpha: 2.0,
            beta: 1.0,
        }
    }
}

impl Regularization {
    /// Neither.
    pub fn none() -> Self {
        Self {
            alpha: 0.0,
            beta: 0.0,
        }
    }
}

/// The configuration of a new language model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LanguageModelConfig {
    /// The encoder's sizes.
    pub encoder: AwdLstmConfig,
    /// Dropout probabilities; default [`Dropouts::language_model`].
    pub dropouts: Dropouts,
    /// Activation regularization; default 2 and 1.
    pub regularization: Regularization,
}

impl LanguageModelConfig {
    /// The defaults of fastai v2 for an encoder of the given sizes.
    pub fn new(encoder: AwdLstmConfig) -> Self {
        Self {
            encoder,
            dropouts: Dropouts::language_model(),
            regularization: Regularization::default(),
        }
    }

    /// Other dropouts.
    #[must_use]
    pub fn with_dropouts(self, dropouts: Dropouts) -> Self {
        Self { dropouts, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`crate::Error::Config`] with the field, what was expected and what was found: a size or probability out of range, or
    /// an encoder that reads both ways.
    ///
    /// ```
    /// use ulmfit_model::{AwdLstmConfig, Directions, LanguageModelConfig};
    ///
    /// let sizes = AwdLstmConfig::new(50).with_directions(Directions::Both);
    /// let error = LanguageModelConfig::new(sizes).validate().unwrap_err();
    /// assert!(error.to_string().contains("field `directions`"));
    /// ```
    pub fn validate(&self) -> Result<()> {
        self.dropouts.validate()?;
        self.encoder.validate()?;
        self.encoder.directions.require_forward()
    }

    /// A new model with weights drawn from `seed`; the decoder's bias is zero.
    ///
    /// For training pass an autodiff device: `device.clone().autodiff()`.
    ///
    /// # Errors
    /// As [`Self::validate`].
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use ulmfit_model::{AwdLstmConfig, LanguageModelConfig};
    ///
    /// let sizes = AwdLstmConfig::new(50).with_sizes(8, 16, 2);
    /// let model = LanguageModelConfig::new(sizes).init(1, &Device::default())?;
    /// assert_eq!(model.encoder.config().vocabulary, 50);
    /// # Ok::<(), ulmfit_model::Error>(())
    /// ```
    pub fn init(&self, seed: u64, device: &Device) -> Result<LanguageModel> {
        self.validate()?;
        let encoder = self.encoder.init(&mut Random::new(seed), device)?;
        let bias = Tensor::zeros([self.encoder.vocabulary], device);
        Ok(LanguageModel {
            encoder,
            decoder_bias: Param::from_tensor(bias),
            dropouts: self.dropouts,
            regularization: self.regularization,
        })
    }

    /// A model of this structure whose tensors are small, to be filled with others.
    pub(crate) fn skeleton(&self, device: &Device) -> Result<LanguageModel> {
        Self {
            encoder: self.encoder.smallest(),
            ..self.clone()
        }
        .init(0, device)
    }
}

/// An AWD-LSTM language model. The decoder's weight is the encoder's embedding, stored once.
#[derive(Module, Debug)]
pub struct LanguageModel {
    /// The encoder, which the classifier takes over.
    pub encoder: AwdLstm,
    /// `[V]`
    pub decoder_bias: Param<Tensor<1>>,
    /// Dropout probabilities in training.
    #[module(skip)]
    pub dropouts: Dropouts,
    /// Activation regularization in training.
    #[module(skip)]
    pub regularization: Regularization,
}

/// What one batch of a language model costs.
#[derive(Clone, Debug)]
pub struct LmLoss {
    /// What is minimized: cross-entropy and, in training, AR and TAR. `[1]`, differentiable.
    pub objective: Tensor<1>,
    /// Mean cross-entropy in nats over the counted positions, `[1]`, detached.
    pub cross_entropy: Tensor<1>,
    /// How many next tokens were predicted rightly, `[1]`, detached.
    pub correct: Tensor<1>,
    /// The number of positions that count (targets other than `IGNORED`).
    pub counted: usize,
}

impl LanguageModel {
    /// A zero state for `rows` rows.
    pub fn initial_state(&self, rows: usize) -> HiddenState {
        self.encoder.initial_state(rows)
    }

    /// The loss of predicting `targets` from `inputs`, and the state after the batch, detached.
    ///
    /// # Shapes
    /// `inputs` and `targets`: `B` rows of `T` ids; a target may be [`ulmfit_kernels::IGNORED`].
    ///
    /// # Panics
    /// If the shapes differ, the state has other rows, or an id is not in the vocabulary.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use ulmfit_model::{AwdLstmConfig, LanguageModelConfig, Mode};
    /// use ulmfit_text::TokenGrid;
    ///
    /// let sizes = AwdLstmConfig::new(50).with_sizes(8, 16, 2);
    /// let model = LanguageModelConfig::new(sizes).init(1, &Device::default())?;
    /// let inputs = TokenGrid::new(1, 3, vec![2, 9, 10]);
    /// let targets = TokenGrid::new(1, 3, vec![9, 10, 11]);
    /// let (loss, next) = model.loss(&inputs, &targets, &model.initial_state(1), &mut Mode::Eval);
    /// assert_eq!(loss.counted, 3);
    /// assert_eq!(next.rows(), 1);
    /// # Ok::<(), ulmfit_model::Error>(())
    /// ```
    pub fn loss(
        &self,
        inputs: &TokenGrid,
        targets: &TokenGrid,
        state: &HiddenState,
        mode: &mut Mode,
    ) -> (LmLoss, HiddenState) {
        assert_eq!(
            (inputs.rows(), inputs.cols()),
            (targets.rows(), targets.cols()),
            "inputs and targets must have one shape"
        );
        let (raw, next) = self.encoder.forward(inputs, state, &self.dropouts, mode);
        let [steps, rows, width] = raw.dims();
        let dropped = mode.drop_locked(raw.clone(), self.dropouts.output);
        let out = tied_cross_entropy(
            dropped.clone().reshape([steps * rows, width]),
            self.encoder.embedding.val(),
            self.decoder_bias.val(),
            &time_first(targets),
        );
        let mut objective = out.loss.clone();
        if mode.is_train() {
            if self.regularization.alpha != 0.0 {
                objective = objective + square_mean(dropped) * self.regularization.alpha;
            }
            if self.regularization.beta != 0.0 && steps > 1 {
                let later = raw.clone().slice([1..steps, 0..rows, 0..width]);
                let earlier = raw.slice([0..steps - 1, 0..rows, 0..width]);
                objective = objective + square_mean(later - earlier) * self.regularization.beta;
            }
        }
        let loss = LmLoss {
            objective,
            cross_entropy: out.loss.detach(),
            correct: out.correct,
            counted: out.counted,
        };
        (loss, next)
    }

    /// The logits of the token after each position, and the state after the last.
    ///
    /// # Shapes
    /// `tokens`: `B` rows of `T` ids; returns `[B, T, V]`.
    pub fn logits(
        &self,
        tokens: &TokenGrid,
        state: &HiddenState,
        mode: &mut Mode,
    ) -> (Tensor<3>, HiddenState) {
        let (raw, next) = self.encoder.forward(tokens, state, &self.dropouts, mode);
        let hidden = mode.drop_locked(raw, self.dropouts.output).swap_dims(0, 1);
        (self.decode(hidden), next)
    }

    /// The logits of the token after the last position only, `[B, V]`, and the state there: what generation needs.
    pub fn next_logits(&self, tokens: &TokenGrid, state: &HiddenState) -> (Tensor<2>, HiddenState) {
        let (raw, next) = self
            .encoder
            .forward(tokens, state, &self.dropouts, &mut Mode::Eval);
        let [steps, rows, width] = raw.dims();
        let last = raw.slice([steps - 1..steps, 0..rows, 0..width]);
        let logits = self.decode(last);
        let [_, _, vocabulary] = logits.dims();
        (logits.reshape([rows, vocabulary]), next)
    }

    /// `[_, _, E]` to `[_, _, V]`.
    fn decode(&self, hidden: Tensor<3>) -> Tensor<3> {
        let [a, b, width] = hidden.dims();
        let flat = hidden.reshape([a * b, width]);
        let logits = flat.matmul(self.encoder.embedding.val().transpose());
        let logits = logits + self.decoder_bias.val().unsqueeze::<2>();
        let vocabulary = logits.dims()[1];
        logits.reshape([a, b, vocabulary])
    }
}

fn square_mean(x: Tensor<3>) -> Tensor<1> {
    (x.clone() * x).mean()
}
