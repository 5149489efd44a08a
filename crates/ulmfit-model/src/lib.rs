//! The models of ULMFiT: AWD-LSTM encoder, language model, text classifier, and the file they travel in.
//!
//! A tour, bottom up:
//!
//! * [`AwdLstm`]: embedding and LSTM or QRNN layers, in one direction or both; [`HiddenState`] goes in and comes
//!   out as a value.
//! * [`Dropouts`] and [`Mode`]: the five dropouts, and whether a pass trains or evaluates.
//! * [`LanguageModel`]: the encoder with its tied decoder; [`LanguageModel::loss`] is a training step's objective.
//! * [`Classifier`]: the encoder over whole documents, concat pooling and a head.
//! * [`LinearClassifier`]: words and pairs of words with a weight for each class, thousands of texts a second.
//! * [`TextLanguageModel`], [`TextClassifier`]: a model with everything that turns text into its ids; saved and loaded as one file.
//! * [`import`]: weights and vocabularies of fastai; [`TextLanguageModel::export_fastai`] is the way back.
//! * [`Predictor`], [`Regressor`] and [`Generator`]: text in, classes, numbers or text out; [`Ensemble`]: several
//!   predictors as one.
//!
//! ```
//! use burn::tensor::Device;
//! use ulmfit_model::{
//!     AwdLstmConfig, ClassifierConfig, Generator, LanguageModelConfig, Predictor, Sampling, TextClassifier,
//!     TextEncoding, TextLanguageModel,
//! };
//! use ulmfit_text::{TokenizerConfig, VocabConfig};
//!
//! let device = Device::default();
//! let tokens = TokenizerConfig::new().init().tokenize_all(&["good film", "bad film", "good, bad"]);
//! let text = TextEncoding::new(TokenizerConfig::new(), VocabConfig::new().with_min_freq(1).build(&tokens));
//!
//! let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(8, 16, 2);
//! let model = LanguageModelConfig::new(sizes).init(1, &device)?;
//! let language_model = TextLanguageModel::new(text.clone(), model)?; // untrained, it still writes
//! let written = Generator::new(&language_model).generate("good", 3, &Sampling::default(), 0);
//! assert!(written.starts_with("good"));
//!
//! let head = ClassifierConfig::new(2).init(language_model.model.encoder, 2, &device)?;
//! let classifier = TextClassifier::new(text, head, vec!["neg".into(), "pos".into()])?;
//! assert_eq!(Predictor::new(&classifier)?.predict("good").probabilities.len(), 2);
//! # Ok::<(), ulmfit_model::Error>(())
//! ```
//!
//! Legend: `B` rows of the batch, `T` time steps, `V` vocabulary size, `E` embedding width, `H` hidden width. Batches
//! come in as [`ulmfit_text::TokenGrid`], `B` rows of `T` ids.

#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod classify;
mod encoder;
mod error;
mod file;
mod generate;
mod go_on;
pub mod import;
mod language_model;
mod linear;
mod predict;
mod random;
mod text_model;
mod transfer;

pub use classify::batch_norm::BatchNorm;
pub use classify::class_loss::ClassLoss;
pub use classify::classifier::{Classifier, ClassifierConfig, ClassifierLoss};
pub use classify::cut::Cut;
pub use classify::document::{DocumentWindow, Encoded};
pub use classify::head::{Head, HeadBlock, HeadConfig};
pub use classify::pooling::Pooling;
pub use classify::targets::Targets;
pub use classify::task::Task;
pub use encoder::awd_lstm::AwdLstm;
pub use encoder::awd_lstm_config::{AwdLstmConfig, Cell, Directions};
pub use encoder::dropout::{Dropouts, Mode};
pub use encoder::encoder_layer::EncoderLayer;
pub use encoder::lstm_layer::LstmLayer;
pub use encoder::qrnn_layer::QrnnLayer;
pub use encoder::recurrence::Recurrence;
pub use encoder::state::{HiddenState, LayerState, RecurrentState};
pub use error::{Error, Result};
pub use file::{ModelInfo, ModelKind, Storage};
pub use generate::generator::{Generator, Sampling};
pub use go_on::uninterrupted;
pub use language_model::{LanguageModel, LanguageModelConfig, LmLoss, Regularization};
pub use linear::classifier::LinearClassifier;
pub use linear::ngrams::ngram_keys;
pub use linear::table::{FeatureTable, FeatureValue};
pub use predict::attribution::WordWeight;
pub use predict::ensemble::Ensemble;
pub use predict::predictor::{Prediction, Predictor};
pub use predict::regressor::Regressor;
pub use predict::top_class::top_class;
pub use random::Random;
pub use text_model::{TextClassifier, TextEncoding, TextLanguageModel};
