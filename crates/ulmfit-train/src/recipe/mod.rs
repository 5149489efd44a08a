//! Recipes: every number of the three steps, as data, with its source.

mod classifier;
mod fitted;
mod language_model;
mod notes;
mod print;
mod read;
mod registry;
mod sizes;

use serde::{Deserialize, Serialize};
use ulmfit_model::{AwdLstmConfig, Cell};
use ulmfit_text::{Special, TokenizerConfig, VocabConfig};

use crate::error::Result;
use crate::stage::{Stage, check_stages};

pub use classifier::{ClassWeights, ClassifierRecipe, LossRecipe};
pub use fitted::Amount;
pub use language_model::LmRecipe;
pub use sizes::{SizePreset, Sizes};

/// All three steps.
///
/// A recipe is found [by name](Self::by_name), changed field by field, printed in full with the source of every number
/// ([`to_toml`](Self::to_toml)) and read from a file that holds only what differs ([`from_toml`](Self::from_toml)). The
/// recipes stand in `src/recipe/*.toml`, each number beside its source.
///
/// | name | what it follows |
/// |---|---|
/// | `default` | the paper's method with fastai v2's schedules and rates |
/// | `english` | `default`, for the English model that comes with the library ([`Pretrained::English`](crate::Pretrained)) and others of its size |
/// | `paper` | Howard & Ruder 2018; where it is silent, its scripts |
/// | `scripts` | the authors' scripts (`courses/dl2/imdb_scripts`, fastai v0.7) |
/// | `dl2` | the IMDb notebook of fast.ai's course of 2018 (`courses/dl2/imdb.ipynb`, fastai v0.7) |
/// | `fastbook` | fastbook chapter 10 (fastai v2) |
/// | `kaggle` | "Evolution of NLP - part 3", a Kaggle notebook (fastai v1) |
/// | `multifit` | Eisenschlos et al. 2019, `multifit_paper_version` (fastai v1) |
/// | `chain_thaw` | the authors' scripts with `chain_thaw` (Felbo et al. 2017) |
/// | `awd_lstm` | Merity et al. 2018: a language model by NT-ASGD, for pre-training |
///
/// ```
/// use ulmfit_train::Recipe;
///
/// let mut recipe = Recipe::by_name("dl2")?;
/// recipe.classifier.batch_size = 16;
/// assert_eq!(recipe.language_model.seq_len, 70);
/// assert!(recipe.to_toml()?.contains("batch_size = 16"));
/// # Ok::<(), ulmfit_train::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The registered recipe that it is, or that it was before it was changed.
    pub name: String,
    /// The cell of a new encoder, unless a pretrained model brings its own.
    pub cell: Cell,
    /// Text rules, word splitter and direction, unless a pretrained model brings its own.
    pub tokenizer: TokenizerConfig,
    /// How the vocabulary is built.
    pub vocabulary: VocabConfig,
    /// The sizes of a new encoder, unless a pretrained model brings its own.
    pub sizes: Sizes,
    /// Steps 1 and 2.
    pub language_model: LmRecipe,
    /// Step 3.
    pub classifier: ClassifierRecipe,
}

impl Default for Recipe {
    /// The recipe `default`.
    fn default() -> Self {
        Self::registered("default")
    }
}

impl Recipe {
    /// A recipe for a new encoder of the given sizes.
    #[must_use]
    pub fn with_sizes(self, sizes: Sizes) -> Self {
        Self { sizes, ..self }
    }

    /// A recipe for a new encoder of a preset, with the vocabulary that goes with it.
    #[must_use]
    pub fn with_preset(self, preset: SizePreset) -> Self {
        let recipe = self.with_sizes(preset.sizes);
        match preset.words {
            Some(words) => recipe.with_vocabulary(words),
            None => recipe,
        }
    }

    /// Another largest vocabulary.
    #[must_use]
    pub fn with_vocabulary(self, words: usize) -> Self {
        Self {
            vocabulary: self.vocabulary.with_max_size(words),
            ..self
        }
    }

    /// No stage longer than `epochs`: for a trial run.
    ///
    /// ```
    /// use ulmfit_train::Recipe;
    ///
    /// let trial = Recipe::by_name("dl2")?.with_at_most_epochs(1);
    /// assert_eq!(trial.language_model.finetune[0].epochs, 1);
    /// # Ok::<(), ulmfit_train::Error>(())
    /// ```
    #[must_use]
    pub fn with_at_most_epochs(mut self, epochs: usize) -> Self {
        for stage in self.stages_mut() {
            stage.epochs = stage.epochs.min(epochs);
        }
        self
    }

    /// Checks every stage against an encoder of so many layers: before hours of training, not after them. The language
    /// model has a layer group more, the classifier two.
    ///
    /// # Errors
    /// [`Error::Groups`](crate::Error::Groups) and its like, with the name of the stage.
    ///
    /// ```
    /// use ulmfit_train::Recipe;
    ///
    /// let paper = Recipe::by_name("paper")?;
    /// assert!(paper.check(3).is_ok());
    /// let message = paper.check(2).unwrap_err().to_string();
    /// assert!(message.starts_with("4 learning rates given for 3 layer groups"), "{message}");
    /// # Ok::<(), ulmfit_train::Error>(())
    /// ```
    pub fn check(&self, layers: usize) -> Result<()> {
        let (lm, of_lm) = (&self.language_model, layers.saturating_add(1));
        for stages in [&lm.pretrain, &lm.adapt, &lm.finetune] {
            check_stages(stages, of_lm)?;
        }
        check_stages(&self.classifier.stages, of_lm.saturating_add(1))
    }

    /// Checks the sizes of a new encoder, before the text is read for its vocabulary.
    pub(crate) fn check_sizes(&self) -> Result<()> {
        Ok(self.encoder(Special::ALL.len()).validate()?)
    }

    /// A new encoder for so many words.
    pub(crate) fn encoder(&self, words: usize) -> AwdLstmConfig {
        let Sizes {
            embed,
            hidden,
            layers,
        } = self.sizes;
        let encoder = AwdLstmConfig::new(words).with_sizes(embed, hidden, layers);
        encoder.with_cell(self.cell)
    }

    /// Every stage of the three steps.
    pub(crate) fn stages_mut(&mut self) -> impl Iterator<Item = &mut Stage> {
        let lm = &mut self.language_model;
        let lists = [
            &mut lm.pretrain,
            &mut lm.adapt,
            &mut lm.finetune,
            &mut self.classifier.stages,
        ];
        lists.into_iter().flatten()
    }
}
