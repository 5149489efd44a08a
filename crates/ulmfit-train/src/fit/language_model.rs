//! Training and evaluating a language model on a stream of text.

use burn::module::Module;
use ulmfit_data::LmLoader;
use ulmfit_model::{LanguageModel, Mode};

use super::{FitConfig, Progress, stage_seed};
use crate::error::Result;
use crate::groups::LayerGroups;
use crate::observe::StageStart;
use crate::stage::Stage;

/// What a language model scores on a stream, weighted by tokens.
///
/// Deviation: fastai weights each batch by its rows, so that the short last batch counts too much.
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
/// The model must live on an autodiff device. Evaluates on `valid` after every epoch, where it is given.
///
/// # Errors
/// [`crate::Error::NotFinite`] with stage, epoch and batch; [`crate::Error::Groups`] and the schedule's or rates' errors
/// for a stage that does not fit the model.
pub fn fit_language_model(
    mut model: LanguageModel,
    stages: &[Stage],
    train: &LmLoader,
    valid: Option<&LmLoader>,
    fit: &mut FitConfig<'_>,
) -> Result<LanguageModel> {
    let groups = LayerGroups::language_model(&model);
    let batches = train.n_batches();
    let mut epochs_before = 0;
    for (index, stage) in stages.iter().enumerate() {
        let plan = stage.plan(&groups, batches)?;
        let (name, epochs) = (stage.name.clone(), stage.epochs);
        fit.observer.stage_start(&StageStart {
            stage: name,
            epochs,
            batches,
            metric: "perplexity",
        });
        model = groups.train_last(model, plan.trained);
        let mut mode = Mode::train(stage_seed(fit.seed, index));
        let mut run = Progress::new(stage, plan, fit.adam.init(), batches);
        for epoch in 0..epochs {
            let mut state = None;
            for batch in train.epoch(epochs_before + epoch) {
                let before = state.unwrap_or_else(|| model.initial_state(batch.inputs.rows()));
                let (loss, next) = model.loss(&batch.inputs, &batch.targets, &before, &mut mode);
                state = Some(next);
                let (rates, momentum) = run.plan.at(run.step, batch.rate_scale);
                let gradients = loss.objective.backward();
                model = run.adam.step(model, gradients, &groups, &rates, momentum);
                let value = f64::from(loss.cross_entropy.into_scalar::<f32>());
                run.batch_end(value, loss.counted, loss.counted, fit.observer)?;
            }
            let scores = valid.map(|valid| evaluate_language_model(&model, valid));
            run.epoch_end(
                scores.map(|s| (s.loss, "perplexity", s.perplexity())),
                fit.observer,
            );
        }
        epochs_before += epochs;
    }
    Ok(groups.train_last(model, groups.len()))
}

/// The scores of a language model on a stream, without dropout and outside of autodiff.
pub fn evaluate_language_model(model: &LanguageModel, data: &LmLoader) -> LmScores {
    let model = model.valid();
    let (mut loss, mut correct, mut tokens) = (0.0, 0.0, 0);
    let mut state = None;
    for batch in data.epoch(0) {
        let before = state.unwrap_or_else(|| model.initial_state(batch.inputs.rows()));
        let (out, next) = model.loss(&batch.inputs, &batch.targets, &before, &mut Mode::Eval);
        state = Some(next);
        loss += f64::from(out.cross_entropy.into_scalar::<f32>()) * out.counted as f64;
        correct += f64::from(out.correct.into_scalar::<f32>());
        tokens += out.counted;
    }
    let n = tokens.max(1) as f64;
    LmScores {
        loss: loss / n,
        accuracy: correct / n,
        tokens,
    }
}
