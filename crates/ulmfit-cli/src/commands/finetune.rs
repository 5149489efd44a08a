//! `ulmfit finetune`: a pretrained language model for the text of a domain.

use std::path::PathBuf;

use ulmfit::prelude::*;
use ulmfit::train::schedule::GroupRates;

use crate::options::language_model::{Training, stage_of};
use crate::options::output::Output;
use crate::options::text_files::{Folder, TextFiles};

/// Fine-tune a pretrained language model on files of text, with the words of that text. The run can be cut at any moment
/// and goes on with --resume.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The pretrained language model's file.
    model: PathBuf,
    #[command(flatten)]
    texts: TextFiles,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    training: Training,
    /// The largest vocabulary.
    #[arg(long, default_value_t = 60_000, value_name = "N")]
    vocab_size: usize,
    /// How often a word must occur to be in the vocabulary.
    #[arg(long, default_value_t = 3, value_name = "N")]
    min_freq: u64,
    /// The highest learning rate of the last layers; each lower layer's is 2.6 times lower.
    #[arg(long, default_value_t = 4e-3, value_name = "X")]
    lr: f64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    args.output.check(&[], args.training.talk)?;
    let device = args.training.compute.device()?;
    let folder = Folder::open(args.output.checkpoints())?;
    let model = TextLanguageModel::load(&args.model, &device.autodiff())?;
    let vocabulary = VocabConfig::new()
        .with_max_size(args.vocab_size)
        .with_min_freq(args.min_freq);
    let tokenizer = model.text.tokenizer_config();
    let vocab = args.texts.vocabulary(&folder, tokenizer, &vocabulary)?;
    let model = model.adapt(&vocab);
    let lm = Recipe::default().language_model;
    // First the new words alone, then all groups.
    let (rates, epochs) = (GroupRates::paper(args.lr), args.training.epochs);
    let finetune = lm.finetune.into_iter();
    let finetune = finetune.map(|stage| stage_of(stage, epochs, &rates));
    let stages: Vec<Stage> = lm.adapt.into_iter().chain(finetune).collect();
    let texts = args.texts.encode(&folder, &model.text)?;
    args.training.train(model, &stages, texts, &args.output)
}
