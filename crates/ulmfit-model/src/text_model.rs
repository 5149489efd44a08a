//! A model together with everything that turns text into its ids: what is saved, loaded and shipped.

use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use ulmfit_text::{Tokenizer, TokenizerConfig, Vocab};

use crate::classify::classifier::Classifier;
use crate::error::{Error, Result};
use crate::file::{self, Place, Storage};
use crate::language_model::LanguageModel;

/// Text rules, word splitter and vocabulary: text to ids and back.
///
/// ```
/// use ulmfit_model::TextEncoding;
/// use ulmfit_text::{TokenizerConfig, VocabConfig};
///
/// let tokens = TokenizerConfig::new().init().tokenize_all(&["good good good", "bad bad bad"]);
/// let vocab = VocabConfig::new().build(&tokens);
/// let text = TextEncoding::new(TokenizerConfig::new(), vocab);
/// assert_eq!(text.encode("good").len(), 2); // xxbos good
/// ```
#[derive(Clone, Debug)]
pub struct TextEncoding {
    config: TokenizerConfig,
    tokenizer: Tokenizer,
    vocab: Vocab,
}

impl TextEncoding {
    /// An encoding with the given rules and vocabulary.
    pub fn new(config: TokenizerConfig, vocab: Vocab) -> Self {
        let tokenizer = config.init();
        Self {
            config,
            tokenizer,
            vocab,
        }
    }

    /// Rules and splitter.
    pub fn tokenizer_config(&self) -> &TokenizerConfig {
        &self.config
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The vocabulary.
    pub fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    /// The ids of a text, at least one (`xxbos`).
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.vocab.encode_text(&self.tokenizer, text)
    }

    /// The ids of many texts, in order, tokenized on all threads.
    pub fn encode_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<u32>> {
        self.vocab.encode_texts(&self.tokenizer, texts)
    }

    /// Text for readers from ids, special tokens undone.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.tokenizer.detokenize(&self.vocab.decode_tokens(ids))
    }
}

/// A language model and its text encoding.
#[derive(Clone, Debug)]
pub struct TextLanguageModel {
    /// Text to ids.
    pub text: TextEncoding,
    /// Ids to next ids.
    pub model: LanguageModel,
}

impl TextLanguageModel {
    /// Puts the two together.
    ///
    /// # Errors
    /// [`Error::Config`] if the vocabulary and the embedding differ in size, or the encoder reads both ways.
    pub fn new(text: TextEncoding, model: LanguageModel) -> Result<Self> {
        let encoder = model.encoder.config();
        check_vocabulary(&text, encoder.vocabulary)?;
        encoder.directions.require_forward()?;
        Ok(Self { text, model })
    }

    /// Writes the model as one file, beside the target first and then renamed: a file that was there stays whole
    /// until the new one is.
    ///
    /// # Errors
    /// [`Error::Io`] with the path and the system's reason.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_as(path, Storage::F32)
    }

    /// As [`Self::save`], with matrices stored in fewer bits.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::ModelFile`] naming the tensor if a weight is out of the storage's range.
    pub fn save_as(&self, path: impl AsRef<Path>, storage: Storage) -> Result<()> {
        file::save_language_model(self, path.as_ref(), storage)
    }

    /// Reads a file that [`Self::save`] has written. For training pass an autodiff device.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::ModelFile`], naming file, part, what was expected and found, and what to do.
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        file::load_language_model(Place::Disk(path.as_ref()), device)
    }

    /// Reads the bytes of such a file, as `include_bytes!` has them.
    ///
    /// # Errors
    /// [`Error::ModelFile`], as [`Self::load`].
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self> {
        file::load_language_model(Place::Memory(bytes), device)
    }

    /// A copy for evaluation, outside of autodiff.
    #[must_use]
    pub fn valid(&self) -> Self {
        Self {
            text: self.text.clone(),
            model: self.model.valid(),
        }
    }
}

/// A classifier, its text encoding and the names of its classes.
#[derive(Clone, Debug)]
pub struct TextClassifier {
    /// Text to ids.
    pub text: TextEncoding,
    /// Ids to classes.
    pub model: Classifier,
    /// The name of each class.
    pub classes: Vec<String>,
}

impl TextClassifier {
    /// Puts the three together.
    ///
    /// # Errors
    /// [`Error::Config`] if the vocabulary and the embedding, or the names and the classes, differ in number.
    pub fn new(text: TextEncoding, model: Classifier, classes: Vec<String>) -> Result<Self> {
        check_vocabulary(&text, model.encoder.config().vocabulary)?;
        if classes.len() != model.n_classes() {
            return Err(Error::Config {
                field: "classes",
                expected: format!("{} names, one for each class", model.n_classes()),
                found: format!("{} names", classes.len()),
            });
        }
        Ok(Self {
            text,
            model,
            classes,
        })
    }

    /// As [`TextLanguageModel::save`].
    ///
    /// # Errors
    /// [`Error::Io`] with the path and the system's reason.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_as(path, Storage::F32)
    }

    /// As [`TextLanguageModel::save_as`].
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::ModelFile`].
    pub fn save_as(&self, path: impl AsRef<Path>, storage: Storage) -> Result<()> {
        file::save_classifier(self, path.as_ref(), storage)
    }

    /// As [`TextLanguageModel::load`].
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::ModelFile`].
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        file::load_classifier(Place::Disk(path.as_ref()), device)
    }

    /// As [`TextLanguageModel::from_bytes`].
    ///
    /// # Errors
    /// [`Error::ModelFile`].
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self> {
        file::load_classifier(Place::Memory(bytes), device)
    }

    /// A copy for evaluation, outside of autodiff.
    #[must_use]
    pub fn valid(&self) -> Self {
        let model = self.model.valid();
        Self {
            text: self.text.clone(),
            model,
            classes: self.classes.clone(),
        }
    }
}

fn check_vocabulary(text: &TextEncoding, rows: usize) -> Result<()> {
    let words = text.vocab.len();
    if words == rows {
        return Ok(());
    }
    Err(Error::Config {
        field: "vocabulary",
        expected: format!("{rows} words, one for each row of the embedding"),
        found: format!("{words} words"),
    })
}
