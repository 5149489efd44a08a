//! Step 3: the classifier.

use burn::tensor::Device;
use ulmfit_data::{ClassLoader, ClassLoaderConfig, Corpus, TokenBudget};
use ulmfit_model::{
    ClassLoss, Classifier, ClassifierConfig, TextClassifier, TextEncoding, TextLanguageModel,
};
use ulmfit_text::Special;

use super::{Run, on_autodiff};
use crate::error::Result;
use crate::fit::{Scored, fit_classifier, task_of};
use crate::recipe::Recipe;

/// Step 3: a classifier on the language model's encoder, trained on the labels of `train`, with its scores on `valid`.
///
/// The labels say what the task is: one class each, several, or numbers.
///
/// # Errors
/// [`Error::Data`](crate::Error::Data) for a single class, a missing label or labels of two kinds, and as
/// [`fit_classifier`].
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
    let seed = run.seed ^ 0xc1a5;
    let mut fit = run
        .fit("classify")
        .with_optimizer(r.optimizer)
        .with_accumulate(r.accumulate)
        .with_seed(seed);
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
/// [`Error::Data`](crate::Error::Data) for a single class or a missing label, [`Error::Model`](crate::Error::Model) for a
/// configuration out of range.
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
        cut: r.cut,
        head: r.head.clone(),
        ..ClassifierConfig::new(train.n_classes())
    };
    let encoder = on_autodiff(language_model.model.encoder.clone(), device);
    Ok(config.init(encoder, seed, &device.clone().autodiff())?)
}

/// The batches of a labelled corpus.
///
/// # Errors
/// [`Error::Data`](crate::Error::Data) for a document without a label.
pub fn class_loader(
    recipe: &Recipe,
    text: &TextEncoding,
    corpus: &Corpus,
    seed: u64,
) -> Result<ClassLoader> {
    let r = &recipe.classifier;
    let budget = r.batch_tokens.map(|tokens| TokenBudget {
        tokens,
        of_document: r.window.max_len,
    });
    let config = ClassLoaderConfig::new()
        .with_batch_size(r.batch_size)
        .with_budget(budget)
        .with_pad(Special::Pad.id())
        .with_seed(seed);
    let ids = text.encode_all(&corpus.texts()).into_iter();
    let ids: Vec<Vec<u32>> = ids.map(|ids| r.cut.apply(ids)).collect();
    Ok(config.build(ids, corpus.all_labels()?)?)
}
