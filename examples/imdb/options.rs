//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use ulmfit::prelude::*;
use ulmfit::train::schedule::GroupRates;

/// ULMFiT on film reviews: language model, fine-tuning, classifier.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// The folder aclImdb, its archive aclImdb_v1.tar.gz, or a folder with train.csv; default: the bundled sample.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// Sizes of the model: tiny 64/128/2, small 128/384/3 with 10,000 words, standard 400/1152/3 with 60,000 words.
    #[arg(long, value_enum, default_value_t = Size::Tiny)]
    pub(crate) size: Size,
    /// Labelled reviews to train on, as many of each class; default: all.
    #[arg(long, value_name = "N")]
    pub(crate) labels: Option<usize>,
    /// Unlabelled reviews for the language model; default: all.
    #[arg(long, value_name = "N")]
    pub(crate) unlabeled: Option<usize>,
    /// Reviews to hold out of the training set where there is no test set; default: a tenth.
    #[arg(long, value_name = "N")]
    pub(crate) valid: Option<usize>,
    /// May the language model read the held-out texts, without their labels?
    #[arg(long, value_enum, default_value_t = LmText::Train)]
    pub(crate) lm_text: LmText,
    /// Epochs of step 1 from scratch; default: 12 for the bundled sample, else 1.
    #[arg(long, value_name = "N")]
    pub(crate) lm_epochs: Option<usize>,
    /// Epochs of step 2 over all layer groups; default: 1.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) finetune_epochs: usize,
    /// Epochs of the classifier's last stage, over all layer groups; default: 8 for the bundled sample, else 2.
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,
    /// The seed of every random number.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Where to compute: flex (CPU), ndarray, wgpu, vulkan, metal or cuda, where built in.
    #[arg(long, default_value = "flex")]
    pub(crate) device: String,
    /// A language model's file to start from, instead of from scratch.
    #[arg(long, value_name = "FILE")]
    pub(crate) pretrained: Option<PathBuf>,
    /// The classifier's file; the language model is saved beside it as FILE-stem.lm.safetensors.
    #[arg(long, value_name = "FILE", default_value = "imdb.safetensors")]
    pub(crate) out: PathBuf,
    /// Write the rows that are used into this folder as CSV, for any other tool.
    #[arg(long, value_name = "DIR")]
    pub(crate) write_split: Option<PathBuf>,
}

/// Sizes of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    /// 64/128/2
    Tiny,
    /// 128/384/3, 10,000 words
    Small,
    /// 400/1152/3, 60,000 words
    Standard,
}

/// Which texts the language model may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LmText {
    /// Training and unlabelled texts.
    Train,
    /// The held-out texts too.
    All,
}

impl Options {
    /// The default recipe with these sizes and epochs.
    pub(crate) fn recipe(&self) -> Recipe {
        let recipe = Recipe::default();
        let mut recipe = match self.size {
            Size::Tiny => recipe.with_sizes(Sizes::TINY),
            Size::Small => recipe.with_sizes(Sizes::SMALL).with_vocabulary(10_000),
            Size::Standard => recipe,
        };
        let bundled = self.data.is_none();
        let lm = &mut recipe.language_model;
        let standard = self.size == Size::Standard;
        lm.batch_size = if bundled {
            16
        } else if standard {
            64
        } else {
            32
        };
        set_epochs(
            &mut lm.pretrain,
            self.lm_epochs.unwrap_or(if bundled { 12 } else { 1 }),
        );
        set_epochs(&mut lm.finetune, self.finetune_epochs);
        let classifier = &mut recipe.classifier;
        if bundled {
            // Four hundred short reviews: small batches make enough steps, at rates that fit a model from scratch.
            classifier.batch_size = 16;
            if let Some(all) = classifier.stages.last_mut() {
                all.rates = GroupRates::paper(5e-3);
            }
        }
        set_epochs(
            &mut classifier.stages,
            self.epochs.unwrap_or(if bundled { 8 } else { 2 }),
        );
        recipe
    }
}

/// The last stage trains all groups: its length is the one to choose. Without epochs it is left out.
fn set_epochs(stages: &mut Vec<Stage>, epochs: usize) {
    if epochs == 0 {
        stages.pop();
    } else if let Some(last) = stages.last_mut() {
        last.epochs = epochs;
    }
}
