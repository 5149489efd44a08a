//! The numbers of a run: a recipe by name or from a file, or the default one fitted to the data, and what options change.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::builder::PossibleValuesParser;
use ulmfit::prelude::*;
use ulmfit::train::{ClassWeights, LmRecipe};

/// A recipe by name or from a file.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Training")]
pub(crate) struct RecipeChoice {
    /// Every number as in a published recipe, which other options change.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Recipe::ALL.iter().copied()), conflicts_with = "config")]
    recipe: Option<String>,
    /// Every number from a TOML file with those that differ from a recipe; `ulmfit train --print-config` shows all there
    /// are.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl RecipeChoice {
    /// The file that is read.
    pub(crate) fn file(&self) -> Option<&PathBuf> {
        self.config.as_ref()
    }

    /// Returns the recipe that was asked for, if one was.
    ///
    /// # Errors
    /// For a file that cannot be read or is no recipe, with the place.
    pub(crate) fn chosen(&self) -> anyhow::Result<Option<Recipe>> {
        let recipe = match (&self.recipe, &self.config) {
            (Some(name), _) => Recipe::by_name(name).context("--recipe")?,
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path);
                let text =
                    text.with_context(|| format!("cannot read --config {}", path.display()))?;
                Recipe::from_toml(&text).with_context(|| path.display().to_string())?
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(recipe))
    }
}

/// What acts on the scores of each epoch.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Training")]
pub(crate) struct Deciders {
    /// End a stage after this many epochs without a lower validation loss [default: that of the recipe, never in all].
    #[arg(long, value_name = "EPOCHS", hide_short_help = true)]
    early_stop: Option<usize>,
    /// Let each stage hand on the model of its epoch with the lowest validation loss, not of its last one.
    #[arg(long, hide_short_help = true)]
    keep_best: bool,
}

impl Deciders {
    /// The recipe's language model with these.
    pub(crate) fn set(self, recipe: &mut LmRecipe) {
        recipe.early_stop = self.early_stop.or(recipe.early_stop);
        recipe.keep_best |= self.keep_best;
    }
}

use super::number::{MANY, whole};

/// The numbers of a run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Training")]
pub(crate) struct RecipeOptions {
    #[command(flatten)]
    choice: RecipeChoice,
    /// Epochs of the classifier's last stage, over all layer groups.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0, MANY))]
    epochs: Option<usize>,
    /// Epochs of the language model: of its fine-tuning over all layer groups, or, from scratch, of its training.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0, MANY))]
    lm_epochs: Option<usize>,
    /// Epochs of the fine-tuning alone, where a language model is trained from scratch.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0, MANY), hide_short_help = true)]
    finetune_epochs: Option<usize>,
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0, MANY), hide = true)]
    pretrain_epochs: Option<usize>,
    /// Documents of a batch of the classifier.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, MANY), hide_short_help = true)]
    batch_size: Option<usize>,
    /// Rows of a batch of the language model.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, MANY), hide_short_help = true)]
    lm_batch_size: Option<usize>,
    #[command(flatten)]
    deciders: Deciders,
    /// How much a document of each class counts: even, balanced (every class the same in sum), or by name, as
    /// pos=3,neg=0.5 [default: that of the recipe, even in all].
    #[arg(long, value_name = "WEIGHTS", value_parser = str::parse::<ClassWeights>, hide_short_help = true)]
    class_weights: Option<ClassWeights>,
    /// Print every number that the options come to, with its source, in the form of --config, and exit.
    #[arg(long, hide_short_help = true)]
    pub(crate) print_config: bool,
    /// Sizes of a new model: tiny 64/128/2 layers, small 128/384/3 with 10,000 words, base 200/512/3 with 20,000,
    /// standard 400/1152/3 with 60,000, or three numbers: embedding/hidden/layers.
    #[arg(long, help_heading = "Model")]
    size: Option<SizePreset>,
    /// The largest vocabulary.
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, MANY), hide_short_help = true, help_heading = "Model")]
    vocab_size: Option<usize>,
    /// How often a word must occur to be in the vocabulary.
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1, MANY), hide_short_help = true, help_heading = "Model")]
    min_freq: Option<u64>,
}

impl RecipeOptions {
    /// Whether sizes of a new model were asked for.
    pub(crate) fn sized(&self) -> bool {
        self.size.is_some()
    }

    /// The file that is read.
    pub(crate) fn file(&self) -> Option<&PathBuf> {
        self.choice.file()
    }

    /// The recipe that the options come to.
    ///
    /// # Errors
    /// For a file that cannot be read or is no recipe, with the place.
    pub(crate) fn choose(&self, amount: Amount, start: &Pretrained) -> anyhow::Result<Recipe> {
        let mut recipe = match self.choice.chosen()? {
            Some(recipe) => recipe,
            None => Recipe::fitted(amount, start),
        };
        if let Some(size) = self.size {
            if start.is_some() {
                bail!(
                    "--size: expected no size beside a language model to begin with, whose sizes it has ({start}), found \
                     one; leave --size out, or pass --pretrained none"
                );
            }
            recipe = recipe.with_preset(size);
        }
        if let Some(words) = self.vocab_size {
            recipe = recipe.with_vocabulary(words);
        }
        if let Some(min_freq) = self.min_freq {
            recipe.vocabulary = recipe.vocabulary.with_min_freq(min_freq);
        }
        // From scratch the first step is the long one; a pretrained model is only fine-tuned.
        let (pretrain, finetune) = match start.is_some() {
            true => (None, self.lm_epochs),
            false => (self.lm_epochs, None),
        };
        let lm = &mut recipe.language_model;
        Stage::set_last_epochs(&mut lm.pretrain, self.pretrain_epochs.or(pretrain));
        Stage::set_last_epochs(&mut lm.finetune, self.finetune_epochs.or(finetune));
        Stage::set_last_epochs(&mut recipe.classifier.stages, self.epochs);
        if let Some(rows) = self.lm_batch_size {
            recipe.language_model.batch_size = rows;
        }
        if let Some(rows) = self.batch_size {
            recipe.classifier.batch_size = rows;
        }
        self.deciders.set(&mut recipe.language_model);
        let classifier = &mut recipe.classifier;
        classifier.early_stop = self.deciders.early_stop.or(classifier.early_stop);
        classifier.keep_best |= self.deciders.keep_best;
        if let Some(weights) = &self.class_weights {
            classifier.loss.weights = weights.clone();
        }
        Ok(recipe)
    }
}
