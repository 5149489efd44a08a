//! Weights and vocabularies that fastai has saved, of all three generations.
//!
//! [`language_model`] and [`classifier`] make a model of a weight file and a vocabulary file; [`FastaiWeights`] and
//! [`FastaiVocabulary`] are the files by themselves. Tensors are found by name, never by position.
//!
//! | file | read |
//! |---|---|
//! | weights | `.pth` and `.h5` of `torch.save`, before and since PyTorch 1.6, with or without an optimizer's state; safetensors with the same names |
//! | vocabulary | pickled list, tuple or fastcore `L`, protocol 2 to 5; JSON list |
//!
//! Pickles are parsed by a machine of our own that calls nothing. Not read: untied decoders, and layers
//! of QRNNs.

mod build;
mod container;
mod dtype;
mod fault;
mod match_table;
mod names;
mod pickle;
mod state_dict;
mod tensor;
mod vocabulary;
mod weights;

use std::path::Path;

use burn::tensor::Device;
use ulmfit_text::TokenizerConfig;

use crate::error::Result;
use crate::text_model::{TextClassifier, TextLanguageModel};

pub use names::{Generation, WeightsKind};
pub use vocabulary::FastaiVocabulary;
pub use weights::FastaiWeights;

/// The language model of a weight file, or of an encoder's, and its vocabulary file.
///
/// Without a `tokenizer`, texts go through the rules of the generation that saved the weights
/// ([`Generation::rules`]), split into English words.
///
/// # Errors
/// [`crate::Error::Io`]; [`crate::Error::ModelFile`] as [`FastaiWeights::open`], [`FastaiVocabulary::open`] and
/// [`FastaiWeights::language_model`] have it.
///
/// ```no_run
/// use burn::tensor::Device;
/// use ulmfit_model::import;
///
/// let device = Device::default();
/// let model = import::language_model("lstm_wt103.pth", "itos_wt103.pkl", None, &device)?;
/// model.save("wt103.safetensors")?;
/// # Ok::<(), ulmfit_model::Error>(())
/// ```
pub fn language_model(
    weights: impl AsRef<Path>,
    vocabulary: impl AsRef<Path>,
    tokenizer: Option<TokenizerConfig>,
    device: &Device,
) -> Result<TextLanguageModel> {
    let vocabulary = FastaiVocabulary::open(vocabulary)?;
    FastaiWeights::open(weights)?.language_model(&vocabulary, tokenizer, device)
}

/// The classifier of a weight file and its vocabulary file; `tokenizer` as in [`language_model`].
///
/// Without `classes`, they are those of the vocabulary file, or else numbers from 0.
///
/// # Errors
/// As [`language_model`]; [`crate::Error::Config`] if there is not one name for each class.
pub fn classifier(
    weights: impl AsRef<Path>,
    vocabulary: impl AsRef<Path>,
    classes: Option<Vec<String>>,
    tokenizer: Option<TokenizerConfig>,
    device: &Device,
) -> Result<TextClassifier> {
    let vocabulary = FastaiVocabulary::open(vocabulary)?;
    FastaiWeights::open(weights)?.classifier(&vocabulary, classes, tokenizer, device)
}
