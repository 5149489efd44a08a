//! The three steps of ULMFiT, each a function over public parts.

use burn::module::Module;
use burn::tensor::Device;
use ulmfit_data::{ClassLoader, ClassLoaderConfig, Corpus, LmLoader, LmLoaderConfig, count_tokens};
use ulmfit_model::{
    AwdLstmConfig, ClassLoss, Classifier, ClassifierConfig, LanguageModel, LanguageModelConfig,
    TextClassifier, TextEncoding, TextLanguageModel,
};
use ulmfit_text::{Special, Tokenizer, Vocab, VocabConfig};

use crate::checkpoint::Checkpoints;
use crate::error::{Error, Result};
use crate::fit::{FitConfig, Scored, fit_classifier, fit_language_model, task_of};
use crate::observe::Observer;
use crate::recipe::{LmRecipe, Recipe};
use crate::stage::Stage;

/// One document of this many is kept for the language model's validation (fastai's scripts: 10 %, here 5 %).
const VALID_EVERY: usize = 20;

/// Seed, observer and checkpoints of a run of steps.
pub struct Run<'a> {
    /// Every random number of the run follows from this.
    pub seed: u64,
    /// Where the run is stored, so that it can be cut anywhere: each step in a folder of its own within this one, named
    /// `pretrain`, `adapt`, `finetune` and `classify`.
    pub checkpoints: Option<Checkpoints>,
    /// Told of every batch and epoch.
    pub observer: &'a mut dyn Observer,
}

impl Run<'_> {
    /// The checkpoints of one step.
    fn checkpoints_of(&self, step: &str) -> Option<Checkpoints> {
        self.checkpoints.as_ref().map(|all| all.within(step))
    }
}

/// The vocabulary of `texts`: that of a subword model, or counted some megabytes at a time, so that the tokens are never all in memory.
///
/// The result does not depend on the number of threads.
///
/// # Errors
/// None for texts in memory.
pub fn build_vocab(tokenizer: &Tokenizer, texts: &[&str], config: &VocabConfig) -> Result<Vocab> {
    if let Some(vocab) = tokenizer.fixed_vocab() {
        return Ok(vocab);
    }
    let counts = count_tokens(&texts.to_vec(), tokenizer)?;
    Ok(config.build_from_counts(&counts))
}

/// Step 1: a language model from scratch on `texts`.
///
/// # Errors
/// [`Error::TooLittle`] for too little text, and as [`fit_language_model`].
pub fn pretrain(
    recipe: &Recipe,
    texts: &[&str],
    device: &Device,
    run: &mut Run<'_>,
) -> Result<TextLanguageModel> {
    let model = new_language_model(recipe, texts, device, run.seed)?;
    let lm = &recipe.language_model;
    let batch_size = lm.pretrain_batch_size.unwrap_or(lm.batch_size);
    train_lm(model, texts, "pretrain", &lm.pretrain, batch_size, lm, run)
}

/// The model that [`pretrain`] begins with: weights drawn from the seed, the vocabulary of `texts`.
///
/// # Errors
/// [`Error::Model`] for sizes or dropouts out of range.
pub fn new_language_model(
    recipe: &Recipe,
    texts: &[&str],
    device: &Device,
    seed: u64,
) -> Result<TextLanguageModel> {
    let tokenizer = recipe.tokenizer.init();
    let vocab = build_vocab(&tokenizer, texts, &recipe.vocabulary)?;
    let text = TextEncoding::new(recipe.tokenizer.clone(), vocab);
    let sizes = recipe.sizes;
    let encoder = AwdLstmConfig::new(text.vocab().len());
    let encoder = encoder.with_sizes(sizes.embed, sizes.hidden, sizes.layers);
    let mut config = LanguageModelConfig::new(encoder.with_cell(recipe.cell));
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
    texts: &[&str],
    device: &Device,
    run: &mut Run<'_>,
) -> Result<TextLanguageModel> {
    let model = adapted(recipe, pretrained, texts, device)?;
    let lm = &recipe.language_model;
    let stages = [lm.adapt.clone(), lm.finetune.clone()].concat();
    train_lm(model, texts, "adapt", &stages, lm.batch_size, lm, run)
}

/// The model that [`adapt`] begins with: the pretrained one with the vocabulary of `texts` and the recipe's dropouts.
///
/// # Errors
/// [`Error::Model`] for dropouts out of range.
pub fn adapted(
    recipe: &Recipe,
    pretrained: &TextLanguageModel,
    texts: &[&str],
    device: &Device,
) -> Result<TextLanguageModel> {
    let vocab = build_vocab(pretrained.text.tokenizer(), texts, &recipe.vocabulary)?;
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
    mut model: TextLanguageModel,
    texts: &[&str],
    device: &Device,
    run: &mut Run<'_>,
) -> Result<TextLanguageModel> {
    let lm = &recipe.language_model;
    model.model = ready(model.model, lm, device)?;
    train_lm(
        model,
        texts,
        "finetune",
        &lm.finetune,
        lm.batch_size,
        lm,
        run,
    )
}

/// Step 3: a classifier on the language model's encoder, trained on the labels of `train`, with its scores on `valid`.
///
/// The labels say what the task is: one class each, several, or numbers.
///
/// # Errors
/// [`Error::Data`] for a single class, a missing label or labels of two kinds, and as [`fit_classifier`].
pub fn classify(
    recipe: &Recipe,
    language_model: &TextLanguageModel,
    train: &Corpus,
    valid: Option<&Corpus>,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<Scored<TextClassifier>> {
    let model = new_classifier(recipe, language_model, train, device, run.seed)?;
    let r = &recipe.classifier;
    let text = &language_model.text;
    let train_loader = class_loader(recipe, text, train, run.seed)?;
    let valid_loader = valid
        .map(|valid| class_loader(recipe, text, valid, run.seed))
        .transpose()?;
    let checkpoints = run.checkpoints_of("classify");
    let mut fit = FitConfig::new(run.observer)
        .with_checkpoints(checkpoints)
        .with_optimizer(r.optimizer)
        .with_accumulate(r.accumulate)
        .with_seed(run.seed ^ 0xc1a5);
    let Scored { model, mut scores } = fit_classifier(
        model,
        &r.stages,
        &train_loader,
        valid_loader.as_ref(),
        &mut fit,
    )?;
    let classes = train.classes().to_vec();
    if let Some(scores) = &mut scores {
        scores.confusion = std::mem::take(&mut scores.confusion).with_names(&classes);
    }
    let model = TextClassifier::new(text.clone(), model, classes)?;
    Ok(Scored { model, scores })
}

/// The model that [`classify`] begins with: the language model's encoder under a head drawn from the seed.
///
/// # Errors
/// [`Error::Data`] for a single class or a missing label, [`Error::Model`] for a configuration out of range.
pub fn new_classifier(
    recipe: &Recipe,
    language_model: &TextLanguageModel,
    train: &Corpus,
    device: &Device,
    seed: u64,
) -> Result<Classifier> {
    let r = &recipe.classifier;
    let labels = train.all_labels()?;
    let config = ClassifierConfig {
        task: task_of(train, r.range)?,
        dropouts: r.scaled_dropouts(),
        loss: match labels.classes() {
            Some(labels) => r.loss.of(labels, train.n_classes()),
            None => ClassLoss::default(),
        },
        regularization: r.regularization,
        window: r.window,
        head: r.head.clone(),
        ..ClassifierConfig::new(train.n_classes())
    };
    let encoder = on_autodiff(language_model.model.encoder.clone(), device);
    Ok(config.init(encoder, seed, &device.clone().autodiff())?)
}

/// The batches of a labelled corpus.
///
/// # Errors
/// [`Error::Data`] for a document without a label.
pub fn class_loader(
    recipe: &Recipe,
    text: &TextEncoding,
    corpus: &Corpus,
    seed: u64,
) -> Result<ClassLoader> {
    let config = ClassLoaderConfig::new()
        .with_batch_size(recipe.classifier.batch_size)
        .with_pad(Special::Pad.id())
        .with_seed(seed);
    Ok(config.build(text.encode_all(&corpus.texts()), corpus.all_labels()?)?)
}

fn train_lm(
    model: TextLanguageModel,
    texts: &[&str],
    step: &str,
    stages: &[Stage],
    batch_size: usize,
    lm: &LmRecipe,
    run: &mut Run<'_>,
) -> Result<TextLanguageModel> {
    let TextLanguageModel { text, model } = model;
    let (mut train, mut valid) = (Vec::new(), Vec::new());
    for (index, ids) in text.encode_all(texts).into_iter().enumerate() {
        let side = if index % VALID_EVERY == VALID_EVERY - 1 {
            &mut valid
        } else {
            &mut train
        };
        side.push(ids);
    }
    let loader = |docs: Vec<Vec<u32>>| -> Result<LmLoader> {
        let found = docs.iter().map(Vec::len).sum();
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
    let valid = if valid.is_empty() {
        None
    } else {
        Some(loader(valid)?)
    };
    let checkpoints = run.checkpoints_of(step);
    let mut fit = FitConfig::new(run.observer)
        .with_checkpoints(checkpoints)
        .with_optimizer(lm.optimizer)
        .with_accumulate(lm.accumulate)
        .with_seed(run.seed);
    let model = fit_language_model(model, stages, &train, valid.as_ref(), &mut fit)?;
    Ok(TextLanguageModel::new(text, model)?)
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

/// The module on the device's autodiff side, ready for training.
fn on_autodiff<M: Module>(module: M, device: &Device) -> M {
    module.valid().to_device(&device.clone().inner()).train()
}
