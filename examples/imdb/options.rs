//! The command line.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::builder::PossibleValuesParser;
use clap::{Parser, ValueEnum};
use ulmfit::precision::Precision;
use ulmfit::prelude::*;
use ulmfit::train::Validate;

/// ULMFiT on film reviews: language model, fine-tuning, classifier.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// The folder aclImdb, its archive aclImdb_v1.tar.gz, or a folder with train.csv; default: the bundled sample.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// Sizes of the model: tiny 64/128/2, small 128/384/3 with 10,000 words, base 200/512/3 with 20,000, standard
    /// 400/1152/3 with 60,000, or three numbers as these; default: tiny, or with --recipe those of the recipe.
    #[arg(long)]
    pub(crate) size: Option<SizePreset>,
    /// Every number as in a published recipe, which other options change. Without it: the default one, fitted to the
    /// data set.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Recipe::ALL.iter().copied()))]
    pub(crate) recipe: Option<String>,
    /// Print every number that the options come to, with its source, and exit.
    #[arg(long)]
    pub(crate) print_recipe: bool,
    /// Train models that read forward and models that read backward, and average their predictions; twice the time.
    #[arg(long)]
    pub(crate) both_directions: bool,
    /// Labeled reviews to train on, as many of each class; default: all.
    #[arg(long, value_name = "N")]
    pub(crate) labels: Option<usize>,
    /// Unlabeled reviews for the language model; default: all.
    #[arg(long, value_name = "N")]
    pub(crate) unlabeled: Option<usize>,
    /// Reviews to hold out of the training set where there is no test set; default: a tenth.
    #[arg(long, value_name = "N")]
    pub(crate) valid: Option<usize>,
    /// How often the held-out reviews are scored: each-epoch, each-stage or at-end. Thousands of them take longer than
    /// an epoch of training; the model is the same.
    #[arg(long, value_name = "WHEN", default_value = "each-stage", value_parser = str::parse::<Validate>)]
    pub(crate) validate: Validate,
    /// May the language model read the held-out texts, without their labels?
    #[arg(long, value_enum, default_value_t = LmText::Train)]
    pub(crate) lm_text: LmText,
    /// Epochs of step 1 from scratch; default: those of the recipe.
    #[arg(long, value_name = "N")]
    pub(crate) lm_epochs: Option<usize>,
    /// Epochs of step 2 over all layer groups; default: those of the recipe, or 1 for the bundled sample.
    #[arg(long, value_name = "N")]
    pub(crate) finetune_epochs: Option<usize>,
    /// Epochs of the classifier's last stage, over all layer groups; default: those of the recipe, or 6 for the bundled
    /// sample.
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,
    /// The seed of every random number.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Where to compute: flex (CPU), ndarray, wgpu, vulkan, metal or cuda, where built in.
    #[arg(long, default_value = "flex")]
    pub(crate) device: String,
    /// Operands of matrix products: fp32, bf16, fp16 (GPUs alone), or auto for the faster one of this processor.
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = str::parse::<Precision>)]
    pub(crate) precision: Precision,
    /// Rows of a batch of the language model.
    #[arg(long, value_name = "N")]
    lm_batch_size: Option<usize>,
    /// The language model to start from: english (which comes with the library), none (from scratch) or a file
    /// [default: english, or none where --size or --both-directions asks for a new one].
    #[arg(long, value_name = "MODEL", value_parser = str::parse::<Pretrained>)]
    pretrained: Option<Pretrained>,
    /// The classifier's file; the language model is saved beside it as FILE-stem.lm.safetensors.
    #[arg(long, value_name = "FILE", default_value = "imdb.safetensors")]
    pub(crate) out: PathBuf,
    /// Write the rows that are used into this folder as CSV, for any other tool.
    #[arg(long, value_name = "DIR")]
    pub(crate) write_split: Option<PathBuf>,
}

/// Which texts the language model may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LmText {
    /// Training and unlabeled texts.
    Train,
    /// The held-out texts too.
    All,
}

impl Options {
    /// The language model to start from.
    ///
    /// # Errors
    /// Where the English model is not built in and nothing else was chosen.
    pub(crate) fn pretrained(&self) -> anyhow::Result<Pretrained> {
        match &self.pretrained {
            Some(pretrained) => Ok(pretrained.clone()),
            None if self.size.is_some() || self.both_directions => Ok(Pretrained::None),
            None => "english"
                .parse()
                .map_err(|why| anyhow!("--pretrained: {why}")),
        }
    }

    /// The recipe that the options come to.
    ///
    /// # Errors
    /// For a recipe that is not registered, with the names that are.
    pub(crate) fn recipe(&self, amount: Amount, start: &Pretrained) -> anyhow::Result<Recipe> {
        let mut recipe = match &self.recipe {
            Some(name) => Recipe::by_name(name).context("--recipe")?,
            None if start.is_some() || self.data.is_none() => Recipe::fitted(amount, start),
            None => Recipe::default().with_sizes(Sizes::TINY),
        };
        if let Some(size) = self.size {
            recipe = recipe.with_preset(size);
        }
        Stage::set_last_epochs(&mut recipe.language_model.pretrain, self.lm_epochs);
        // The sample is a tour: so many epochs are under three minutes on two cores.
        let tour = self.data.is_none() && self.recipe.is_none() && start.is_some();
        let (finetune, last) = match tour {
            true => (Some(1), Some(6)),
            false => (None, None),
        };
        let lm = &mut recipe.language_model;
        Stage::set_last_epochs(&mut lm.finetune, self.finetune_epochs.or(finetune));
        Stage::set_last_epochs(&mut recipe.classifier.stages, self.epochs.or(last));
        if let Some(rows) = self.lm_batch_size {
            recipe.language_model.batch_size = rows;
        }
        Ok(recipe)
    }
}
