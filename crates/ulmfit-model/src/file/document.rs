//! The JSON document in the metadata of a model file.

use serde::{Deserialize, Serialize};
use ulmfit_text::{TokenizerConfig, Vocab};

use crate::awd_lstm_config::AwdLstmConfig;
use crate::classifier::ClassifierConfig;
use crate::language_model::LanguageModelConfig;
use crate::text_model::TextEncoding;

/// The version that this library writes; it reads this one and all before it.
pub(super) const FORMAT: u32 = 1;

/// Everything in a model file but the weights.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Document {
    /// Version of the layout.
    pub(super) format: u32,
    #[serde(flatten)]
    pub(super) body: Body,
    pub(super) tokenizer: TokenizerConfig,
    pub(super) vocabulary: Vocab,
}

/// What differs between the kinds of models.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Body {
    LanguageModel {
        config: LanguageModelConfig,
    },
    Classifier {
        encoder: AwdLstmConfig,
        config: ClassifierConfig,
        classes: Vec<String>,
    },
}

impl Document {
    pub(super) fn new(body: Body, text: &TextEncoding) -> Self {
        Self {
            format: FORMAT,
            body,
            tokenizer: text.tokenizer_config().clone(),
            vocabulary: text.vocab().clone(),
        }
    }
}

impl Body {
    /// The value of the field `kind`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::LanguageModel { .. } => "language_model",
            Self::Classifier { .. } => "classifier",
        }
    }
}
