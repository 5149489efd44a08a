//! A model together with everything that turns text into its ids: what is saved, loaded and shipped.

use burn::module::Module;
use ulmfit_text::{Tokenizer, TokenizerConfig, Vocab};

use crate::classify::classifier::Classifier;
use crate::error::{Error, Result};
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
            let expected = format!("{} names, one for each class", model.n_classes());
            let found = format!("{} names", classes.len());
            return Err(Error::config("classes", expected, found));
        }
        Ok(Self {
            text,
            model,
            classes,
        })
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
    let expected = format!("{rows} words, one for each row of the embedding");
    Err(Error::config(
        "vocabulary",
        expected,
        format!("{words} words"),
    ))
}
