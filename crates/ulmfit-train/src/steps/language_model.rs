//! Steps 1 and 2: the language model.

use burn::tensor::Device;
use ulmfit_data::{LmLoader, LmLoaderConfig, LmText, TokenDocs};
use ulmfit_model::{Cut, LanguageModel, LanguageModelConfig, TextEncoding, TextLanguageModel};
use ulmfit_text::{Tokenizer, Vocab, VocabConfig};

use super::on_autodiff;
use crate::error::{Error, Result};
use crate::fit::fit;
use crate::language_model::LmLearner;
use crate::recipe::{LmRecipe, Recipe};
use crate::run::Run;
use crate::stage::check_stages;

/// One document of this many is kept for the language model's validation (fastai's scripts: 10 %, here 5 %).
const VALID_EVERY: usize = 20;

/// Step 1: a language model from scratch on `texts`: texts in memory, or any source, also one of which nothing is held
/// in memory ([`PreparedText::text`](ulmfit_data::PreparedText::text)).
///
/// # Errors
/// [`Error::TooLittle`] for too little text, [`Error::Model`] for sizes and [`Error::Groups`] or its like for stages that do
/// not fit them, before the text is read; and as [`fit`].
pub fn pretrain(
    recipe: &Recipe,
    texts: &dyn LmText,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<TextLanguageModel> {
    train_lm(recipe, Start::New, texts, device, run)
}

/// The model that [`pretrain`] begins with: weights drawn from the seed, the vocabulary of `texts`.
///
/// # Errors
/// [`Error::Model`] for sizes or dropouts out of range.
pub fn new_language_model(
    recipe: &Recipe,
    texts: &dyn LmText,
    device: &Device,
    seed: u64,
) -> Result<TextLanguageModel> {
    recipe.check_sizes()?;
    let tokenizer = recipe.tokenizer.init();
    let vocab = texts.vocabulary(&tokenizer, &recipe.vocabulary)?;
    let text = TextEncoding::new(recipe.tokenizer.clone(), vocab);
    let mut config = LanguageModelConfig::new(recipe.encoder(text.vocab().len()));
    let lm = &recipe.language_model;
    config.dropouts = lm.pretrain_dropouts();
    config.regularization = lm.regularization;
    let model = config.init(seed, &device.clone().autodiff())?;
    Ok(TextLanguageModel::new(text, model)?)
}

/// Step 2, from a pretrained model of another text: its vocabulary is replaced by that of `texts` (new words start
/// from the mean row), the new words are trained alone, then all groups.
///
/// # Errors
/// As [`pretrain`].
pub fn adapt(
    recipe: &Recipe,
    pretrained: &TextLanguageModel,
    texts: &dyn LmText,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<TextLanguageModel> {
    train_lm(recipe, Start::Other(pretrained), texts, device, run)
}

/// The model that [`adapt`] begins with: the pretrained one with the vocabulary of `texts` and the recipe's dropouts.
///
/// # Errors
/// [`Error::Model`] for dropouts out of range.
pub fn adapted(
    recipe: &Recipe,
    pretrained: &TextLanguageModel,
    texts: &dyn LmText,
    device: &Device,
) -> Result<TextLanguageModel> {
    let vocab = texts.vocabulary(pretrained.text.tokenizer(), &recipe.vocabulary)?;
    adapted_to(recipe, pretrained, vocab, device)
}

/// As [`adapted`], for a vocabulary that is built already: of text that is not in memory.
///
/// # Errors
/// As [`adapted`].
pub fn adapted_to(
    recipe: &Recipe,
    pretrained: &TextLanguageModel,
    vocab: Vocab,
    device: &Device,
) -> Result<TextLanguageModel> {
    let vocab = match recipe.language_model.keep_words {
        true => vocab.joined(pretrained.text.vocab()),
        false => vocab,
    };
    let mut model = pretrained.adapt(&vocab);
    model.model = ready(model.model, &recipe.language_model, device)?;
    Ok(model)
}

/// Step 2, for a model whose vocabulary is that of the target text already: all groups.
///
/// # Errors
/// As [`pretrain`].
pub fn finetune(
    recipe: &Recipe,
    model: TextLanguageModel,
    texts: &dyn LmText,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<TextLanguageModel> {
    train_lm(recipe, Start::Same(model), texts, device, run)
}

/// What a step of the language model begins with.
#[expect(clippy::large_enum_variant, reason = "one value in a step")]
pub(crate) enum Start<'a> {
    /// Step 1: nothing.
    New,
    /// Step 2: a model of another text.
    Other(&'a TextLanguageModel),
    /// Step 2: a model whose vocabulary is that of the text.
    Same(TextLanguageModel),
}

/// Texts in memory, the labelled ones first. Of those no more is read than the classifier reads: a single document that is
/// longer than all others together would take most of the time.
pub(crate) struct Texts<'a> {
    pub(crate) all: Vec<&'a str>,
    pub(crate) labeled: usize,
    pub(crate) cut: Cut,
}

impl LmText for Texts<'_> {
    fn vocabulary(
        &self,
        tokenizer: &Tokenizer,
        config: &VocabConfig,
    ) -> ulmfit_data::Result<Vocab> {
        self.all.vocabulary(tokenizer, config)
    }

    fn ids(&self, tokenizer: &Tokenizer, vocab: &Vocab) -> ulmfit_data::Result<TokenDocs> {
        let ids = self.all.ids(tokenizer, vocab)?;
        let read = |doc: usize| match doc < self.labeled {
            true => self.cut.apply(ids.doc(doc)),
            false => ids.doc(doc),
        };
        Ok(TokenDocs::from(
            (0..ids.len()).map(read).collect::<Vec<_>>(),
        ))
    }
}

/// A step of the language model.
pub(crate) fn train_lm(
    recipe: &Recipe,
    start: Start<'_>,
    texts: &dyn LmText,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<TextLanguageModel> {
    let lm = &recipe.language_model;
    let layers = |model: &TextLanguageModel| model.model.encoder.config().layers;
    let (name, stages, layers) = match &start {
        Start::New => ("pretrain", lm.pretrain.clone(), recipe.sizes.layers),
        Start::Other(model) => {
            let stages = [&lm.adapt[..], &lm.finetune].concat();
            ("adapt", stages, layers(model))
        }
        Start::Same(model) => ("finetune", lm.finetune.clone(), layers(model)),
    };
    check_stages(&stages, layers.saturating_add(1))?;
    let mut batch_size = lm.batch_size;
    let TextLanguageModel { text, model } = match start {
        Start::New => {
            batch_size = lm.pretrain_batch_size.unwrap_or(batch_size);
            new_language_model(recipe, texts, device, run.seed)?
        }
        Start::Other(model) => adapted(recipe, model, texts, device)?,
        Start::Same(model) => TextLanguageModel {
            model: ready(model.model, lm, device)?,
            ..model
        },
    };
    let ids = texts.ids(text.tokenizer(), text.vocab())?;
    let (train, valid) = ids.hold_out(VALID_EVERY);
    let loader = |docs: TokenDocs| -> Result<LmLoader> {
        let found = docs.n_tokens();
        if found < 2 {
            return Err(Error::TooLittle {
                what: "tokens for the language model",
                expected: 2,
                found,
            });
        }
        let config = LmLoaderConfig::new()
            .with_batch_size(batch_size)
            .with_seq_len(lm.seq_len)
            .with_lengths(lm.lengths)
            .with_seed(run.seed);
        Ok(config.build(docs)?)
    };
    let train = loader(train)?;
    let valid = (!valid.is_empty()).then(|| loader(valid)).transpose()?;
    let (seed, mut deciders) = (run.seed, lm.observers());
    let fitted = fit(
        &LmLearner::new(&train).with_valid(valid.as_ref()),
        model,
        &lm.training(&stages),
        &mut run.of_step(name, seed).with_observer(&mut deciders),
    )?;
    Ok(TextLanguageModel::new(text, fitted.model)?)
}

/// A language model for step 2: on the device's autodiff side, with the recipe's dropouts and regularization in place of
/// those that it was trained with.
fn ready(model: LanguageModel, lm: &LmRecipe, device: &Device) -> Result<LanguageModel> {
    let dropouts = lm.finetune_dropouts();
    dropouts.validate()?;
    Ok(LanguageModel {
        dropouts,
        regularization: lm.regularization,
        ..on_autodiff(model, device)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::recipe::Sizes;

    #[test]
    fn words_that_the_text_lacks_are_kept_where_the_recipe_says_so() {
        let mut recipe = Recipe::default().with_sizes(Sizes {
            embed: 4,
            hidden: 6,
            layers: 1,
        });
        let device = Device::default();
        let general = "the sea and the ship ".repeat(5);
        let general = new_language_model(&recipe, &vec![general], &device, 1).unwrap();
        let row = |model: &TextLanguageModel, word: &str| -> Vec<f32> {
            let id = model.text.vocab().id(word) as usize;
            let rows = model
                .model
                .encoder
                .embedding
                .val()
                .slice([id..id + 1, 0..4]);
            rows.into_data().iter::<f32>().collect()
        };
        let own = "the film and the actor ".repeat(5);
        for (keep, has) in [(false, false), (true, true)] {
            recipe.language_model.keep_words = keep;
            let model = adapted(&recipe, &general, &vec![&own], &device).unwrap();
            let vocab = model.text.vocab();
            assert_eq!(vocab.contains("ship"), has);
            assert!(vocab.contains("film") && vocab.contains("and"));
            if keep {
                assert_eq!(row(&model, "ship"), row(&general, "ship"));
            }
        }
    }
}
