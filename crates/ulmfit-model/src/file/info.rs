//! What a model file holds, without loading the model.

use std::path::Path;

use ulmfit_text::TokenizerConfig;

use super::document::{Body, ModelKind};
use super::reader::Reader;
use super::storage::Storage;
use crate::classify::classifier::ClassifierConfig;
use crate::encoder::awd_lstm_config::AwdLstmConfig;
use crate::error::Result;

/// The facts of a model file.
///
/// ```
/// use burn::tensor::Device;
/// use ulmfit_model::{
///     AwdLstmConfig, LanguageModelConfig, ModelInfo, ModelKind, TextEncoding, TextLanguageModel,
/// };
/// use ulmfit_text::{TokenizerConfig, VocabConfig};
///
/// let vocab = VocabConfig::new().build(&[vec!["so".to_owned(); 3]]);
/// let sizes = AwdLstmConfig::new(vocab.len()).with_sizes(4, 8, 1);
/// let model = LanguageModelConfig::new(sizes).init(1, &Device::default())?;
/// let path = std::env::temp_dir().join("model_info_example.safetensors");
/// TextLanguageModel::new(TextEncoding::new(TokenizerConfig::new(), vocab), model)?.save(&path)?;
///
/// let info = ModelInfo::read(&path)?;
/// assert_eq!(info.kind, ModelKind::LanguageModel);
/// assert_eq!(info.encoder.map(|sizes| sizes.embed), Some(4));
/// # std::fs::remove_file(path).ok();
/// # Ok::<(), ulmfit_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// What the file holds.
    pub kind: ModelKind,
    /// Version of the layout.
    pub format: u32,
    /// How the matrices are stored.
    pub storage: Storage,
    /// Sizes of the encoder; its `vocabulary` is the number of tokens. A linear classifier has none.
    pub encoder: Option<AwdLstmConfig>,
    /// Rules and splitter.
    pub tokenizer: TokenizerConfig,
    /// The task, the head and how documents are cut; none for a language model.
    pub classifier: Option<ClassifierConfig>,
    /// The names of the classes, or of the numbers of a regression; none for a language model.
    pub classes: Vec<String>,
    /// How many numbers training changes.
    pub parameters: usize,
    /// The file's length.
    pub bytes: usize,
}

impl ModelInfo {
    /// Reads the facts of a model file, and checks its layout but not every tensor.
    ///
    /// # Errors
    /// [`crate::Error::Io`] or [`crate::Error::ModelFile`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let (document, reader) = Reader::open(path)?;
        let (encoder, classifier, classes) = match document.body.clone() {
            Body::LanguageModel { config } => (Some(config.encoder), None, Vec::new()),
            Body::Classifier {
                encoder,
                classes,
                config,
            } => (Some(encoder), Some(config), classes),
            Body::LinearClassifier { classes, .. } => (None, None, classes),
        };
        if let Some(encoder) = &encoder {
            document.check_vocabulary(encoder, path)?;
        }
        Ok(Self {
            kind: document.body.kind(),
            format: document.format,
            storage: document.storage,
            encoder,
            tokenizer: document.tokenizer,
            classifier,
            classes,
            parameters: reader.parameters(),
            bytes: reader.bytes(),
        })
    }
}
