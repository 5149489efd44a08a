//! What the document of a model file says, held against the file, before anything of that size is made.

use std::path::Path;

use ulmfit_text::Vocab;

use super::reader::{DAMAGED, Reader};
use crate::classify::classifier::ClassifierConfig;
use crate::encoder::awd_lstm_config::AwdLstmConfig;
use crate::error::{Error, Result};

/// One word for each row of the embedding.
pub(super) fn check_vocabulary(
    vocabulary: &Vocab,
    sizes: &AwdLstmConfig,
    path: &Path,
) -> Result<()> {
    if vocabulary.len() == sizes.vocabulary {
        return Ok(());
    }
    Err(Error::ModelFile {
        path: path.to_owned(),
        part: "metadata field `vocabulary`".to_owned(),
        expected: format!(
            "{} words, one for each row of the embedding",
            sizes.vocabulary
        ),
        found: format!("{} words", vocabulary.len()),
        remedy: "the file has been changed since it was saved; take the original",
    })
}

/// Refuses sizes that no file of this length can have.
pub(super) fn check_sizes(reader: &Reader<'_>, sizes: &AwdLstmConfig, path: &Path) -> Result<()> {
    for (field, size, most) in [
        ("layers", sizes.layers, reader.len()),
        ("embed", sizes.embed, reader.bytes()),
        ("hidden", sizes.hidden, reader.bytes()),
    ] {
        if size > most {
            return Err(Error::ModelFile {
                path: path.to_owned(),
                part: format!("metadata field `{field}`"),
                expected: format!("at most {most} in a file of this length"),
                found: size.to_string(),
                remedy: DAMAGED,
            });
        }
    }
    Ok(())
}

/// The shapes of the head's maps.
pub(super) fn check_head(
    reader: &Reader<'_>,
    sizes: &AwdLstmConfig,
    config: &ClassifierConfig,
) -> Result<()> {
    let mut width = config.pooling.width(sizes.embed);
    let outputs = config.head.hidden.iter().copied().chain([config.classes]);
    for (k, out) in outputs.enumerate() {
        reader.expect(&format!("head.blocks.{k}.weight"), &[out, width])?;
        width = out;
    }
    Ok(())
}
