//! The JSON document in the metadata of a model file.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ulmfit_text::{TokenizerConfig, Vocab};

use super::storage::Storage;
use crate::classify::classifier::ClassifierConfig;
use crate::classify::task::Task;
use crate::encoder::awd_lstm_config::AwdLstmConfig;
use crate::error::{DAMAGED, Error, Result};
use crate::language_model::LanguageModelConfig;
use crate::linear::table::FeatureValue;
use crate::text_model::TextEncoding;

/// The newest version that this library knows; it reads this one and all before it, and writes the first that has what
/// the model needs: 1, 2 where matrices are stored in fewer bits, and 3 for linear classifiers.
const FORMAT: u32 = 3;

/// Everything in a model file but the weights.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    /// Version of the layout.
    pub(super) format: u32,
    #[serde(skip_serializing_if = "Storage::is_default")]
    pub(super) storage: Storage,
    #[serde(flatten)]
    pub(super) body: Body,
    pub(super) tokenizer: TokenizerConfig,
    pub(super) vocabulary: Vocab,
}

/// What differs between the kinds of models.
#[derive(Clone, Debug, Serialize)]
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
    LinearClassifier {
        task: Task,
        value: FeatureValue,
        classes: Vec<String>,
    },
}

/// The kind of model in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// A [`crate::TextLanguageModel`].
    LanguageModel,
    /// A [`crate::TextClassifier`].
    Classifier,
    /// A [`crate::LinearClassifier`].
    LinearClassifier,
}

impl std::fmt::Display for ModelKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LanguageModel => "language_model",
            Self::Classifier => "classifier",
            Self::LinearClassifier => "linear_classifier",
        })
    }
}

impl Document {
    pub(super) fn new(body: Body, text: &TextEncoding, storage: Storage) -> Self {
        Self {
            format: storage.format(),
            storage,
            body,
            tokenizer: text.tokenizer_config().clone(),
            vocabulary: text.vocab().clone(),
        }
    }

    /// Reads a document field by field, so that an error names the field: first the version, so that a newer file is
    /// named as such.
    pub(super) fn parse(json: &str, path: &Path) -> Result<Self> {
        let mut fields = Fields {
            fields: serde_json::from_str(json).map_err(|error| {
                Error::file(path, "metadata", "a valid document", error, DAMAGED)
            })?,
            path,
        };
        let format: u32 = fields.take("format")?;
        if format == 0 || format > FORMAT {
            let (part, expected) = ("metadata field `format`", format!("1 to {FORMAT}"));
            let remedy = "read it with a newer version of this library";
            return Err(Error::file(path, part, expected, format, remedy));
        }
        let storage = match fields.fields.contains_key("storage") {
            true => fields.take("storage")?,
            false => Storage::default(),
        };
        let body = match fields.take("kind")? {
            ModelKind::LanguageModel => Body::LanguageModel {
                config: fields.take("config")?,
            },
            ModelKind::Classifier => Body::Classifier {
                encoder: fields.take("encoder")?,
                config: fields.take("config")?,
                classes: fields.take("classes")?,
            },
            ModelKind::LinearClassifier => Body::LinearClassifier {
                task: fields.take("task")?,
                value: fields.take("value")?,
                classes: fields.take("classes")?,
            },
        };
        Ok(Self {
            format,
            storage,
            body,
            tokenizer: fields.take("tokenizer")?,
            vocabulary: fields.take("vocabulary")?,
        })
    }

    /// The error for a file of another kind of model than was asked for.
    pub(super) fn of_other_kind(&self, asked: ModelKind, path: &Path) -> Error {
        let (part, found) = ("metadata field `kind`", self.body.kind());
        let remedy = "pass the file of the other kind of model";
        Error::file(path, part, asked.to_string(), found, remedy)
    }

    /// Checks that there is one word for each row of the embedding.
    pub(super) fn check_vocabulary(&self, sizes: &AwdLstmConfig, path: &Path) -> Result<()> {
        let (words, rows) = (self.vocabulary.len(), sizes.vocabulary);
        if words == rows {
            return Ok(());
        }
        let part = "metadata field `vocabulary`";
        let expected = format!("{rows} words, one for each row of the embedding");
        let remedy = "the file has been changed since it was saved; take the original";
        Err(Error::file(
            path,
            part,
            expected,
            format!("{words} words"),
            remedy,
        ))
    }

    /// Rules and vocabulary.
    pub(super) fn text(&self) -> TextEncoding {
        TextEncoding::new(self.tokenizer.clone(), self.vocabulary.clone())
    }
}

impl Body {
    /// The value of the field `kind`.
    pub(super) fn kind(&self) -> ModelKind {
        match self {
            Self::LanguageModel { .. } => ModelKind::LanguageModel,
            Self::Classifier { .. } => ModelKind::Classifier,
            Self::LinearClassifier { .. } => ModelKind::LinearClassifier,
        }
    }
}

struct Fields<'a> {
    fields: Map<String, Value>,
    path: &'a Path,
}

impl Fields<'_> {
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T> {
        let value = self.fields.remove(name).unwrap_or_default();
        serde_path_to_error::deserialize(value).map_err(|error| {
            let inner = error.path().to_string();
            let dot = if inner == "." { "" } else { "." };
            let field = format!("{name}{dot}{}", inner.trim_matches('.'));
            let part = format!("metadata field `{field}`");
            Error::file(self.path, part, "a valid value", error.inner(), DAMAGED)
        })
    }
}
