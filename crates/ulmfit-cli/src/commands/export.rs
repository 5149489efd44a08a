//! `ulmfit export`: a model's weights for fastai, or the same model in fewer bits.

use std::path::PathBuf;

use anyhow::bail;
use serde_json::json;
use ulmfit::model::{ModelInfo, ModelKind, Storage};
use ulmfit::prelude::*;

use super::Execute;
use crate::options::common::Common;
use crate::outputs::Outputs;
use crate::talk::path_json;

/// Write a model's weights for fastai, or the model in fewer bits
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A model file.
    model: PathBuf,
    /// fastai: weights alone, with fastai v2's names; ulmfit: a model file.
    #[arg(long, value_enum)]
    format: Format,
    /// How the matrices of a model file are stored: f32, f16 or int8.
    #[arg(long, default_value = "f32")]
    storage: Storage,
    /// Where the weights go: a safetensors file.
    #[arg(short, long, value_name = "FILE")]
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

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let files = Outputs::new(self.force)
            .writing([&self.out])
            .writing(&self.vocab_out)
            .reading([&self.model])
            .check()?;
        if matches!(self.format, Format::Fastai) && self.storage != Storage::F32 {
            bail!(
                "--storage: expected f32, which fastai reads, found {}; leave it out",
                self.storage
            );
        }
        let device = common.device()?;
        let files = files.stage()?;
        let save_vocab = |vocab: &Vocab| match &self.vocab_out {
            Some(path) => files.write(path, |to| vocab.save(to)),
            None => Ok(()),
        };
        match ModelInfo::read(&self.model)?.kind {
            ModelKind::LanguageModel => {
                let model = TextLanguageModel::load(&self.model, &device)?;
                save_vocab(model.text.vocab())?;
                files.write(&self.out, |to| match self.format {
                    Format::Fastai => model.export_fastai(to),
                    Format::Ulmfit => model.save_as(to, self.storage),
                })?;
            }
            ModelKind::Classifier => {
                let model = TextClassifier::load(&self.model, &device)?;
                save_vocab(model.text.vocab())?;
                files.write(&self.out, |to| match self.format {
                    Format::Fastai => model.export_fastai(to),
                    Format::Ulmfit => model.save_as(to, self.storage),
                })?;
            }
            ModelKind::LinearClassifier => bail!(
                "{}: expected a model with an LSTM, found a linear classifier, which has one form alone; copy the file",
                self.model.display()
            ),
        }
        files.commit()?;
        let out = self.out.display();
        common.talk.note(&format!("saved {out}"));
        common
            .talk
            .result(json!({ "model": path_json(Some(&self.out)) }))
    }
}
