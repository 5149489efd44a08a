//! `ulmfit export`: a model's weights for fastai.

use std::path::PathBuf;

use anyhow::bail;
use ulmfit::model::{ModelInfo, ModelKind};
use ulmfit::prelude::*;

/// Write a model's weights with fastai v2's names, and its vocabulary.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A model file.
    file: PathBuf,
    /// Whose names the tensors get.
    #[arg(long, value_enum)]
    format: Format,
    /// Where the weights go: a safetensors file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the vocabulary goes: a JSON list.
    #[arg(long, value_name = "FILE")]
    vocab_out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Fastai,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let targets = [Some(&args.out), args.vocab_out.as_ref()];
    if let Some(target) = targets.into_iter().flatten().find(|t| **t == args.file) {
        bail!(
            "{}: expected a new file, found the one that is read; choose another",
            target.display()
        );
    }
    if args.vocab_out.as_ref() == Some(&args.out) {
        bail!("--out and --vocab-out: expected two files, found one");
    }
    let Format::Fastai = args.format;
    let device = Device::default();
    let save_vocab = |vocab: &Vocab| match &args.vocab_out {
        Some(path) => vocab.save(path),
        None => Ok(()),
    };
    match ModelInfo::read(&args.file)?.kind {
        ModelKind::LanguageModel => {
            let model = TextLanguageModel::load(&args.file, &device)?;
            save_vocab(model.text.vocab())?;
            model.export_fastai(&args.out)?;
        }
        ModelKind::Classifier => {
            let model = TextClassifier::load(&args.file, &device)?;
            save_vocab(model.text.vocab())?;
            model.export_fastai(&args.out)?;
        }
    }
    Ok(())
}
