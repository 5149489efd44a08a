//! Models under fastai v2's names.

use std::path::Path;

use super::writer::{self, Content, Writer};
use crate::error::{Error, Result};
use crate::import::names::{
    DECODER_BIAS, DECODER_WEIGHT, EMBEDDING, EMBEDDING_COPIES, HEAD, LAYER_PARTS, backward_name,
};
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
        let mut writer = Writer::default();
        super::write_encoder(&mut writer, &self.model.encoder);
        writer.add("decoder.bias", self.model.decoder_bias.val());
        let names = Names {
            prefix: "0.",
            dropouts: &[],
        };
        save(writer, &names, path.as_ref())
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
        let mut writer = Writer::default();
        super::write_encoder(&mut writer, &self.model.encoder);
        super::write_head(&mut writer, &self.model);
        let config = self.model.config();
        let rest = config.head.hidden.iter().map(|_| config.head.dropout);
        let dropouts: Vec<f64> = std::iter::once(config.dropouts.output)
            .chain(rest)
            .collect();
        let names = Names {
            prefix: "0.module.",
            dropouts: &dropouts,
        };
        save(writer, &names, path.as_ref())
    }
}

/// How a model's tensors are named.
struct Names<'a> {
    /// In front of the encoder's names.
    prefix: &'static str,
    /// The probability of each block's dropout; empty for a language model.
    dropouts: &'a [f64],
}

impl Names<'_> {
    /// fastai's names of a tensor: tied ones have several. None if fastai v2 has no such tensor.
    fn of(&self, ours: &str) -> Option<Vec<String>> {
        let prefix = self.prefix;
        if ours == "encoder.embedding" {
            let encoder = [EMBEDDING, EMBEDDING_COPIES[0]].map(|name| format!("{prefix}{name}"));
            let decoder = self.dropouts.is_empty().then(|| DECODER_WEIGHT.to_owned());
            return Some(encoder.into_iter().chain(decoder).collect());
        }
        if ours == "decoder.bias" {
            return Some(vec![DECODER_BIAS.to_owned()]);
        }
        if let Some(part) = ours.strip_prefix("encoder.layers.") {
            let (layer, part) = part.split_once('.')?;
            let backward = part.strip_prefix("backward.");
            let (ours, theirs) = LAYER_PARTS
                .iter()
                .find(|(name, _)| *name == backward.unwrap_or(part))?;
            let theirs = match backward {
                Some(_) => backward_name(ours),
                None => theirs[0].to_owned(),
            };
            return Some(vec![format!("{prefix}rnns.{layer}.{theirs}")]);
        }
        let (block, part) = ours.strip_prefix("head.blocks.")?.split_once('.')?;
        let name = match part.strip_prefix("norm.") {
            Some(part) => format!("{HEAD}{block}.0.{part}"),
            // fastai v2's head has no biases.
            None if part != "weight" => return None,
            None => {
                let dropout = self.dropouts.get(block.parse::<usize>().ok()?)?;
                let place = 1 + usize::from(*dropout > 0.0);
                format!("{HEAD}{block}.{place}.weight")
            }
        };
        Some(vec![name])
    }
}

fn save(writer: Writer, names: &Names<'_>, path: &Path) -> Result<()> {
    let mut renamed = Vec::new();
    for (ours, source) in writer.tensors {
        let theirs = names.of(&ours).ok_or_else(|| Error::ModelFile {
            path: path.to_owned(),
            part: format!("tensor `{ours}`"),
            expected: "a model that fastai v2 has, too".to_owned(),
            found: "a tensor without a name there".to_owned(),
            remedy: "save it as a model file of this library",
        })?;
        for name in theirs {
            renamed.push((name, Content::F32(source.clone())));
        }
    }
    // PyTorch counts the batches of a normalization; with its fixed momentum the count has no effect.
    for block in 0..names.dropouts.len() {
        let name = format!("{HEAD}{block}.0.num_batches_tracked");
        renamed.push((name, Content::Zero));
    }
    writer::write(renamed, "format", "pt".to_owned(), path)
}
