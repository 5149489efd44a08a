//! `ulmfit pretrain`: a language model from files of text.

use std::path::PathBuf;

use ulmfit::data::PreparedText;
use ulmfit::prelude::*;
use ulmfit::train::schedule::GroupRates;

use super::Execute;
use crate::options::common::Common;
use crate::options::language_model::Training;
use crate::options::number::{MANY, not_negative, positive, whole};
use crate::options::output::Output;
use crate::options::recipe::RecipeChoice;
use crate::options::text_files::TextFiles;

/// Train a language model on files of text, the step before train
///
/// Ctrl-C stores the run; the same line with --resume continues it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    texts: TextFiles,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    training: Training,
    #[command(flatten)]
    recipe: RecipeChoice,
    /// Sizes of the model: tiny 64/128/2 layers, small 128/384/3, base 200/512/3, standard 400/1152/3, or three numbers:
    /// embedding/hidden/layers [default: those of the recipe, standard in most].
    #[arg(long, help_heading = "Model")]
    size: Option<SizePreset>,
    /// The largest vocabulary [default: small 10,000, base 20,000, otherwise that of the recipe, 60,000 in most].
    #[arg(long, help_heading = "Model", value_name = "N", value_parser = whole::<usize>(1, MANY))]
    vocab_size: Option<usize>,
    /// How often a word must occur to be in the vocabulary [default: that of the recipe, 3 in most].
    #[arg(long, hide_short_help = true, help_heading = "Model", value_name = "N", value_parser = whole::<u64>(1, MANY))]
    min_freq: Option<u64>,
    /// Cut words into pieces that are learned from the text, at most this many: for languages of many forms or without
    /// spaces between words.
    #[arg(long, hide_short_help = true, help_heading = "Model", value_name = "N", value_parser = whole::<usize>(1, MANY), conflicts_with_all = ["vocab_size", "min_freq", "from"])]
    subwords: Option<usize>,
    /// The highest learning rate [default: the rates of the recipe, 0.01 in most].
    #[arg(long, help_heading = "Training", value_name = "X", value_parser = positive)]
    lr: Option<f64>,
    /// Gradients longer than this are shortened to it, for text on which the loss jumps: 0.25 in AWD-LSTM [default:
    /// that of the recipe, none in most].
    #[arg(long, hide_short_help = true, help_heading = "Training", value_name = "NORM", value_parser = positive)]
    clip: Option<f64>,
    /// The factor on AWD-LSTM's dropouts; much text and few passes want little [default: that of the recipe given, 1
    /// without one].
    #[arg(long, hide_short_help = true, help_heading = "Training", value_name = "X", value_parser = not_negative)]
    drop_mult: Option<f64>,
    /// Read the text from its end to its beginning.
    #[arg(long, help_heading = "Model")]
    backward: bool,
    /// Go on training this language model, with its vocabulary, instead of a new one.
    #[arg(long, help_heading = "Model", value_name = "MODEL", conflicts_with_all = ["size", "vocab_size", "min_freq", "backward", "drop_mult"])]
    from: Option<PathBuf>,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let files = self.output.files();
        let files = files
            .reading(self.texts.inputs())
            .reading(&self.from)
            .reading(self.recipe.file());
        let files = self.output.check(files, common)?;
        let device = common.training_device()?.autodiff();
        let recipe = self.recipe()?;
        common.talk.recipe(&recipe)?;
        let (model, texts) = common.first_then_others(|| {
            let folder = PreparedText::open(self.output.checkpoints())?;
            let model = match &self.from {
                Some(path) => TextLanguageModel::load(path, &device)?,
                None => self.new_model(&folder, &recipe, &device)?,
            };
            let texts = self.texts.encode(&folder, &model.text, common.talk)?;
            Ok((model, texts))
        })?;
        let lm = &recipe.language_model;
        let rates = self.lr.map(GroupRates::Same);
        let stages = self.training.stages(lm.pretrain.clone(), rates);
        self.training
            .train(model, lm, &stages, texts, (&self.output, files), common)
    }
}

impl Args {
    /// The recipe that the options come to.
    fn recipe(&self) -> anyhow::Result<Recipe> {
        let chosen = self.recipe.chosen()?;
        let mut recipe = chosen.unwrap_or_else(|| {
            let mut recipe = Recipe::default();
            recipe.language_model.pretrain_drop_mult = Some(1.0);
            recipe
        });
        if let Some(size) = self.size {
            recipe = recipe.with_preset(size);
        }
        if let Some(words) = self.vocab_size {
            recipe = recipe.with_vocabulary(words);
        }
        if let Some(min_freq) = self.min_freq {
            recipe.vocabulary = recipe.vocabulary.with_min_freq(min_freq);
        }
        let lm = &mut recipe.language_model;
        if let Some(batch_size) = lm.pretrain_batch_size {
            lm.batch_size = batch_size;
        }
        if let Some(factor) = self.drop_mult {
            lm.pretrain_drop_mult = Some(factor);
        }
        if let Some(norm) = self.clip {
            lm.optimizer = lm.optimizer.with_clip(Some(norm));
        }
        Ok(recipe)
    }

    /// A model with weights drawn from the seed, for the words of the text.
    fn new_model(
        &self,
        folder: &PreparedText,
        recipe: &Recipe,
        device: &Device,
    ) -> anyhow::Result<TextLanguageModel> {
        let direction = match self.backward {
            true => Direction::Backward,
            false => Direction::Forward,
        };
        let tokenizer = match self.subwords {
            Some(size) => self.texts.subwords(recipe.tokenizer.clone(), size)?,
            None => recipe.tokenizer.clone(),
        };
        let tokenizer = tokenizer.with_direction(direction);
        let vocabulary = &recipe.vocabulary;
        let vocab = self.texts.vocabulary(folder, &tokenizer, vocabulary)?;
        let Sizes {
            embed,
            hidden,
            layers,
        } = recipe.sizes;
        let encoder = AwdLstmConfig::new(vocab.len())
            .with_sizes(embed, hidden, layers)
            .with_cell(recipe.cell);
        let mut config = LanguageModelConfig::new(encoder);
        config.dropouts = recipe.language_model.pretrain_dropouts();
        config.regularization = recipe.language_model.regularization;
        let model = config.init(self.training.seed, device)?;
        let text = TextEncoding::new(tokenizer, vocab);
        Ok(TextLanguageModel::new(text, model)?)
    }
}
