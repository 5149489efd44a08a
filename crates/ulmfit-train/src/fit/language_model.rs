//! Training and evaluating a language model on a stream of text.

use burn::module::Module;
use serde::{Deserialize, Serialize};
use ulmfit_data::LmLoader;
use ulmfit_model::{LanguageModel, Mode};

use super::{FitConfig, Progress, Scores, stage_seed};
use crate::checkpoint::{Entry, Keeper, Settings};
use crate::error::Result;
use crate::groups::LayerGroups;
use crate::observe::Control;
use crate::stage::Stage;

/// How the batches of a stream weigh in its mean loss.
///
/// Deviation: fastai weighs each batch by its rows, so that the short last batch counts too much; that is
/// [`Weighting::Rows`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// By the tokens it predicts.
    #[default]
    Tokens,
    /// By its rows: fastai v1 and v2.
    Rows,
}

/// What a language model scores on a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LmScores {
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// Share of next tokens that were predicted rightly.
    pub accuracy: f64,
    /// Predicted tokens.
    pub tokens: usize,
}

impl LmScores {
    /// `exp(loss)`
    pub fn perplexity(&self) -> f64 {
        self.loss.exp()
    }
}

/// Trains a language model through `stages` and returns it. The hidden state starts at zero in every epoch.
///
/// The model must live on an autodiff device. Evaluates on `valid`, where it is given, after every epoch or as
/// [`FitConfig::validate`] says.
///
/// # Errors
/// [`crate::Error::NotFinite`] with stage, epoch and batch; [`crate::Error::Groups`] and the schedule's or rates' errors
/// for a stage that does not fit the model; [`crate::Error::NoValidation`]; what an observer fails with; with checkpoints,
/// [`crate::Error::OtherRun`] and what else keeps them from being read or written.
pub fn fit_language_model(
    model: LanguageModel,
    stages: &[Stage],
    train: &LmLoader,
    valid: Option<&LmLoader>,
    fit: &mut FitConfig<'_>,
) -> Result<LanguageModel> {
    let groups = LayerGroups::language_model(&model);
    let about = |settings: &mut Settings| describe(settings, &model, train, valid);
    let mut keeper = Keeper::begin(fit, stages, &model, about)?;
    let mut model = keeper.restore(model)?;
    let mut first = 0;
    let total = stages.iter().map(|stage| stage.epochs).sum();
    for (index, stage) in stages.iter().enumerate() {
        let epochs = first..first + stage.epochs;
        first = epochs.end;
        let batches = epochs.clone().map(|epoch| train.n_batches_in(epoch));
        let (batches, metric) = (batches.collect(), "perplexity");
        let mut run = Progress::begin(stage, &groups, batches, metric, valid.is_some(), fit)?;
        model = run.unfreeze(model);
        let mut mode = Mode::train(stage_seed(fit.seed, index));
        let zero = Some(model.initial_state(train.batch_size()));
        let entry = keeper.enter(index, &model, &mut run, &mut mode, zero, fit.observer)?;
        let Entry::At(mut state) = entry else {
            continue;
        };
        'stage: for epoch in epochs.skip(run.position().epoch) {
            for batch in train.epoch_from(epoch, run.position().batch) {
                let before = state.unwrap_or_else(|| model.initial_state(batch.inputs.rows()));
                let (loss, next) = model.loss(&batch.inputs, &batch.targets, &before, &mut mode);
                model = run.step(model, loss.objective, loss.counted, batch.rate_scale);
                let value = f64::from(loss.cross_entropy.into_scalar::<f32>());
                let control = run.batch_end(value, loss.counted, loss.counted, fit.observer)?;
                if control == Control::Stop {
                    break 'stage;
                }
                keeper.batch(&model, &run, &mode, Some(&next))?;
                state = Some(next);
            }
            state = None;
            let shown = run.shown(&model);
            let due = valid.filter(|_| fit.validate.is_due(epoch + 1, first, total));
            let scores = due.map(|valid| {
                let scores = evaluate_language_model_by(&shown, valid, fit.weighting);
                Scores {
                    loss: scores.loss,
                    metric: scores.perplexity(),
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
    model: &LanguageModel,
    train: &LmLoader,
    valid: Option<&LmLoader>,
) {
    settings.add("model", &model.encoder.config());
    settings.add("dropouts", &model.dropouts);
    settings.add("regularization", &model.regularization);
    settings.add("training batches", train.config());
    settings.add("training text", &train.docs().fingerprint());
    settings.add("validation batches", &valid.map(LmLoader::config));
    settings.add(
        "validation text",
        &valid.map(|valid| valid.docs().fingerprint()),
    );
}

/// The scores of a language model on a stream, weighted by tokens, without dropout and outside of autodiff.
pub fn evaluate_language_model(model: &LanguageModel, data: &LmLoader) -> LmScores {
    evaluate_language_model_by(model, data, Weighting::Tokens)
}

/// As [`evaluate_language_model`], with the loss weighted as asked for. The accuracy is that of all tokens.
pub fn evaluate_language_model_by(
    model: &LanguageModel,
    data: &LmLoader,
    weighting: Weighting,
) -> LmScores {
    let model = model.valid();
    let (mut loss, mut weight, mut correct, mut tokens) = (0.0, 0.0, 0.0, 0);
    let mut state = None;
    for batch in data.epoch(0) {
        let before = state.unwrap_or_else(|| model.initial_state(batch.inputs.rows()));
        let (out, next) = model.loss(&batch.inputs, &batch.targets, &before, &mut Mode::Eval);
        state = Some(next);
        let share = match weighting {
            Weighting::Tokens => out.counted,
            Weighting::Rows => batch.inputs.rows(),
        } as f64;
        loss += f64::from(out.cross_entropy.into_scalar::<f32>()) * share;
        weight += share;
        correct += f64::from(out.correct.into_scalar::<f32>());
        tokens += out.counted;
    }
    LmScores {
        loss: loss / weight.max(1.0),
        accuracy: correct / tokens.max(1) as f64,
        tokens,
    }
}
