//! `ulmfit import`: a model file from weights and a vocabulary of fastai.

use std::path::PathBuf;

use anyhow::bail;
use serde_json::json;
use ulmfit::model::Storage;
use ulmfit::model::import::{FastaiVocabulary, FastaiWeights, WeightsKind};
use ulmfit::prelude::*;

use super::Execute;
use crate::options::common::Common;
use crate::outputs::Outputs;
use crate::talk::path_json;

/// Make a model file from weights and a vocabulary that fastai has saved
///
/// Weights are .pth, .h5 or .safetensors, the vocabulary is .pkl or .json.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The weights of a language model, an encoder or a classifier.
    weights: PathBuf,
    /// The vocabulary that they were trained with.
    #[arg(long, value_name = "FILE")]
    vocab: PathBuf,
    /// Where the model goes.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file if it is there and a regular one.
    #[arg(long)]
    force: bool,
    /// Text rules: standard, fastai_v2, fastai_v1 or paper. Without it, those of the generation that saved the weights.
    #[arg(long, value_name = "PRESET")]
    rules: Option<RulePreset>,
    /// The names of a classifier's classes, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// How the model's matrices are stored: f32, f16 or int8.
    #[arg(long, default_value_t)]
    storage: Storage,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let files = Outputs::new(self.force)
            .writing([&self.out])
            .reading([&self.weights, &self.vocab])
            .check()?;
        let device = common.device()?;
        let vocabulary = FastaiVocabulary::open(&self.vocab)?;
        let weights = FastaiWeights::open(&self.weights)?;
        let tokenizer = self
            .rules
            .map(|rules| TokenizerConfig::new().with_rules(rules));
        let files = files.stage()?;
        match weights.kind() {
            WeightsKind::Classifier => {
                let classes = self.classes.clone();
                let model = weights.classifier(&vocabulary, classes, tokenizer, &device)?;
                files.write(&self.out, |to| model.save_as(to, self.storage))?;
            }
            kind if self.classes.is_some() => {
                bail!(
                    "{}: expected a classifier, found {kind}; leave --classes out",
                    self.weights.display()
                );
            }
            _ => {
                let model = weights.language_model(&vocabulary, tokenizer, &device)?;
                files.write(&self.out, |to| model.save_as(to, self.storage))?;
            }
        }
        files.commit()?;
        let out = self.out.display();
        common.talk.note(&format!("saved {out}"));
        common
            .talk
            .result(json!({ "model": path_json(Some(&self.out)) }))
    }
}
