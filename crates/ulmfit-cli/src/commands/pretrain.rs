//! `ulmfit pretrain`: a language model from files of text.

use std::path::PathBuf;

use ulmfit::data::PreparedText;
use ulmfit::prelude::*;
use ulmfit::train::optimizer::OptimizerConfig;
use ulmfit::train::schedule::GroupRates;

use crate::options::language_model::Training;
use crate::options::number::positive;
use crate::options::output::Output;
use crate::options::text_files::TextFiles;

/// Train a language model on files of text. The run can be cut at any moment and goes on with --resume.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    texts: TextFiles,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    training: Training,
    /// Sizes of the model: tiny 64/128/2 layers, small 128/384/3, base 200/512/3, standard 400/1152/3, or three numbers:
    /// embedding/hidden/layers.
    #[arg(long, default_value = "standard")]
    size: SizePreset,
    /// The largest vocabulary; default: small 10,000, base 20,000, otherwise 60,000.
    #[arg(long, value_name = "N")]
    vocab_size: Option<usize>,
    /// How often a word must occur to be in the vocabulary.
    #[arg(long, default_value_t = 3, value_name = "N")]
    min_freq: u64,
    /// Cut words into pieces that are learned from the text, at most so many: for languages of many forms or without
    /// spaces between words.
    #[arg(long, value_name = "N", conflicts_with_all = ["vocab_size", "min_freq", "from"])]
    subwords: Option<usize>,
    /// The highest learning rate.
    #[arg(long, default_value_t = 1e-2, value_name = "X", value_parser = positive)]
    lr: f64,
    /// Gradients longer than this are shortened to it, for text on which the loss jumps: 0.25 in AWD-LSTM.
    ///
    /// [default: none]
    #[arg(long, value_name = "NORM", value_parser = positive)]
    clip: Option<f64>,
    /// The factor on AWD-LSTM's dropouts; much text and few passes want little.
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    drop_mult: f64,
    /// Read the text from its end to its beginning.
    #[arg(long)]
    backward: bool,
    /// Go on training this language model, with its vocabulary, instead of a new one.
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["size", "vocab_size", "min_freq", "backward", "drop_mult"])]
    from: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    args.output.check(&[], args.training.talk)?;
    let device = args
        .training
        .compute
        .training_device(args.training.talk)?
        .autodiff();
    let recipe = args.recipe();
    let folder = PreparedText::open(args.output.checkpoints())?;
    let model = match &args.from {
        Some(path) => TextLanguageModel::load(path, &device)?,
        None => args.new_model(&folder, &recipe, &device)?,
    };
    let (lm, rates) = (&recipe.language_model, GroupRates::Same(args.lr));
    let stages = args.training.stages(lm.pretrain.clone(), Some(rates));
    let texts = args
        .texts
        .encode(&folder, &model.text, args.training.talk)?;
    args.training.train(model, lm, &stages, texts, &args.output)
}

impl Args {
    /// The default recipe with the sizes that were asked for.
    fn recipe(&self) -> Recipe {
        let mut recipe = Recipe::default().with_preset(self.size);
        if let Some(words) = self.vocab_size {
            recipe = recipe.with_vocabulary(words);
        }
        recipe.vocabulary = recipe.vocabulary.with_min_freq(self.min_freq);
        if let OptimizerConfig::Adam(adam) = &mut recipe.language_model.optimizer {
            adam.clip = self.clip;
        }
        recipe
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
        let encoder = AwdLstmConfig::new(vocab.len()).with_sizes(embed, hidden, layers);
        let mut config = LanguageModelConfig::new(encoder);
        config.dropouts = recipe.language_model.dropouts.scaled(self.drop_mult);
        config.regularization = recipe.language_model.regularization;
        let model = config.init(self.training.seed, device)?;
        let text = TextEncoding::new(tokenizer, vocab);
        Ok(TextLanguageModel::new(text, model)?)
    }
}
