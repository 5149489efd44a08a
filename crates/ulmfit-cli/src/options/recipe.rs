//! The numbers of a run: a recipe by name or from a file, or the default one fitted to the data, and what options change.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use ulmfit::prelude::*;
use ulmfit::train::schedule::GroupRates;

/// The numbers of a run.
#[derive(Debug, clap::Args)]
pub(crate) struct RecipeOptions {
    /// Every number as in a published recipe, which other options change. Without it and --config: the default one,
    /// fitted to the amount of text where there is no pretrained model.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Recipe::ALL.iter().copied()), conflicts_with = "config")]
    recipe: Option<String>,
    /// Every number from a TOML file with those that differ from a recipe; --print-config shows all there are.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print every number that the options come to, with its source, in the form of --config, and exit.
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Sizes of a new model: tiny 64/128/2 layers, small 128/384/3 with 10,000 words, base 200/512/3 with 20,000,
    /// standard 400/1152/3 with 60,000.
    #[arg(long, value_parser = size_parser())]
    size: Option<SizePreset>,
    /// The largest vocabulary.
    #[arg(long, value_name = "N")]
    vocab_size: Option<usize>,
    /// How often a word must occur to be in the vocabulary.
    #[arg(long, value_name = "N")]
    min_freq: Option<u64>,
    /// Epochs of a new language model.
    #[arg(long, value_name = "N")]
    pretrain_epochs: Option<usize>,
    /// Epochs of the language model's fine-tuning over all layer groups.
    #[arg(long, value_name = "N")]
    finetune_epochs: Option<usize>,
    /// Epochs of the classifier's last stage, over all layer groups.
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Rows of a batch of the language model.
    #[arg(long, value_name = "N")]
    lm_batch_size: Option<usize>,
    /// Documents of a batch of the classifier.
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
}

/// The presets by name, for help and completions.
pub(crate) fn size_parser() -> impl TypedValueParser<Value = SizePreset> {
    PossibleValuesParser::new(SizePreset::ALL.map(|preset| preset.name))
        .try_map(|name| name.parse::<SizePreset>())
}

/// How much a run has to learn from, which the default recipe is fitted to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    /// Words of the language model's texts, split at white space.
    pub(crate) words: usize,
    /// Labelled documents to train on.
    pub(crate) documents: usize,
}

impl Amount {
    /// Counts.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>, documents: usize) -> Self {
        let words = texts
            .into_iter()
            .map(|text| text.split_whitespace().count())
            .sum();
        Self { words, documents }
    }
}

impl RecipeOptions {
    /// The recipe that the options come to.
    ///
    /// # Errors
    /// For a file that cannot be read or is no recipe, with the place.
    pub(crate) fn choose(&self, amount: Amount, pretrained: bool) -> anyhow::Result<Recipe> {
        let mut recipe = match (&self.recipe, &self.config) {
            (Some(name), _) => Recipe::by_name(name).context("--recipe")?,
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path);
                let text =
                    text.with_context(|| format!("cannot read --config {}", path.display()))?;
                Recipe::from_toml(&text).with_context(|| path.display().to_string())?
            }
            (None, None) if pretrained => fit_classifier(Recipe::default(), amount),
            (None, None) => fit_classifier(from_scratch(Recipe::default(), amount), amount),
        };
        if let Some(size) = self.size {
            recipe = recipe.with_preset(size);
        }
        if let Some(words) = self.vocab_size {
            recipe = recipe.with_vocabulary(words);
        }
        if let Some(min_freq) = self.min_freq {
            recipe.vocabulary = recipe.vocabulary.with_min_freq(min_freq);
        }
        Stage::set_last_epochs(&mut recipe.language_model.pretrain, self.pretrain_epochs);
        Stage::set_last_epochs(&mut recipe.language_model.finetune, self.finetune_epochs);
        Stage::set_last_epochs(&mut recipe.classifier.stages, self.epochs);
        if let Some(rows) = self.lm_batch_size {
            recipe.language_model.batch_size = rows;
        }
        if let Some(rows) = self.batch_size {
            recipe.classifier.batch_size = rows;
        }
        Ok(recipe)
    }
}

/// The default recipe for a language model without any text but these: a model that so little text can fill, and enough
/// steps. The bounds are ours; no source trains from scratch on so little.
fn from_scratch(recipe: Recipe, amount: Amount) -> Recipe {
    const STEPS: usize = 500;
    let size = match amount.words {
        ..1_000_000 => SizePreset::TINY,
        1_000_000..10_000_000 => SizePreset::SMALL,
        10_000_000..50_000_000 => SizePreset::BASE,
        _ => SizePreset::STANDARD,
    };
    let mut recipe = recipe.with_preset(size);
    let lm = &mut recipe.language_model;
    let batches = |rows: usize| amount.words / (rows * lm.seq_len).max(1);
    let mut rows = lm.batch_size;
    while rows > 16 && batches(rows) < 50 {
        rows /= 2;
    }
    let epochs = STEPS.div_ceil(batches(rows).max(1)).clamp(1, 12);
    lm.batch_size = rows;
    Stage::set_last_epochs(&mut lm.pretrain, Some(epochs));
    if let Some(all) = recipe.classifier.stages.last_mut() {
        // The recipe's is for an encoder that knows the language already.
        all.rates = GroupRates::paper(5e-3);
    }
    recipe
}

/// The default recipe's classifier for few documents: smaller batches and more epochs, so that the head learns at all.
/// The bounds are ours.
fn fit_classifier(mut recipe: Recipe, amount: Amount) -> Recipe {
    const STEPS: usize = 250;
    let classifier = &mut recipe.classifier;
    let batches = |rows: usize| amount.documents / rows.max(1);
    while classifier.batch_size > 16 && batches(classifier.batch_size) < 50 {
        classifier.batch_size /= 2;
    }
    let epochs = STEPS.div_ceil(batches(classifier.batch_size).max(1));
    Stage::set_last_epochs(&mut classifier.stages, Some(epochs.clamp(2, 8)));
    recipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_text_makes_a_small_model_with_small_batches_and_much_text_changes_nothing() {
        let fitted = |words, documents| {
            let amount = Amount { words, documents };
            fit_classifier(from_scratch(Recipe::default(), amount), amount)
        };
        let few = fitted(24_000, 480);
        assert_eq!(
            (few.sizes, few.language_model.batch_size),
            (Sizes::TINY, 16)
        );
        assert_eq!(few.language_model.pretrain[0].epochs, 12);
        assert_eq!(
            (few.classifier.batch_size, few.classifier.stages[3].epochs),
            (16, 8)
        );
        let much = Amount {
            words: 100_000_000,
            documents: 25_000,
        };
        assert_eq!(fit_classifier(Recipe::default(), much), Recipe::default());
        let lm = |recipe: Recipe| (recipe.sizes, recipe.vocabulary, recipe.language_model);
        assert_eq!(
            lm(fitted(much.words, much.documents)),
            lm(Recipe::default())
        );
    }
}
