//! The text classifier: the language model's encoder, concat pooling over whole documents, and a head.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use ulmfit_text::TokenGrid;

use crate::classify::class_loss::ClassLoss;
use crate::classify::cut::Cut;
use crate::classify::document::{self, DocumentWindow, Encoded};
use crate::classify::head::{Head, HeadConfig};
use crate::classify::pooling::Pooling;
use crate::classify::targets::Targets;
use crate::classify::task::Task;
use crate::encoder::awd_lstm::AwdLstm;
use crate::encoder::awd_lstm_config::AwdLstmConfig;
use crate::encoder::dropout::{Dropouts, Mode};
use crate::error::{Error, Result};
use crate::go_on::{GoOn, uninterrupted};
use crate::language_model::Regularization;
use crate::random::Random;

/// The configuration of a new classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifierConfig {
    /// The number of outputs: classes, at least 2 for [`Task::SingleLabel`], or numbers.
    pub classes: usize,
    /// What the outputs stand for; default one class for each document.
    #[serde(default)]
    pub task: Task,
    /// How cross-entropy counts classes; default all alike, no smoothing.
    #[serde(default)]
    pub loss: ClassLoss,
    /// Dropout probabilities; default [`Dropouts::classifier`] times 0.5 (fastai v2's `drop_mult`).
    pub dropouts: Dropouts,
    /// Activation regularization; default 2 and 1.
    pub regularization: Regularization,
    /// How documents are cut; default 72 and 1440 (fastai v2).
    pub window: DocumentWindow,
    /// What is read of a long document; default all of it, as in files of versions without the rule.
    #[serde(default, skip_serializing_if = "Cut::is_whole")]
    pub cut: Cut,
    /// Hidden layers of the head; default one of 50.
    pub head: HeadConfig,
    /// What the head reads; default last state, maximum and mean.
    #[serde(default, skip_serializing_if = "Pooling::is_default")]
    pub pooling: Pooling,
}

impl ClassifierConfig {
    /// The defaults of fastai v2 for `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            task: Task::default(),
            loss: ClassLoss::default(),
            dropouts: Dropouts::classifier().scaled(0.5),
            regularization: Regularization::default(),
            window: DocumentWindow::default(),
            cut: Cut::default(),
            head: HeadConfig::default(),
            pooling: Pooling::default(),
        }
    }

    /// Other dropouts.
    #[must_use]
    pub fn with_dropouts(self, dropouts: Dropouts) -> Self {
        Self { dropouts, ..self }
    }

    /// Another pooling.
    #[must_use]
    pub fn with_pooling(self, pooling: Pooling) -> Self {
        Self { pooling, ..self }
    }

    /// Another task.
    #[must_use]
    pub fn with_task(self, task: Task) -> Self {
        Self { task, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Config`] with the field, what was expected and what was found.
    pub fn validate(&self) -> Result<()> {
        self.dropouts.validate()?;
        self.task.validate()?;
        self.loss.validate(self.classes)?;
        if !(0.0..1.0).contains(&self.head.dropout) {
            let expected = "a dropout probability of at least 0 and below 1";
            return Err(Error::config("head.dropout", expected, self.head.dropout));
        }
        let fields = [
            ("classes", self.classes, self.task.least_outputs()),
            ("bptt", self.window.bptt, 1),
            ("max_len", self.window.max_len, 1),
            ("cut", self.cut.limit().unwrap_or(1), 1),
            (
                "head.hidden",
                self.head.hidden.iter().copied().min().unwrap_or(1),
                1,
            ),
        ];
        for (field, found, least) in fields {
            if found < least {
                return Err(Error::config(field, format!("at least {least}"), found));
            }
        }
        Ok(())
    }

    /// A classifier on a (fine-tuned) encoder; the head's weights are drawn from `seed`.
    ///
    /// # Errors
    /// As [`Self::validate`].
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use ulmfit_model::{AwdLstmConfig, ClassifierConfig, Random};
    ///
    /// let device = Device::default();
    /// let sizes = AwdLstmConfig::new(50).with_sizes(8, 16, 2);
    /// let encoder = sizes.init(&mut Random::new(1), &device)?;
    /// let classifier = ClassifierConfig::new(2).init(encoder, 2, &device)?;
    /// assert_eq!(classifier.n_classes(), 2);
    /// # Ok::<(), ulmfit_model::Error>(())
    /// ```
    pub fn init(&self, encoder: AwdLstm, seed: u64, device: &Device) -> Result<Classifier> {
        self.validate()?;
        let width = self.pooling.width(encoder.config().embed);
        let head = Head::init(
            &self.head,
            width,
            self.classes,
            &mut Random::new(seed),
            device,
        );
        Ok(Classifier {
            encoder,
            head,
            config: self.clone(),
        })
    }

    /// A classifier of this structure whose tensors are small, to be filled with others; `biases` says which blocks of
    /// the head have one.
    pub(crate) fn skeleton(
        &self,
        sizes: &AwdLstmConfig,
        biases: impl Iterator<Item = bool>,
        device: &Device,
    ) -> Result<Classifier> {
        let encoder = sizes.smallest().init(&mut Random::new(0), device)?;
        let mut model = self.init(encoder, 0, device)?;
        for (block, has_bias) in model.head.blocks.iter_mut().zip(biases) {
            block.bias = has_bias.then(|| Param::from_tensor(Tensor::zeros([1], device)));
        }
        Ok(model)
    }
}

/// An AWD-LSTM text classifier.
#[derive(Module, Debug)]
pub struct Classifier {
    /// The encoder of the fine-tuned language model.
    pub encoder: AwdLstm,
    /// From the pooled document to the classes.
    pub head: Head,
    #[module(skip)]
    config: ClassifierConfig,
}

/// What one batch of a classifier costs.
#[derive(Clone, Debug)]
pub struct ClassifierLoss {
    /// What is minimized: the task's loss and, in training, AR and TAR. `[1]`, differentiable.
    pub objective: Tensor<1>,
    /// The task's mean loss over the rows, without AR and TAR, `[1]`, detached: cross-entropy in nats for one class each.
    pub value: Tensor<1>,
    /// `[B, classes]`, detached.
    pub logits: Tensor<2>,
}

impl Classifier {
    /// The configuration it was made with.
    pub fn config(&self) -> &ClassifierConfig {
        &self.config
    }

    /// The number of classes.
    pub fn n_classes(&self) -> usize {
        self.config.classes
    }

    /// The logits of right-padded documents.
    ///
    /// A row's logits depend on its own tokens alone: neither on the other rows nor on the padding.
    ///
    /// # Shapes
    /// `tokens`: `B` rows, of which the first `lengths[b]` ids are the document; returns `[B, classes]`.
    ///
    /// # Panics
    /// If there is not one length a row, or a length is 0 or beyond the grid.
    pub fn logits(&self, tokens: &TokenGrid, lengths: &[usize], mode: &mut Mode) -> Tensor<2> {
        self.forward(tokens, lengths, mode).0
    }

    /// What the outputs say, `[B, classes]`, without dropout: probabilities, or numbers in a regression.
    pub fn outputs(&self, tokens: &TokenGrid, lengths: &[usize]) -> Tensor<2> {
        let logits = self.logits(tokens, lengths, &mut Mode::Eval);
        self.config.task.activate(logits)
    }

    /// The pooled vectors of right-padded documents, what the head reads: for a head of one's own, or for comparing
    /// documents.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use ulmfit_model::{AwdLstmConfig, ClassifierConfig, Mode, Random};
    /// use ulmfit_text::TokenGrid;
    ///
    /// let device = Device::default();
    /// let encoder = AwdLstmConfig::new(50).with_sizes(8, 16, 2).init(&mut Random::new(1), &device)?;
    /// let classifier = ClassifierConfig::new(2).init(encoder, 2, &device)?;
    /// let documents = TokenGrid::new(2, 3, vec![9, 10, 11, 12, 13, 1]); // 1 is padding
    /// let vectors = classifier.encode(&documents, &[3, 2], &mut Mode::Eval).pooled;
    /// assert_eq!(vectors.dims(), [2, 24]);
    /// # Ok::<(), ulmfit_model::Error>(())
    /// ```
    ///
    /// # Panics
    /// As [`Self::logits`].
    pub fn encode(&self, tokens: &TokenGrid, lengths: &[usize], mode: &mut Mode) -> Encoded {
        uninterrupted(|go_on| self.encode_while(tokens, lengths, mode, go_on))
    }

    /// As [`Self::outputs`]; none if `go_on`, which is asked before each chunk, says no.
    pub(crate) fn outputs_while(
        &self,
        tokens: &TokenGrid,
        lengths: &[usize],
        go_on: GoOn<'_>,
    ) -> Option<Tensor<2>> {
        let (logits, _) = self.forward_while(tokens, lengths, &mut Mode::Eval, go_on)?;
        Some(self.config.task.activate(logits))
    }

    fn encode_while(
        &self,
        tokens: &TokenGrid,
        lengths: &[usize],
        mode: &mut Mode,
        go_on: GoOn<'_>,
    ) -> Option<Encoded> {
        document::encode(
            &self.encoder,
            tokens,
            lengths,
            (self.config.window, self.config.pooling),
            &self.config.dropouts,
            self.config.regularization,
            mode,
            go_on,
        )
    }

    /// The loss of a batch against its targets, such as `&labels`.
    ///
    /// In training, batch normalization needs at least two rows.
    ///
    /// # Panics
    /// As [`Self::logits`], and if there is not one target a row, a label is not a class, or the targets are those of
    /// another [`Task`].
    pub fn loss<'a>(
        &self,
        tokens: &TokenGrid,
        lengths: &[usize],
        targets: impl Into<Targets<'a>>,
        mode: &mut Mode,
    ) -> ClassifierLoss {
        let (logits, penalty) = self.forward(tokens, lengths, mode);
        let config = &self.config;
        let loss = config
            .task
            .loss(logits.clone(), targets.into(), &config.loss);
        let objective = match penalty {
            Some(penalty) => loss.clone() + penalty,
            None => loss.clone(),
        };
        ClassifierLoss {
            objective,
            value: loss.detach(),
            logits: logits.detach(),
        }
    }

    fn forward(
        &self,
        tokens: &TokenGrid,
        lengths: &[usize],
        mode: &mut Mode,
    ) -> (Tensor<2>, Option<Tensor<1>>) {
        uninterrupted(|go_on| self.forward_while(tokens, lengths, mode, go_on))
    }

    fn forward_while(
        &self,
        tokens: &TokenGrid,
        lengths: &[usize],
        mode: &mut Mode,
        go_on: GoOn<'_>,
    ) -> Option<(Tensor<2>, Option<Tensor<1>>)> {
        let encoded = self.encode_while(tokens, lengths, mode, go_on)?;
        let (first, rest) = (self.config.dropouts.output, self.config.head.dropout);
        let logits = self.head.forward(encoded.pooled, first, rest, mode);
        Some((logits, encoded.penalty))
    }
}
