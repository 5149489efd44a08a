//! The loops on tiny models: accumulation, optimizers, observers that decide, the rate finder, checkpoints.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod accumulate;
mod averaging;
mod decisions;
mod learner;
mod lr_find;
mod resume;
mod rows;
mod thaw;
mod validate;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use ulmfit_data::{
    ClassLoader, ClassLoaderConfig, DocumentOrder, Labels, LmLoader, LmLoaderConfig,
};
use ulmfit_model::{
    AwdLstmConfig, Classifier, ClassifierConfig, Dropouts, LanguageModel, LanguageModelConfig,
    Random, Task,
};
use ulmfit_train::schedule::{Constant, GroupRates};
use ulmfit_train::{
    ClassifierLearner, ClassifierScores, Learner as _, LmLearner, Result, Run, Scored, Stage,
    Trained, Training, fit,
};

/// Trains a language model.
fn fit_language_model(
    model: LanguageModel,
    training: &Training,
    train: &LmLoader,
    valid: Option<&LmLoader>,
    run: &mut Run<'_>,
) -> Result<LanguageModel> {
    let learner = LmLearner::new(train).with_valid(valid);
    fit(&learner, model, training, run).map(|fitted| fitted.model)
}

/// Trains a classifier and returns it with the scores of the model that is returned.
fn fit_classifier(
    model: Classifier,
    training: &Training,
    train: &ClassLoader,
    valid: Option<&ClassLoader>,
    run: &mut Run<'_>,
) -> Result<Scored<Classifier, ClassifierScores>> {
    let learner = ClassifierLearner::new(train).with_valid(valid);
    let Scored { model, scores } = fit(&learner, model, training, run)?;
    let scores = scores.or_else(|| learner.evaluate(&model));
    Ok(Scored { model, scores })
}

fn sizes() -> AwdLstmConfig {
    AwdLstmConfig::new(40).with_sizes(6, 10, 2)
}

/// A language model without dropout.
fn language_model() -> LanguageModel {
    let config = LanguageModelConfig::new(sizes()).with_dropouts(Dropouts::none());
    config.init(1, &Device::default().autodiff()).unwrap()
}

/// A classifier of two classes, with its dropouts.
fn classifier() -> Classifier {
    classifier_for(Task::SingleLabel)
}

/// A classifier of two outputs, with its dropouts.
fn classifier_for(task: Task) -> Classifier {
    let device = Device::default().autodiff();
    let encoder = sizes().init(&mut Random::new(2), &device).unwrap();
    let config = ClassifierConfig::new(2).with_task(task);
    config.init(encoder, 3, &device).unwrap()
}

/// A stream of `n` ids in which the next is mostly certain.
fn stream(n: u32, rows: usize) -> LmLoader {
    stream_from(9, n, rows)
}

/// A stream as [`stream`] of ids from `first` on; those from 9 and from 25 on have none in common.
fn stream_from(first: u32, n: u32, rows: usize) -> LmLoader {
    let document = (0..n).map(|i| first + (i * i + 3 * i) % 11).collect();
    let config = LmLoaderConfig::new()
        .with_batch_size(rows)
        .with_seq_len(10)
        .with_order(DocumentOrder::Kept);
    config.build(vec![document]).unwrap()
}

/// Documents whose class is the parity of their words.
fn documents(n: u32) -> ClassLoader {
    documents_of(n, 0)
}

/// Documents whose class is the parity of their words plus `shift`.
fn documents_of(n: u32, shift: u32) -> ClassLoader {
    labelled(n, shift, |class| class)
}

/// Documents as [`documents_of`], with `label` of their class.
fn labelled<L>(n: u32, shift: u32, label: impl Fn(u32) -> L) -> ClassLoader
where
    Labels: From<Vec<L>>,
{
    let document = |i: u32| {
        (0..4 + i % 5)
            .map(|t| 10 + 2 * (t % 7) + (i + shift) % 2)
            .collect()
    };
    let docs: Vec<Vec<u32>> = (0..n).map(document).collect();
    let labels: Vec<L> = (0..n).map(|i| label(i % 2)).collect();
    ClassLoaderConfig::new()
        .with_batch_size(8)
        .build(docs, labels)
        .unwrap()
}

/// A stage of all groups at one rate that does not move.
fn stage(name: &str, epochs: usize, rate: f64) -> Stage {
    Stage::one_cycle(name, epochs, Trained::All, GroupRates::Same(rate))
        .with_schedule(Constant::default())
}

/// All numbers of a module, running statistics included.
fn values<M: Module>(module: &M) -> Vec<f32> {
    struct All(Vec<f32>);
    impl ModuleVisitor for All {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().into_data().iter::<f32>());
        }
    }
    let mut all = All(Vec::new());
    module.valid().visit(&mut all);
    all.0
}

/// The largest difference of two models, as a share of the largest value of the second.
fn apart<M: Module>(a: &M, b: &M) -> f32 {
    let (a, b) = (values(a), values(b));
    assert_eq!(a.len(), b.len());
    let worst = a
        .iter()
        .zip(&b)
        .fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    worst / b.iter().fold(0.0f32, |m, b| m.max(b.abs()))
}
