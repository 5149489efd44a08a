//! The default recipe, fitted to how much there is to learn from. The bounds are ours: no source trains on so little.

use std::path::Path;

use ulmfit_model::ModelInfo;

use super::{LmRecipe, Recipe, SizePreset, Sizes};
use crate::pretrained::Pretrained;
use crate::schedule::GroupRates;
use crate::stage::Stage;

/// How much a run has to learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Words of the language model's texts, split at white space.
    pub words: usize,
    /// Labelled documents to train on.
    pub documents: usize,
    /// Words of the labelled documents.
    pub labeled_words: usize,
}

impl Amount {
    /// Counts the words of the language model's texts, which hold the labelled documents, and of those. Of a labelled document
    /// no more words count than are read of it under the recipes that this chooses from.
    ///
    /// ```
    /// let amount = ulmfit_train::Amount::of(["two words", "and three more"], ["two words"]);
    /// assert_eq!((amount.words, amount.documents, amount.labeled_words), (5, 1, 2));
    /// ```
    pub fn of<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        labeled: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let words = |text: &str| text.split_whitespace().count();
        let cut = Recipe::default().classifier.cut;
        let mut amount = Self {
            words: texts.into_iter().map(words).sum(),
            documents: 0,
            labeled_words: 0,
        };
        for words in labeled.into_iter().map(words) {
            let read = cut.len_of(words);
            amount.documents += 1;
            amount.labeled_words += read;
            amount.words = amount.words.saturating_sub(words - read);
        }
        amount
    }
}

/// Fewer words than this do not hold the common words of their language.
const LITTLE: usize = 1_000_000;

impl Recipe {
    /// The recipe for what a run begins with: `english` for the English model and for a file whose model is no wider (it
    /// learned as little, and what was fine-tuned from the English model is one of them), else `default`. A file that
    /// cannot be read has `default`: what is wrong is told where the model is loaded.
    ///
    /// ```
    /// use ulmfit_train::{Pretrained, Recipe};
    /// assert_eq!(Recipe::of(&Pretrained::from("wiki.safetensors")), Recipe::default());
    /// ```
    pub fn of(start: &Pretrained) -> Self {
        match start {
            #[cfg(feature = "english")]
            Pretrained::English => Self::registered("english"),
            Pretrained::File(path) if is_small(path) => Self::registered("english"),
            Pretrained::None | Pretrained::File(_) => Self::default(),
        }
    }

    /// The recipe [`of`](Self::of) what a run begins with, with batches, epochs and, from scratch, sizes for this amount
    /// of text; for much of it that recipe as it is.
    ///
    /// ```
    /// use ulmfit_train::{Amount, Pretrained, Recipe, Sizes};
    /// let few = Amount { words: 24_000, documents: 480, labeled_words: 19_000 };
    /// let few = Recipe::fitted(few, &Pretrained::None);
    /// assert_eq!((few.sizes, few.classifier.batch_size), (Sizes::TINY, 16));
    /// ```
    #[must_use]
    pub fn fitted(amount: Amount, start: &Pretrained) -> Self {
        let recipe = match start.is_some() {
            true => adapted(Self::of(start), amount),
            false => from_scratch(Self::of(start), amount),
        };
        classifier(recipe, amount)
    }
}

/// Whether the model in a file is no wider than the English one.
fn is_small(path: &Path) -> bool {
    let sizes = ModelInfo::read(path).ok().and_then(|info| info.encoder);
    sizes.is_some_and(|sizes| sizes.hidden <= Sizes::BASE.hidden)
}

/// A language model without any text but these: a model that so little text can fill, and enough steps.
fn from_scratch(recipe: Recipe, amount: Amount) -> Recipe {
    let size = match amount.words {
        ..LITTLE => SizePreset::TINY,
        LITTLE..10_000_000 => SizePreset::SMALL,
        10_000_000..50_000_000 => SizePreset::BASE,
        _ => SizePreset::STANDARD,
    };
    let mut recipe = recipe.with_preset(size);
    let epochs = epochs(&mut recipe.language_model, amount, 500, 12);
    Stage::set_last_epochs(&mut recipe.language_model.pretrain, Some(epochs));
    if let Some(all) = recipe.classifier.stages.last_mut() {
        // The recipe's is for an encoder that knows the language already.
        all.rates = GroupRates::paper(5e-3);
    }
    recipe
}

/// A pretrained language model: enough steps for the words of the domain.
fn adapted(mut recipe: Recipe, amount: Amount) -> Recipe {
    let epochs = epochs(&mut recipe.language_model, amount, 150, 5);
    let lm = &mut recipe.language_model;
    if let Some(all) = lm.finetune.last_mut() {
        all.epochs = all.epochs.max(epochs);
    }
    // What is predicted later has words that so little text has not; more text has them.
    lm.keep_words = amount.words < LITTLE;
    recipe
}

/// Smaller batches for little text, and how many epochs make so many steps.
fn epochs(lm: &mut LmRecipe, amount: Amount, steps: usize, most: usize) -> usize {
    let batches = |rows: usize| amount.words / (rows * lm.seq_len).max(1);
    let mut rows = lm.batch_size;
    while rows > 16 && batches(rows) < 50 {
        rows /= 2;
    }
    let epochs = steps.div_ceil(batches(rows).max(1));
    lm.batch_size = rows;
    epochs.clamp(1, most)
}

/// A classifier for few documents: smaller batches and more epochs, so that every stage learns at all.
fn classifier(mut recipe: Recipe, amount: Amount) -> Recipe {
    /// Steps of the last stage, which half as many leave short of what it can learn (docs/english.md), and of each before
    /// it. Paper section 4 has 50 epochs for the smallest of its sets.
    const STEPS: [usize; 2] = [500, 30];
    const MOST_EPOCHS: usize = 50;
    /// Epochs of the last stage, while they are no more words than these: a step on short documents says little
    /// (docs/english.md).
    const SHORT: (usize, usize) = (10, 1_500_000);
    let classifier = &mut recipe.classifier;
    let batches = |rows: usize| amount.documents / rows.max(1);
    while classifier.batch_size > 16 && batches(classifier.batch_size) < 50 {
        classifier.batch_size /= 2;
    }
    let batches = batches(classifier.batch_size).max(1);
    let [last, before] = STEPS.map(|steps| steps.div_ceil(batches).min(MOST_EPOCHS));
    for stage in &mut classifier.stages {
        stage.epochs = stage.epochs.max(before);
    }
    if let Some(all) = classifier.stages.last_mut() {
        let (epochs, words) = SHORT;
        let short = epochs.min(words / amount.labeled_words.max(1));
        all.epochs = all.epochs.max(last).max(short);
    }
    recipe
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use ulmfit_model::{AwdLstmConfig, LanguageModelConfig, TextEncoding, TextLanguageModel};
    use ulmfit_text::{TokenizerConfig, VocabConfig};

    #[test]
    fn little_text_makes_a_small_model_with_small_batches_and_much_text_changes_nothing() {
        let amount = |words, documents| Amount {
            words,
            documents,
            labeled_words: 230 * documents,
        };
        let few = Recipe::fitted(amount(24_000, 480), &Pretrained::None);
        assert_eq!(
            (few.sizes, few.language_model.batch_size),
            (Sizes::TINY, 16)
        );
        assert_eq!(few.language_model.pretrain[0].epochs, 12);
        assert_eq!(
            (few.classifier.batch_size, few.classifier.stages[3].epochs),
            (16, 17)
        );
        let file = Pretrained::from("wiki.safetensors");
        let few = Recipe::fitted(amount(24_000, 480), &file);
        let lm = &few.language_model;
        assert_eq!((lm.batch_size, lm.finetune[0].epochs), (16, 5));
        assert!(lm.keep_words);
        let few = Recipe::fitted(amount(24_000, 100), &file).classifier;
        let epochs: Vec<usize> = few.stages.iter().map(|stage| stage.epochs).collect();
        assert_eq!(epochs, [5, 5, 5, 50]);
        let much = amount(100_000_000, 25_000);
        assert_eq!(Recipe::fitted(much, &file), Recipe::default());
        let lm = |recipe: Recipe| (recipe.sizes, recipe.vocabulary, recipe.language_model);
        assert_eq!(
            lm(Recipe::fitted(much, &Pretrained::None)),
            lm(Recipe::default())
        );
    }

    #[test]
    fn what_is_not_read_of_a_long_document_does_not_count() {
        let long = "word ".repeat(20_000);
        let amount = Amount::of(
            ["two words", &long, "of a text without label"],
            [&long[..], "two words"],
        );
        assert_eq!(
            (amount.documents, amount.labeled_words, amount.words),
            (2, 5_762, 5_767)
        );
    }

    #[test]
    fn short_documents_are_read_more_often_while_that_costs_little() {
        let file = Pretrained::from("wiki.safetensors");
        let last = |documents, labeled_words| {
            let amount = Amount {
                words: 2_000_000,
                documents,
                labeled_words,
            };
            Recipe::fitted(amount, &file).classifier.stages[3].epochs
        };
        assert_eq!(last(5_000, 50_000), 10);
        assert_eq!(last(20_000, 300_000), 5);
        assert_eq!(last(20_000, 4_600_000), 2);
        // What few documents need is more than that.
        assert_eq!(last(500, 10_000), 17);
    }

    #[test]
    fn the_width_of_a_model_in_a_file_chooses_its_recipe() -> crate::error::Result<()> {
        let text = TextEncoding::new(
            TokenizerConfig::new(),
            VocabConfig::new().build::<Vec<String>>(&[]),
        );
        for (hidden, recipe) in [(512, "english"), (513, "default")] {
            let sizes = AwdLstmConfig::new(text.vocab().len()).with_sizes(4, hidden, 2);
            let model = LanguageModelConfig::new(sizes).init(1, &Device::default())?;
            let name = format!(
                "ulmfit_recipe_of_{}_{hidden}.safetensors",
                std::process::id()
            );
            let path = std::env::temp_dir().join(name);
            TextLanguageModel::new(text.clone(), model)?.save(&path)?;
            assert_eq!(Recipe::of(&Pretrained::from(&path)).name, recipe);
            std::fs::remove_file(&path).ok();
        }
        Ok(())
    }

    #[cfg(feature = "english")]
    #[test]
    fn the_english_model_has_a_recipe_of_its_own() {
        let much = Amount {
            words: 100_000_000,
            documents: 25_000,
            labeled_words: 5_750_000,
        };
        let english = Recipe::fitted(much, &Pretrained::English);
        assert_eq!(english, Recipe::registered("english"));
    }
}
