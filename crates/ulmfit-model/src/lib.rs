//! The models of ULMFiT: AWD-LSTM encoder, language model, text classifier, and the file they travel in.
//!
//! A tour, bottom up:
//!
//! * [`AwdLstm`]: embedding and LSTM or QRNN layers, in one direction or both; [`HiddenState`] goes in and comes
//!   out as a value.
//! * [`Dropouts`] and [`Mode`]: the five dropouts, and whether a pass trains or evaluates.
//! * [`LanguageModel`]: the encoder with its tied decoder; [`LanguageModel::loss`] is a training step's objective.
//! * [`Classifier`]: the encoder over whole documents, concat pooling and a head.
//! * [`TextLanguageModel`], [`TextClassifier`]: a model with everything that turns text into its ids; saved and loaded as one file.
//! * [`import`]: weights and vocabularies of fastai; [`TextLanguageModel::export_fastai`] is the way back.
//! * [`Predictor`], [`Regressor`] and [`Generator`]: text in, classes, numbers or text out; [`Ensemble`]: several
//!   predictors as one.
//!
//! Legend: `B` rows of the batch, `T` time steps, `V` vocabulary size, `E` embedding width, `H` hidden width. Batches
//! come in as [`ulmfit_text::TokenGrid`], `B` rows of `T` ids.

#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod attribution;
mod awd_lstm;
mod awd_lstm_config;
mod batch_norm;
mod beam;
mod classifier;
mod document;
mod dropout;
mod encoder_layer;
mod ensemble;
mod error;
mod file;
mod generator;
mod head;
pub mod import;
mod language_model;
mod linear_recurrence;
mod lstm_layer;
mod pooling;
mod predictor;
mod qrnn_layer;
mod random;
mod recurrence;
mod regressor;
mod reversal;
mod scorer;
mod state;
mod task;
mod text_model;
mod transfer;

pub use attribution::WordWeight;
pub use awd_lstm::AwdLstm;
pub use awd_lstm_config::{AwdLstmConfig, Cell, Directions};
pub use batch_norm::BatchNorm;
pub use classifier::{Classifier, ClassifierConfig, ClassifierLoss};
pub use document::DocumentWindow;
pub use dropout::{Dropouts, Mode};
pub use encoder_layer::EncoderLayer;
pub use ensemble::Ensemble;
pub use error::{Error, Result};
pub use file::{ModelInfo, ModelKind, Storage};
pub use generator::{Generator, Sampling};
pub use head::{Head, HeadBlock, HeadConfig};
pub use language_model::{LanguageModel, LanguageModelConfig, LmLoss, Regularization};
pub use lstm_layer::LstmLayer;
pub use predictor::{Prediction, Predictor};
pub use qrnn_layer::QrnnLayer;
pub use random::Random;
pub use recurrence::Recurrence;
pub use regressor::Regressor;
pub use state::{HiddenState, LayerState, RecurrentState};
pub use task::{ClassLoss, Targets, Task};
pub use text_model::{TextClassifier, TextEncoding, TextLanguageModel};
