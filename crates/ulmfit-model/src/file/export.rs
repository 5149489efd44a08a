//! Models under fastai v2's names.

use std::path::Path;

use super::params::{Tensors, tensors};
use super::writer::{self, Content};
use super::{classifier, layout};
use crate::error::{Error, Result};
use crate::text_model::{TextClassifier, TextLanguageModel};

impl TextLanguageModel {
    /// Writes the weights as a safetensors file with fastai v2's names, which `load_state_dict(strict=True)` of a fastai
    /// language model of the same sizes accepts:
    ///
    /// ```python
    /// from fastai.text.all import AWD_LSTM, awd_lstm_lm_config, get_language_model
    /// from safetensors.torch import load_file
    /// model = get_language_model(AWD_LSTM, len(vocab), {**awd_lstm_lm_config, "n_hid": 1152})
    /// model.load_state_dict(load_file("model.safetensors"))
    /// ```
    ///
    /// The vocabulary goes beside it with [`ulmfit_text::Vocab::save`]. The file is written beside the target and renamed.
    ///
    /// # Errors
    /// [`Error::Io`] with the path and the system's reason.
    pub fn export_fastai(&self, path: impl AsRef<Path>) -> Result<()> {
        let table = layout::language_model(&self.model.encoder.config(), "0.");
        save(tensors(&self.model, &table), Vec::new(), path.as_ref())
    }
}

impl TextClassifier {
    /// As [`TextLanguageModel::export_fastai`], for a model of fastai's `get_text_classifier`.
    ///
    /// fastai leaves dropouts of probability 0 out of the head, which moves the names behind them: its model must have
    /// dropouts where this one has (`ps` and `output_p`). The classes are not part of the file.
    ///
    /// # Errors
    /// [`Error::Io`] with the path and the system's reason.
    pub fn export_fastai(&self, path: impl AsRef<Path>) -> Result<()> {
        let (table, blocks) = classifier::table(&self.model, "0.module.");
        let counts = blocks.iter().map(layout::batch_count).collect();
        save(tensors(&self.model, &table), counts, path.as_ref())
    }
}

/// Writes tensors under fastai's names, and the `counts` of normalizations.
fn save(tensors: Tensors<'_>, counts: Vec<String>, path: &Path) -> Result<()> {
    let mut renamed = Vec::new();
    for (entry, source) in tensors {
        if entry.fastai.is_empty() {
            let part = format!("tensor `{}`", entry.name);
            let expected = "a model that fastai v2 has, too";
            let found = "a tensor without a name there";
            let remedy = "save it as a model file of this library";
            return Err(Error::file(path, part, expected, found, remedy));
        }
        let copies = entry
            .fastai
            .iter()
            .map(|name| (name.clone(), Content::F32(source.clone())));
        renamed.extend(copies);
    }
    renamed.extend(counts.into_iter().map(|name| (name, Content::Zero)));
    writer::write(renamed, "format", "pt".to_owned(), path)
}
