//! The file of a classifier.

use std::path::Path;

use burn::tensor::Device;

use super::document::{Body, Document, ModelKind};
use super::layout::{self, HeadBlockLayout, TensorEntry};
use super::params::{filled, tensors};
use super::reader::Reader;
use super::storage::Storage;
use super::writer;
use crate::classify::classifier::Classifier;
use crate::error::Result;
use crate::text_model::TextClassifier;

impl TextClassifier {
    /// As [`TextLanguageModel::save`](crate::TextLanguageModel::save).
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) with the path and the system's reason.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_as(path, Storage::F32)
    }

    /// As [`TextLanguageModel::save_as`](crate::TextLanguageModel::save_as).
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) or [`Error::ModelFile`](crate::Error::ModelFile).
    pub fn save_as(&self, path: impl AsRef<Path>, storage: Storage) -> Result<()> {
        let (table, _) = table(&self.model, "");
        let body = Body::Classifier {
            encoder: self.model.encoder.config(),
            config: self.model.config().clone(),
            classes: self.classes.clone(),
        };
        let document = Document::new(body, &self.text, storage);
        writer::save(tensors(&self.model, &table), &document, path.as_ref())
    }

    /// As [`TextLanguageModel::load`](crate::TextLanguageModel::load).
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) or [`Error::ModelFile`](crate::Error::ModelFile).
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        read(Reader::open(path.as_ref())?, device)
    }

    /// As [`TextLanguageModel::from_bytes`](crate::TextLanguageModel::from_bytes).
    ///
    /// # Errors
    /// [`Error::ModelFile`](crate::Error::ModelFile).
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self> {
        read(Reader::of_bytes(bytes)?, device)
    }
}

/// The table of a classifier, and the blocks of its head.
pub(super) fn table(model: &Classifier, prefix: &str) -> (Vec<TensorEntry>, Vec<HeadBlockLayout>) {
    let sizes = model.encoder.config();
    let has_bias = |k: usize| model.head.blocks[k].bias.is_some();
    let blocks = layout::head_blocks(model.config(), sizes.embed, has_bias);
    let mut table = layout::encoder(&sizes, prefix);
    table.extend(layout::head(&blocks));
    (table, blocks)
}

fn read((document, mut reader): (Document, Reader<'_>), device: &Device) -> Result<TextClassifier> {
    let path = &reader.path().to_owned();
    let Body::Classifier {
        encoder: sizes,
        config,
        classes,
    } = &document.body
    else {
        return Err(document.of_other_kind(ModelKind::Classifier, path));
    };
    reader.check_sizes(sizes)?;
    let has_bias = |k: usize| reader.has(&format!("head.blocks.{k}.bias"));
    let blocks = layout::head_blocks(config, sizes.embed, has_bias);
    let mut table = layout::encoder(sizes, "");
    table.extend(layout::head(&blocks));
    reader.check(&table)?;
    let biases = blocks.iter().map(|block| block.has_bias);
    let model = config.skeleton(sizes, biases, device)?;
    let model = filled(model, &table, path, |entry| reader.take(entry))?;
    reader.finish()?;
    document.check_vocabulary(sizes, path)?;
    TextClassifier::new(document.text(), model, classes.clone())
}
