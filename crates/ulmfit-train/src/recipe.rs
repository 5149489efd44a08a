//! A recipe: every number of the three steps, as data.

use ulmfit_model::{DocumentWindow, Dropouts, HeadConfig, Regularization};
use ulmfit_text::{TokenizerConfig, VocabConfig};

use crate::optimizer::OptimizerConfig;
use crate::schedule::GroupRates;
use crate::stage::{Stage, Trained};

/// The sizes of a new encoder: embedding width, hidden width, layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Width of the embedding and of the last layer.
    pub embed: usize,
    /// Width of the other layers.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
}

impl Sizes {
    /// 400 / 1152 / 3: fastai v1 and v2 (the paper: 1150).
    pub const STANDARD: Self = Self {
        embed: 400,
        hidden: 1152,
        layers: 3,
    };
    /// 128 / 384 / 3: for a vocabulary of about 10,000 words and minutes of CPU time.
    pub const SMALL: Self = Self {
        embed: 128,
        hidden: 384,
        layers: 3,
    };
    /// 64 / 128 / 2: for tests and the bundled sample.
    pub const TINY: Self = Self {
        embed: 64,
        hidden: 128,
        layers: 2,
    };
}

/// Steps 1 and 2: training the language model.
#[derive(Clone, Debug)]
pub struct LmRecipe {
    /// Rows of a batch; default 64 (paper section 4, fastai).
    pub batch_size: usize,
    /// Tokens of a row; default 70 (paper section 4; fastai v2: 72).
    pub seq_len: usize,
    /// Dropouts; default the language model's times 0.3 (fastbook chapter 10).
    pub dropouts: Dropouts,
    /// AR and TAR; default 2 and 1.
    pub regularization: Regularization,
    /// The optimizer; default Adam.
    pub optimizer: OptimizerConfig,
    /// Batches whose gradients are averaged before each step of the optimizer; default 1.
    pub accumulate: usize,
    /// Step 1, from scratch; default one epoch of all groups at 1e-2.
    pub pretrain: Vec<Stage>,
    /// Step 2, from a model of another vocabulary: first what trains new words alone; default one epoch of embedding
    /// and decoder at 2e-2.
    pub adapt: Vec<Stage>,
    /// Step 2, then all groups; default one epoch, the last group at 4e-3 (paper section 4), each lower one 2.6 times
    /// lower (paper section 3.2).
    pub finetune: Vec<Stage>,
}

/// Step 3: training the classifier.
#[derive(Clone, Debug)]
pub struct ClassifierRecipe {
    /// Documents in a batch; default 32 (64 in the paper and in fastai; 32 is kinder to few labels).
    pub batch_size: usize,
    /// How documents are cut; default 72 and 1440 (fastai v2).
    pub window: DocumentWindow,
    /// Dropouts; default the classifier's times 0.5 (fastai v2).
    pub dropouts: Dropouts,
    /// AR and TAR; default 2 and 1.
    pub regularization: Regularization,
    /// The head; default one hidden layer of 50.
    pub head: HeadConfig,
    /// The optimizer; default Adam.
    pub optimizer: OptimizerConfig,
    /// Batches whose gradients are averaged before each step of the optimizer; default 1.
    pub accumulate: usize,
    /// Gradual unfreezing; default fastai's: the head at 2e-2, two groups at 1e-2, three at 5e-3 (an epoch each), all
    /// at 1e-3 for two epochs, each group 2.6 times lower than the one above.
    pub stages: Vec<Stage>,
}

/// All three steps.
///
/// ```
/// use ulmfit_train::Recipe;
///
/// let mut recipe = Recipe::default();
/// recipe.classifier.batch_size = 16;
/// assert_eq!(recipe.language_model.seq_len, 70);
/// ```
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Text rules and word splitter, unless a pretrained model brings its own.
    pub tokenizer: TokenizerConfig,
    /// How the vocabulary is built; default up to 60,000 words seen at least 3 times.
    pub vocabulary: VocabConfig,
    /// The sizes of a new encoder, unless a pretrained model brings its own; default [`Sizes::STANDARD`].
    pub sizes: Sizes,
    /// Steps 1 and 2.
    pub language_model: LmRecipe,
    /// Step 3.
    pub classifier: ClassifierRecipe,
}

impl Default for Recipe {
    fn default() -> Self {
        let all = |name, epochs, rates| Stage::one_cycle(name, epochs, Trained::All, rates);
        let last =
            |name, n, top| Stage::one_cycle(name, 1, Trained::Last(n), GroupRates::paper(top));
        Self {
            tokenizer: TokenizerConfig::new(),
            vocabulary: VocabConfig::new(),
            sizes: Sizes::STANDARD,
            language_model: LmRecipe {
                batch_size: 64,
                seq_len: 70,
                dropouts: Dropouts::language_model().scaled(0.3),
                regularization: Regularization::default(),
                optimizer: OptimizerConfig::default(),
                accumulate: 1,
                pretrain: vec![all("pretrain", 1, GroupRates::Same(1e-2))],
                adapt: vec![Stage::one_cycle(
                    "new words",
                    1,
                    Trained::Last(1),
                    GroupRates::Same(2e-2),
                )],
                finetune: vec![all("fine-tune", 1, GroupRates::paper(4e-3))],
            },
            classifier: ClassifierRecipe {
                batch_size: 32,
                window: DocumentWindow::default(),
                dropouts: Dropouts::classifier().scaled(0.5),
                regularization: Regularization::default(),
                head: HeadConfig::default(),
                optimizer: OptimizerConfig::default(),
                accumulate: 1,
                stages: vec![
                    last("classify: head", 1, 2e-2),
                    last("classify: last 2", 2, 1e-2),
                    last("classify: last 3", 3, 5e-3),
                    all("classify: all", 2, GroupRates::paper(1e-3)),
                ],
            },
        }
    }
}

impl Recipe {
    /// A recipe for a new encoder of the given sizes.
    #[must_use]
    pub fn with_sizes(self, sizes: Sizes) -> Self {
        Self { sizes, ..self }
    }

    /// Another largest vocabulary.
    #[must_use]
    pub fn with_vocabulary(self, words: usize) -> Self {
        Self {
            vocabulary: self.vocabulary.with_max_size(words),
            ..self
        }
    }
}
