//! Training a classifier on labelled documents.

use ulmfit_data::ClassLoader;
use ulmfit_model::{Classifier, Mode};

use super::task::{check, metric_names, targets};
use super::{ClassifierScores, FitConfig, Progress, Scores, evaluate_classifier, stage_seed};
use crate::checkpoint::{Entry, Keeper, Settings};
use crate::error::Result;
use crate::groups::LayerGroups;
use crate::observe::Control;
use crate::stage::Stage;

/// A trained model and what it scores.
#[derive(Clone, Debug)]
pub struct Scored<M> {
    /// The model.
    pub model: M,
    /// Its scores on the validation documents, where there are some.
    pub scores: Option<ClassifierScores>,
}

/// Trains a classifier through `stages` (gradual unfreezing is a list of stages) and returns it with its scores.
///
/// The model must live on an autodiff device. Evaluates on `valid`, where it is given, after every epoch or as
/// [`FitConfig::validate`] says.
///
/// # Errors
/// [`crate::Error::Model`] for labels that are not of the model's task; [`crate::Error::NotFinite`] with stage, epoch and
/// batch; [`crate::Error::Groups`] and the schedule's or rates' errors for a stage that does not fit the model;
/// [`crate::Error::NoValidation`]; what an observer fails with; with checkpoints, [`crate::Error::OtherRun`] and what else
/// keeps them from being read or written.
pub fn fit_classifier(
    model: Classifier,
    stages: &[Stage],
    train: &ClassLoader,
    valid: Option<&ClassLoader>,
    fit: &mut FitConfig<'_>,
) -> Result<Scored<Classifier>> {
    for data in [Some(train), valid].into_iter().flatten() {
        check(&model, data)?;
    }
    let metric = metric_names(model.config().task)[0];
    let groups = LayerGroups::classifier(&model);
    let about = |settings: &mut Settings| describe(settings, &model, train, valid);
    let mut keeper = Keeper::begin(fit, stages, &model, about)?;
    let mut model = keeper.restore(model)?;
    let mut first = 0;
    let total = stages.iter().map(|stage| stage.epochs).sum();
    let mut scores = None;
    for (index, stage) in stages.iter().enumerate() {
        let epochs = first..first + stage.epochs;
        first = epochs.end;
        let batches = vec![train.n_batches(); stage.epochs];
        let mut run = Progress::begin(stage, &groups, batches, metric, valid.is_some(), fit)?;
        model = run.unfreeze(model);
        let mut mode = Mode::train(stage_seed(fit.seed, index));
        let entry = keeper.enter(index, &model, &mut run, &mut mode, None, fit.observer)?;
        scores = None;
        if matches!(entry, Entry::Past) {
            continue;
        }
        'stage: for epoch in epochs.skip(run.position().epoch) {
            for batch in train.epoch_from(epoch, run.position().batch) {
                let (rows, tokens) = (batch.labels.len(), batch.lengths.iter().sum());
                let targets = targets(&batch.labels);
                let loss = model.loss(&batch.inputs, &batch.lengths, targets, &mut mode);
                model = run.step(model, loss.objective, rows, 1.0);
                let value = f64::from(loss.value.into_scalar::<f32>());
                if run.batch_end(value, rows, tokens, fit.observer)? == Control::Stop {
                    break 'stage;
                }
                keeper.batch(&model, &run, &mode, None)?;
            }
            let shown = run.shown(&model);
            let due = valid.filter(|_| fit.validate.is_due(epoch + 1, first, total));
            scores = due.map(|valid| evaluate_classifier(&shown, valid));
            let brief = scores.as_ref().map(|scores| Scores {
                loss: scores.loss,
                metric: scores.metrics[0].1,
            });
            if run.epoch_end(shown, brief, fit.observer)? == Control::Stop {
                break;
            }
            keeper.epoch(&model, &run, &mode)?;
        }
        if !run.hands_on_last() {
            scores = None;
        }
        model = run.finish(model);
        keeper.stage(&model, &run)?;
    }
    // The last epoch's scores, unless the model is another one's or was not trained by this call.
    let scores = scores.or_else(|| valid.map(|valid| evaluate_classifier(&model, valid)));
    let model = groups.train_last(model, groups.len());
    Ok(Scored { model, scores })
}

/// What the numbers of a run follow from, beside what all loops have.
fn describe(
    settings: &mut Settings,
    model: &Classifier,
    train: &ClassLoader,
    valid: Option<&ClassLoader>,
) {
    settings.add("model", &model.encoder.config());
    settings.add("classifier", model.config());
    settings.add("training batches", train.config());
    settings.add("training documents", &train.fingerprint());
    settings.add("validation batches", &valid.map(ClassLoader::config));
    settings.add("validation documents", &valid.map(ClassLoader::fingerprint));
}
