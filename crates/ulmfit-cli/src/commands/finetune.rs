//! `ulmfit finetune`: a pretrained language model for the text of a domain.

use anyhow::anyhow;
use ulmfit::data::PreparedText;
use ulmfit::prelude::*;
use ulmfit::train::schedule::GroupRates;
use ulmfit::train::steps;

use super::Execute;
use crate::options::common::Common;
use crate::options::language_model::Training;
use crate::options::number::{MANY, positive, whole};
use crate::options::output::{Output, file_of};
use crate::options::recipe::RecipeChoice;
use crate::options::text_files::TextFiles;

/// Fine-tune a language model on files of text: the second step of train alone
///
/// The vocabulary becomes that of the text. Ctrl-C stores the run; the same line with --resume continues it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The pretrained language model: english (the one that is built in) or a file.
    #[arg(value_parser = str::parse::<Pretrained>)]
    model: Pretrained,
    #[command(flatten)]
    texts: TextFiles,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    training: Training,
    #[command(flatten)]
    recipe: RecipeChoice,
    /// The largest vocabulary [default: that of the recipe].
    #[arg(long, help_heading = "Model", value_name = "N", value_parser = whole::<usize>(1, MANY))]
    vocab_size: Option<usize>,
    /// How often a word must occur to be in the vocabulary [default: that of the recipe].
    #[arg(long, hide_short_help = true, help_heading = "Model", value_name = "N", value_parser = whole::<u64>(1, MANY))]
    min_freq: Option<u64>,
    /// The highest learning rate of the last layers, each lower layer's 2.6 times lower [default: the rates of the
    /// recipe].
    #[arg(long, help_heading = "Training", value_name = "X", value_parser = positive)]
    lr: Option<f64>,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let files = self.output.files();
        let files = files
            .reading(self.texts.inputs())
            .reading(file_of(&self.model))
            .reading(self.recipe.file());
        let files = self.output.check(files, common)?;
        let device = common.training_device()?;
        let recipe = self.recipe()?;
        common.talk.recipe(&recipe)?;
        let model = self.model.load(&device)?;
        let model = model.ok_or_else(|| {
            anyhow!(
                "MODEL: expected a language model, found none; `ulmfit pretrain` begins with none"
            )
        })?;
        let (model, texts) = common.first_then_others(|| {
            let folder = PreparedText::open(self.output.checkpoints())?;
            let tokenizer = model.text.tokenizer_config();
            let words = &recipe.vocabulary;
            let vocab = self.texts.vocabulary(&folder, tokenizer, words)?;
            let model = steps::adapted_to(&recipe, &model, vocab, &device)?;
            let texts = self.texts.encode(&folder, &model.text, common.talk)?;
            Ok((model, texts))
        })?;
        let lm = &recipe.language_model;
        // First the new words alone, where the recipe says so, then all groups.
        let all = self
            .training
            .stages(lm.finetune.clone(), self.lr.map(GroupRates::paper));
        let stages = [lm.adapt.clone(), all].concat();
        self.training
            .train(model, lm, &stages, texts, (&self.output, files), common)
    }
}

impl Args {
    /// The recipe that the options come to.
    fn recipe(&self) -> anyhow::Result<Recipe> {
        let chosen = self.recipe.chosen()?;
        let mut recipe = chosen.unwrap_or_else(|| Recipe::of(&self.model));
        if let Some(words) = self.vocab_size {
            recipe = recipe.with_vocabulary(words);
        }
        if let Some(min_freq) = self.min_freq {
            recipe.vocabulary = recipe.vocabulary.with_min_freq(min_freq);
        }
        Ok(recipe)
    }
}
