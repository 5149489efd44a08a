//! The file of a language model.

use std::path::Path;

use burn::tensor::Device;

use super::document::{Body, Document, ModelKind};
use super::params::{filled, tensors};
use super::reader::Reader;
use super::storage::Storage;
use super::{layout, writer};
use crate::error::Result;
use crate::language_model::LanguageModelConfig;
use crate::text_model::TextLanguageModel;

impl TextLanguageModel {
    /// Writes the model as one file, beside the target first and then renamed: a file that was there stays whole
    /// until the new one is.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) with the path and the system's reason.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_as(path, Storage::F32)
    }

    /// As [`Self::save`], with matrices stored in fewer bits.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io); [`Error::ModelFile`](crate::Error::ModelFile) naming the tensor if a weight is
    /// out of the storage's range.
    pub fn save_as(&self, path: impl AsRef<Path>, storage: Storage) -> Result<()> {
        let config = LanguageModelConfig {
            encoder: self.model.encoder.config(),
            dropouts: self.model.dropouts,
            regularization: self.model.regularization,
        };
        let table = layout::language_model(&config.encoder, "");
        let document = Document::new(Body::LanguageModel { config }, &self.text, storage);
        writer::save(tensors(&self.model, &table), &document, path.as_ref())
    }

    /// Reads a file that [`Self::save`] has written. For training pass an autodiff device.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) or [`Error::ModelFile`](crate::Error::ModelFile), naming file, part, what was
    /// expected and found, and what to do.
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        read(Reader::open(path.as_ref())?, device)
    }

    /// Reads the bytes of such a file, as `include_bytes!` has them.
    ///
    /// # Errors
    /// [`Error::ModelFile`](crate::Error::ModelFile), as [`Self::load`].
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self> {
        read(Reader::of_bytes(bytes)?, device)
    }
}

fn read(
    (document, mut reader): (Document, Reader<'_>),
    device: &Device,
) -> Result<TextLanguageModel> {
    let path = &reader.path().to_owned();
    let Body::LanguageModel { config } = &document.body else {
        return Err(document.of_other_kind(ModelKind::LanguageModel, path));
    };
    reader.check_sizes(&config.encoder)?;
    let table = layout::language_model(&config.encoder, "");
    reader.check(&table)?;
    let model = config.skeleton(device)?;
    let model = filled(model, &table, path, |entry| reader.take(entry))?;
    reader.finish()?;
    document.check_vocabulary(&config.encoder, path)?;
    TextLanguageModel::new(document.text(), model)
}
