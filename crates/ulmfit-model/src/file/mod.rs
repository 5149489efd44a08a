//! The model file: one safetensors file with the weights, and everything else as one JSON document in its metadata.
//!
//! Weights have PyTorch's layout (`[out, in]`), so that Python reads them as they are. The metadata has one key,
//! [`METADATA_KEY`]; there are no clock times in it, so that equal models are equal bytes.

mod checks;
mod document;
mod encoder;
mod export;
mod header;
mod info;
pub(crate) mod linear;
mod reader;
mod storage;
mod writer;

use std::path::Path;

use burn::module::Param;
use burn::tensor::Device;
use ulmfit_text::Vocab;

use crate::classify::batch_norm::BatchNorm;
use crate::classify::classifier::{Classifier, ClassifierConfig};
use crate::encoder::awd_lstm_config::AwdLstmConfig;
use crate::error::{Error, Result};
use crate::language_model::{LanguageModel, LanguageModelConfig};
use crate::text_model::{TextClassifier, TextEncoding, TextLanguageModel};
use checks::{check_head, check_sizes, check_vocabulary};
use document::{Body, Document};
use encoder::write_encoder;
use writer::Writer;

pub use document::ModelKind;
pub(crate) use encoder::read_encoder;
pub(crate) use header::blame;
pub use info::ModelInfo;
pub(crate) use reader::{Reader, Values};
pub use storage::Storage;

/// The one key of the file's metadata.
pub(crate) const METADATA_KEY: &str = "ulmfit";

/// Where a model file is.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Disk(&'a Path),
    Memory(&'a [u8]),
}

impl<'a> Place<'a> {
    fn open(self) -> Result<(Document, Reader<'a>)> {
        match self {
            Self::Disk(path) => Reader::open(path),
            Self::Memory(bytes) => Reader::of_bytes(bytes, "model in memory"),
        }
    }
}

pub(crate) fn save_language_model(
    model: &TextLanguageModel,
    path: &Path,
    storage: Storage,
) -> Result<()> {
    let mut writer = Writer::default();
    write_encoder(&mut writer, &model.model.encoder);
    writer.add("decoder.bias", model.model.decoder_bias.val());
    let body = Body::LanguageModel {
        config: LanguageModelConfig {
            encoder: model.model.encoder.config(),
            dropouts: model.model.dropouts,
            regularization: model.model.regularization,
        },
    };
    writer.save(&Document::new(body, &model.text, storage), path)
}

pub(crate) fn load_language_model(source: Place<'_>, device: &Device) -> Result<TextLanguageModel> {
    let (document, mut reader) = source.open()?;
    let path = &reader.path().to_owned();
    let Body::LanguageModel { config } = document.body else {
        let (asked, found) = (ModelKind::LanguageModel, document.body.kind());
        return Err(wrong_kind(path, asked, found));
    };
    check_sizes(&reader, &config.encoder, path)?;
    config.dropouts.validate()?;
    let encoder = read_encoder(&mut reader, &config.encoder, device)?;
    let bias = reader.take("decoder.bias", [config.encoder.vocabulary], device)?;
    reader.finish()?;
    let model = LanguageModel {
        encoder,
        decoder_bias: Param::from_tensor(bias),
        dropouts: config.dropouts,
        regularization: config.regularization,
    };
    let text = text_encoding(
        document.tokenizer,
        document.vocabulary,
        &config.encoder,
        path,
    )?;
    TextLanguageModel::new(text, model)
}

pub(crate) fn save_classifier(model: &TextClassifier, path: &Path, storage: Storage) -> Result<()> {
    let mut writer = Writer::default();
    write_encoder(&mut writer, &model.model.encoder);
    write_head(&mut writer, &model.model);
    let body = Body::Classifier {
        encoder: model.model.encoder.config(),
        config: model.model.config().clone(),
        classes: model.classes.clone(),
    };
    writer.save(&Document::new(body, &model.text, storage), path)
}

fn write_head(writer: &mut Writer, model: &Classifier) {
    for (k, block) in model.head.blocks.iter().enumerate() {
        let name = |part: &str| format!("head.blocks.{k}.{part}");
        writer.add(name("norm.weight"), block.norm.weight.val());
        writer.add(name("norm.bias"), block.norm.bias.val());
        writer.add(
            name("norm.running_mean"),
            block.norm.running_mean.value_sync(),
        );
        writer.add(
            name("norm.running_var"),
            block.norm.running_var.value_sync(),
        );
        writer.add(name("weight"), block.weight.val().transpose());
        if let Some(bias) = &block.bias {
            writer.add(name("bias"), bias.val());
        }
    }
}

pub(crate) fn load_classifier(source: Place<'_>, device: &Device) -> Result<TextClassifier> {
    let (document, mut reader) = source.open()?;
    let path = &reader.path().to_owned();
    let Body::Classifier {
        encoder: sizes,
        config,
        classes,
    } = document.body
    else {
        let (asked, found) = (ModelKind::Classifier, document.body.kind());
        return Err(wrong_kind(path, asked, found));
    };
    check_sizes(&reader, &sizes, path)?;
    check_head(&reader, &sizes, &config)?;
    let encoder = read_encoder(&mut reader, &sizes, device)?;
    let model = config.init(encoder, 0, device)?;
    let model = read_head(&mut reader, model, &config, device)?;
    reader.finish()?;
    let text = text_encoding(document.tokenizer, document.vocabulary, &sizes, path)?;
    TextClassifier::new(text, model, classes)
}

/// Fills a new classifier's head.
pub(crate) fn read_head(
    reader: &mut Reader<'_>,
    mut model: Classifier,
    config: &ClassifierConfig,
    device: &Device,
) -> Result<Classifier> {
    let outputs = config.head.hidden.iter().copied().chain([config.classes]);
    for (k, (block, out)) in model.head.blocks.iter_mut().zip(outputs).enumerate() {
        let [width, _] = block.weight.dims();
        let mut take =
            |part: &str| reader.take(&format!("head.blocks.{k}.{part}"), [width], device);
        block.norm = BatchNorm {
            weight: Param::from_tensor(take("norm.weight")?),
            bias: Param::from_tensor(take("norm.bias")?),
            running_mean: burn::module::RunningState::new(take("norm.running_mean")?),
            running_var: burn::module::RunningState::new(take("norm.running_var")?),
        };
        let name = format!("head.blocks.{k}.weight");
        block.weight = Param::from_tensor(reader.take_transposed(&name, [out, width], device)?);
        let name = format!("head.blocks.{k}.bias");
        if reader.has(&name) {
            block.bias = Some(Param::from_tensor(reader.take(&name, [out], device)?));
        }
    }
    Ok(model)
}

fn text_encoding(
    tokenizer: ulmfit_text::TokenizerConfig,
    vocabulary: Vocab,
    sizes: &AwdLstmConfig,
    path: &Path,
) -> Result<TextEncoding> {
    check_vocabulary(&vocabulary, sizes, path)?;
    Ok(TextEncoding::new(tokenizer, vocabulary))
}

fn wrong_kind(path: &Path, expected: ModelKind, found: ModelKind) -> Error {
    Error::ModelFile {
        path: path.to_owned(),
        part: "metadata field `kind`".to_owned(),
        expected: expected.to_string(),
        found: found.to_string(),
        remedy: "pass the file of the other kind of model",
    }
}
