//! What the commands that train a language model share: their options, and the run itself.

use serde_json::json;
use ulmfit::burn::module::Module as _;
use ulmfit::data::DocumentOrder;
use ulmfit::prelude::*;
use ulmfit::train::observe::{EpochEnd, History};
use ulmfit::train::schedule::GroupRates;
use ulmfit::train::{LmLearner, LmParts, LmRecipe, fit};

use super::common::Common;
use super::number::{MANY, whole};
use super::output::Output;
use super::recipe::Deciders;
use super::text_files::Texts;
use crate::interrupt;
use crate::outputs::Outputs;
use crate::talk::path_json;

/// How it is trained.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Training")]
pub(crate) struct Training {
    /// Epochs over the text [default: those of the recipe, 1 in most].
    #[arg(long = "lm-epochs", alias = "epochs", value_name = "N", value_parser = whole::<usize>(0, MANY))]
    epochs: Option<usize>,
    /// Rows of a batch [default: those of the recipe, 64 in most].
    #[arg(long = "lm-batch-size", alias = "batch-size", value_name = "N", value_parser = whole::<usize>(1, MANY))]
    batch_size: Option<usize>,
    /// Tokens of a row [default: those of the recipe, 70 in most].
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    seq_len: Option<usize>,
    /// The same seed gives the same model.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
    #[command(flatten)]
    deciders: Deciders,
}

impl Training {
    /// Stages of a recipe with the epochs and the rates of the command line in the last one.
    pub(crate) fn stages(&self, mut stages: Vec<Stage>, rates: Option<GroupRates>) -> Vec<Stage> {
        Stage::set_last_epochs(&mut stages, self.epochs);
        if let (Some(last), Some(rates)) = (stages.last_mut(), rates) {
            last.rates = rates;
        }
        stages
    }

    /// Trains `model` through `stages`, with the other numbers of the recipe, and saves it.
    pub(crate) fn train(
        &self,
        model: TextLanguageModel,
        recipe: &LmRecipe,
        stages: &[Stage],
        texts: Texts,
        (output, files): (&Output, Outputs),
        common: &Common,
    ) -> anyhow::Result<()> {
        let talk = common.talk;
        let TextLanguageModel { text, model } = model;
        let config = LmLoaderConfig::new()
            .with_batch_size(self.batch_size.unwrap_or(recipe.batch_size))
            .with_seq_len(self.seq_len.unwrap_or(recipe.seq_len))
            .with_lengths(recipe.lengths)
            .with_seed(self.seed);
        let train = config.build(texts.train)?;
        let config = config.with_order(DocumentOrder::Kept);
        let valid = texts.valid.map(|docs| config.build(docs)).transpose()?;
        let n_valid = valid.as_ref().map_or(0, ulmfit::data::LmLoader::n_tokens);
        talk.note(&format!(
            "{} tokens to train on, {n_valid} to validate, {} words, {} parameters",
            train.n_tokens(),
            text.vocab().len(),
            model.num_params(),
        ));
        let mut recipe = recipe.clone();
        self.deciders.set(&mut recipe);
        let mut history = History::default();
        let (mut told, mut deciders) = (talk.observers(), recipe.observers());
        let mut run = Run::new(&mut history)
            .with_observer(&mut told)
            .with_observer(&mut deciders)
            .with_seed(self.seed)
            .with_checkpoints(output.stored().with_interrupt(&interrupt::listen()?));
        let learner = LmLearner::new(&train).with_valid(valid.as_ref());
        let training = recipe.training(stages);
        let model = match common.peers.as_deref() {
            None => fit(&learner, model, &training, &mut run)?.model,
            Some(peers) => {
                let part = LmParts::new(learner, peers.size())?.of_rank(peers.rank());
                fit(&part, model, &training, &mut run.with_peers(peers))?.model
            }
        };
        if !common.is_first() {
            return Ok(());
        }
        let model = TextLanguageModel::new(text, model)?;
        let files = files.stage()?;
        files.write(output.path(), |to| model.save(to))?;
        files.commit()?;
        output.saved(talk);
        let last = history.epochs.last().map(EpochEnd::to_json);
        let result =
            json!({ "language_model": path_json(Some(output.path())), "last_epoch": last });
        talk.result(result)
    }
}
