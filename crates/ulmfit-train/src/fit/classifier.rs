//! Training and evaluating a classifier on labelled documents.

use burn::module::Module;
use burn::tensor::activation::softmax;
use ulmfit_data::ClassLoader;
use ulmfit_model::{Classifier, Mode};

use super::{FitConfig, Progress, Scores, stage_seed};
use crate::checkpoint::{Entry, Keeper, Settings};
use crate::error::Result;
use crate::groups::LayerGroups;
use crate::metrics::ConfusionMatrix;
use crate::observe::Control;
use crate::stage::Stage;

/// What a classifier scores on labelled documents, weighted by rows.
#[derive(Clone, Debug)]
pub struct ClassifierScores {
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// True classes against predicted ones.
    pub confusion: ConfusionMatrix,
    /// The probabilities of every class for every document, in the order of the documents.
    pub probabilities: Vec<Vec<f32>>,
}

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

/// The scores of a classifier on labelled documents, without dropout and outside of autodiff.
pub fn evaluate_classifier(model: &Classifier, data: &ClassLoader) -> ClassifierScores {
    let model = model.valid();
    let classes = model.n_classes();
    let mut confusion = ConfusionMatrix::new(classes);
    let mut probabilities = vec![Vec::new(); data.len()];
    let mut loss = 0.0;
    for batch in data.sorted() {
        let logits = model.logits(&batch.inputs, &batch.lengths, &mut Mode::Eval);
        let values: Vec<f32> = softmax(logits, 1).into_data().iter::<f32>().collect();
        let rows = values
            .chunks_exact(classes)
            .zip(&batch.labels)
            .zip(&batch.rows);
        for ((row, &label), &document) in rows {
            let truth = label as usize;
            // The probability of a class can round to zero; its logarithm must stay finite.
            loss -= f64::from(row[truth].max(f32::MIN_POSITIVE)).ln();
            let top = (0..classes).fold(0, |top, c| if row[c] > row[top] { c } else { top });
            confusion.add(truth, top);
            probabilities[document] = row.to_vec();
        }
    }
    ClassifierScores {
        loss: loss / data.len().max(1) as f64,
        confusion,
        probabilities,
    }
}
