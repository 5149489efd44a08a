//! Several small batches are one large one.

use ulmfit_model::{LanguageModel, Mode};
use ulmfit_text::TokenGrid;
use ulmfit_train::optimizer::{OptimizerConfig, SgdConfig};
use ulmfit_train::{Error, LayerGroups, ParamGradients, Run, Training};

use crate::{apart, fit_language_model, language_model, stage, stream};

/// Plain descent, whose step is the gradient itself.
fn descent() -> OptimizerConfig {
    OptimizerConfig::Sgd(SgdConfig {
        l2: 0.0,
        clip: None,
        ..SgdConfig::default()
    })
}

/// Inputs and targets of the given rows of a batch of 64.
fn rows(range: std::ops::Range<usize>) -> (TokenGrid, TokenGrid) {
    const STEPS: usize = 7;
    let id = |row: usize, t: usize| 9 + ((row * 31 + t * 17 + row * t) % 30) as u32;
    let grid = |shift: usize| {
        let all = range
            .clone()
            .flat_map(|row| (0..STEPS).map(move |t| id(row, t + shift)));
        TokenGrid::new(range.len(), STEPS, all.collect())
    };
    (grid(0), grid(1))
}

fn gradients(model: &LanguageModel, range: std::ops::Range<usize>) -> ParamGradients {
    let (x, y) = rows(range.clone());
    let state = model.initial_state(range.len());
    let (loss, _) = model.loss(&x, &y, &state, &mut Mode::train(0));
    ParamGradients::of(model, loss.objective.backward(), loss.counted as f64)
}

#[test]
fn four_batches_of_16_rows_are_one_of_64() {
    let model = language_model();
    let groups = LayerGroups::language_model(&model);
    let step = |gradients| {
        let rates = vec![1.0; groups.len()];
        descent()
            .init()
            .apply(model.clone(), gradients, &groups, &rates, 0.0)
    };
    let whole = gradients(&model, 0..64);
    let mut mean = gradients(&model, 0..16);
    for first in [16, 32, 48] {
        mean.join(gradients(&model, first..first + 16));
    }
    assert!((mean.norm() / whole.norm() - 1.0).abs() < 1e-5);
    let (mean, whole) = (step(mean), step(whole));
    assert!(
        apart(&whole, &model) > 1e-3,
        "the step is too small to tell"
    );
    let error = apart(&mean, &whole);
    assert!(error < 1e-5, "{error:e}");
}

#[test]
fn a_loop_that_gathers_an_epoch_makes_one_step_along_the_mean_over_its_tokens() {
    // The last batch of the epoch is shorter than the others.
    let data = stream(95, 2);
    let model = language_model();
    let groups = LayerGroups::language_model(&model);
    let training = Training::new([stage("all", 1, 0.5)])
        .with_optimizer(descent())
        .with_accumulate(100);
    let mut run = Run::default();
    let found = fit_language_model(model.clone(), &training, &data, None, &mut run).unwrap();

    // One graph over the whole epoch.
    let (mut state, mut sum, mut tokens) = (None, None, 0.0);
    let (mut mode, mut lengths) = (Mode::train(0), Vec::new());
    for batch in data.epoch(0) {
        let before = state.unwrap_or_else(|| model.initial_state(2));
        let (loss, next) = model.loss(&batch.inputs, &batch.targets, &before, &mut mode);
        state = Some(next);
        lengths.push(loss.counted);
        tokens += loss.counted as f64;
        let part = loss.objective * loss.counted as f64;
        sum = Some(match sum {
            Some(sum) => sum + part,
            None => part,
        });
    }
    assert_ne!(lengths.first(), lengths.last());
    let gradients = (sum.unwrap() / tokens).backward();
    let rates = vec![0.5; groups.len()];
    let expected = descent()
        .init()
        .step(model, gradients, &groups, &rates, 0.0);
    let error = apart(&found, &expected);
    assert!(error < 1e-5, "{error:e}");
}

#[test]
fn gathering_no_batch_is_an_error() {
    let training = Training::new([stage("all", 1, 0.5)]).with_accumulate(0);
    let (data, mut run) = (stream(95, 2), Run::default());
    let result = fit_language_model(language_model(), &training, &data, None, &mut run);
    assert!(matches!(
        result,
        Err(Error::Setting {
            name: "accumulate",
            ..
        })
    ));
}
