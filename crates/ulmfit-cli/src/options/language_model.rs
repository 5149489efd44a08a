//! What the commands that train a language model share: their options, and the run itself.

use serde_json::json;
use ulmfit::burn::module::Module as _;
use ulmfit::data::DocumentOrder;
use ulmfit::prelude::*;
use ulmfit::train::observe::{EpochEnd, History};
use ulmfit::train::schedule::GroupRates;
use ulmfit::train::{FitConfig, fit_language_model};

use super::compute::Compute;
use super::output::Output;
use super::text_files::Texts;
use crate::interrupt;
use crate::talk::{Talk, path_json};

/// How it is trained.
#[derive(Debug, clap::Args)]
pub(crate) struct Training {
    /// Passes over the text.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) epochs: usize,
    /// Rows of a batch.
    #[arg(long, default_value_t = 64, value_name = "N")]
    batch_size: usize,
    /// Tokens of a row.
    #[arg(long, default_value_t = 70, value_name = "N")]
    seq_len: usize,
    /// The same seed gives the same model.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) compute: Compute,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

impl Training {
    /// Trains `model` through `stages` and saves it.
    pub(crate) fn train(
        &self,
        model: TextLanguageModel,
        stages: &[Stage],
        texts: Texts,
        output: &Output,
    ) -> anyhow::Result<()> {
        let TextLanguageModel { text, model } = model;
        let config = LmLoaderConfig::new()
            .with_batch_size(self.batch_size)
            .with_seq_len(self.seq_len)
            .with_seed(self.seed);
        let train = config.build(texts.train)?;
        let config = config.with_order(DocumentOrder::Kept);
        let valid = texts.valid.map(|docs| config.build(docs)).transpose()?;
        let n_valid = valid.as_ref().map_or(0, ulmfit::data::LmLoader::n_tokens);
        self.talk.note(&format!(
            "{} tokens to train on, {n_valid} to validate, {} words, {} parameters",
            train.n_tokens(),
            text.vocab().len(),
            model.num_params(),
        ));
        let mut history = History::default();
        let mut watch = (&mut history, self.talk.observers());
        let mut fit = FitConfig::new(&mut watch)
            .with_optimizer(Recipe::default().language_model.optimizer)
            .with_seed(self.seed)
            .with_checkpoints(output.stored().with_interrupt(&interrupt::listen()?));
        let model = fit_language_model(model, stages, &train, valid.as_ref(), &mut fit)?;
        TextLanguageModel::new(text, model)?.save(output.path())?;
        output.saved(self.talk);
        let last = history.epochs.last().map(EpochEnd::to_json);
        let result =
            json!({ "language_model": path_json(Some(output.path())), "last_epoch": last });
        self.talk.result(result)
    }
}

/// A stage of the recipe with the epochs and rates of the command line.
pub(crate) fn stage_of(stage: Stage, epochs: usize, rates: &GroupRates) -> Stage {
    Stage {
        epochs,
        rates: rates.clone(),
        ..stage
    }
}
