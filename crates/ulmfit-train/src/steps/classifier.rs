//! Step 3: the classifier.

use burn::tensor::Device;
use ulmfit_data::{ClassLoader, ClassLoaderConfig, Corpus, TokenBudget};
use ulmfit_model::{
    ClassLoss, Classifier, ClassifierConfig, TextClassifier, TextEncoding, TextLanguageModel,
};
use ulmfit_text::Special;

use super::on_autodiff;
use crate::classifier::ClassifierLearner;
use crate::classifier_scores::ClassifierScores;
use crate::error::Result;
use crate::fit::{Scored, fit};
use crate::learner::Learner as _;
use crate::recipe::Recipe;
use crate::run::Run;
use crate::stage::check_stages;
use crate::task::task_of;

/// Step 3: a classifier on the language model's encoder, trained on the labels of `train`, with its scores on `valid`.
///
/// The labels say what the task is: one class each, several, or numbers.
///
/// # Errors
/// [`Error::Data`](crate::Error::Data) for a single class, a missing label or labels of two kinds, and as
/// [`fit`].
pub fn classify(
    recipe: &Recipe,
    language_model: &TextLanguageModel,
    train: &Corpus,
    valid: Option<&Corpus>,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<Scored<TextClassifier, ClassifierScores>> {
    let r = &recipe.classifier;
    let layers = language_model.model.encoder.config().layers;
    check_stages(&r.stages, layers.saturating_add(2))?;
    let model = new_classifier(recipe, language_model, train, device, run.seed)?;
    let text = &language_model.text;
    let train_loader = class_loader(recipe, text, train, run.seed)?;
    let valid_loader = valid
        .map(|valid| class_loader(recipe, text, valid, run.seed))
        .transpose()?;
    let learner = ClassifierLearner::new(&train_loader).with_valid(valid_loader.as_ref());
    let (seed, mut deciders) = (run.seed ^ 0xc1a5, r.observers());
    let Scored { model, scores } = fit(
        &learner,
        model,
        &r.training(),
        &mut run.of_step("classify", seed).with_observer(&mut deciders),
    )?;
    let mut scores = scores.or_else(|| learner.evaluate(&model));
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
            Some(labels) => r.loss.of(labels, train.classes())?,
            None => ClassLoss::default(),
        },
        regularization: r.regularization,
        window: r.window,
        cut: r.cut,
        head: r.head.clone(),
        pooling: r.pooling,
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
