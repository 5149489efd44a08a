//! `ulmfit finetune`: a pretrained language model for the text of a domain.

use anyhow::anyhow;
use ulmfit::data::PreparedText;
use ulmfit::prelude::*;
use ulmfit::train::schedule::GroupRates;
use ulmfit::train::steps;

use crate::options::language_model::Training;
use crate::options::number::{MANY, positive, whole};
use crate::options::output::{Output, file_of};
use crate::options::recipe::RecipeChoice;
use crate::options::text_files::TextFiles;

/// Fine-tune a pretrained language model on files of text, with the words of that text. The run can be cut at any moment
/// and goes on with --resume.
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
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, MANY))]
    vocab_size: Option<usize>,
    /// How often a word must occur to be in the vocabulary [default: that of the recipe].
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1, MANY))]
    min_freq: Option<u64>,
    /// The highest learning rate of the last layers, each lower layer's 2.6 times lower [default: the rates of the
    /// recipe].
    #[arg(long, value_name = "X", value_parser = positive)]
    lr: Option<f64>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let files = args.output.files();
    let files = files
        .reading(args.texts.inputs())
        .reading(file_of(&args.model))
        .reading(args.recipe.file());
    let files = args.output.check(files, args.training.talk)?;
    let device = args.training.compute.training_device(args.training.talk)?;
    let recipe = args.recipe()?;
    let folder = PreparedText::open(args.output.checkpoints())?;
    let model = args.model.load(&device)?;
    let model = model.ok_or_else(|| {
        anyhow!("MODEL: expected a language model, found none; `ulmfit pretrain` begins with none")
    })?;
    let tokenizer = model.text.tokenizer_config();
    let vocab = args
        .texts
        .vocabulary(&folder, tokenizer, &recipe.vocabulary)?;
    let model = steps::adapted_to(&recipe, &model, vocab, &device)?;
    let lm = &recipe.language_model;
    // First the new words alone, where the recipe says so, then all groups.
    let all = args
        .training
        .stages(lm.finetune.clone(), args.lr.map(GroupRates::paper));
    let stages = [lm.adapt.clone(), all].concat();
    let texts = args
        .texts
        .encode(&folder, &model.text, args.training.talk)?;
    args.training
        .train(model, lm, &stages, texts, &args.output, files)
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
