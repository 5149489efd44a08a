//! Training a classifier on labelled documents.

use ulmfit_data::ClassLoader;
use ulmfit_model::{Classifier, Mode};

use super::{FitConfig, Progress, Scores, evaluate_classifier, stage_seed};
use crate::checkpoint::{Entry, Keeper, Settings};
use crate::error::Result;
use crate::groups::LayerGroups;
use crate::observe::Control;
use crate::stage::Stage;

/// Trains a classifier through `stages` (gradual unfreezing is a list of stages) and returns it.
///
/// The model must live on an autodiff device. Evaluates on `valid` after every epoch, where it is given.
///
/// # Errors
/// [`crate::Error::NotFinite`] with stage, epoch and batch; [`crate::Error::Groups`] and the schedule's or rates' errors
/// for a stage that does not fit the model; [`crate::Error::NoValidation`]; what an observer fails with; with checkpoints,
/// [`crate::Error::OtherRun`] and what else keeps them from being read or written.
pub fn fit_classifier(
    model: Classifier,
    stages: &[Stage],
    train: &ClassLoader,
    valid: Option<&ClassLoader>,
    fit: &mut FitConfig<'_>,
) -> Result<Classifier> {
    let groups = LayerGroups::classifier(&model);
    let about = |settings: &mut Settings| describe(settings, &model, train, valid);
    let mut keeper = Keeper::begin(fit, stages, &model, about)?;
    let mut model = keeper.restore(model)?;
    let mut first = 0;
    for (index, stage) in stages.iter().enumerate() {
        let epochs = first..first + stage.epochs;
        first = epochs.end;
        let (batches, metric) = (vec![train.n_batches(); stage.epochs], "accuracy");
        let mut run = Progress::begin(stage, &groups, batches, metric, valid.is_some(), fit)?;
        model = run.unfreeze(model);
        let mut mode = Mode::train(stage_seed(fit.seed, index));
        let entry = keeper.enter(index, &model, &mut run, &mut mode, None, fit.observer)?;
        if matches!(entry, Entry::Past) {
            continue;
        }
        'stage: for epoch in epochs.skip(run.position().epoch) {
            for batch in train.epoch_from(epoch, run.position().batch) {
                let (rows, tokens) = (batch.labels.len(), batch.lengths.iter().sum());
                let loss = model.loss(&batch.inputs, &batch.lengths, &batch.labels, &mut mode);
                let gradients = loss.objective.backward();
                model = run.step(model, gradients, rows, 1.0);
                let value = f64::from(loss.value.into_scalar::<f32>());
                if run.batch_end(value, rows, tokens, fit.observer)? == Control::Stop {
                    break 'stage;
                }
                keeper.batch(&model, &run, &mode, None)?;
            }
            let shown = run.shown(&model);
            let scores = valid.map(|valid| {
                let scores = evaluate_classifier(&shown, valid);
                Scores {
                    loss: scores.loss,
                    metric: scores.confusion.accuracy(),
                }
            });
            if run.epoch_end(shown, scores, fit.observer)? == Control::Stop {
                break;
            }
            keeper.epoch(&model, &run, &mode)?;
        }
        model = run.finish(model);
        keeper.stage(&model, &run)?;
    }
    Ok(groups.train_last(model, groups.len()))
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
