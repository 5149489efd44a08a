//! `ulmfit export`: a model's weights for fastai, or the same model in fewer bits.

use std::path::PathBuf;

use anyhow::bail;
use ulmfit::model::{ModelInfo, ModelKind, Storage};
use ulmfit::prelude::*;

use crate::outputs::Outputs;

/// Write a model's weights with fastai v2's names, and its vocabulary; or the same model, stored in fewer bits.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A model file.
    file: PathBuf,
    /// fastai: weights alone, with fastai v2's names; ulmfit: a model file.
    #[arg(long, value_enum)]
    format: Format,
    /// How the matrices of a model file are stored: f32, f16 or int8.
    #[arg(long, default_value = "f32")]
    storage: Storage,
    /// Where the weights go: a safetensors file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the vocabulary goes: a JSON list.
    #[arg(long, value_name = "FILE")]
    vocab_out: Option<PathBuf>,
    /// Replace files that are there, if they are regular ones.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Fastai,
    Ulmfit,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let files = Outputs::new(args.force)
        .writing([&args.out])
        .writing(&args.vocab_out)
        .reading([&args.file])
        .check()?;
    if matches!(args.format, Format::Fastai) && args.storage != Storage::F32 {
        bail!(
            "--storage: expected f32, which fastai reads, found {}; leave it out",
            args.storage
        );
    }
    let device = Device::default();
    let files = files.stage()?;
    let save_vocab = |vocab: &Vocab| match &args.vocab_out {
        Some(path) => files.write(path, |to| vocab.save(to)),
        None => Ok(()),
    };
    match ModelInfo::read(&args.file)?.kind {
        ModelKind::LanguageModel => {
            let model = TextLanguageModel::load(&args.file, &device)?;
            save_vocab(model.text.vocab())?;
            files.write(&args.out, |to| match args.format {
                Format::Fastai => model.export_fastai(to),
                Format::Ulmfit => model.save_as(to, args.storage),
            })?;
        }
        ModelKind::Classifier => {
            let model = TextClassifier::load(&args.file, &device)?;
            save_vocab(model.text.vocab())?;
            files.write(&args.out, |to| match args.format {
                Format::Fastai => model.export_fastai(to),
                Format::Ulmfit => model.save_as(to, args.storage),
            })?;
        }
        ModelKind::LinearClassifier => bail!(
            "{}: expected a model with an LSTM, found a linear classifier, which has one form alone; copy the file",
            args.file.display()
        ),
    }
    files.commit()
}
