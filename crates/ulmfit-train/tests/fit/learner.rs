//! What a learner of one's own may get wrong is an error that says what to do, and what it stores comes back.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use ulmfit_data::LmBatch;
use ulmfit_model::{HiddenState, LanguageModel, Mode};
use ulmfit_train::checkpoint::{load_weights, save_weights};
use ulmfit_train::observe::{EachEpoch, EpochEnd, History, KeepBest, Monitor};
use ulmfit_train::schedule::GroupRates;
use ulmfit_train::{
    BatchLoss, Carry, Learner, LmLearner, OptimizerConfig, Recipe, Run, Scores, Settings, Stage,
    Trained, Training, fit,
};

use crate::{classifier, documents, fit_classifier, language_model, stage, stream, values};

/// A language model that says of itself what it is told to.
struct Odd<'a> {
    inner: LmLearner<'a>,
    further: usize,
    /// The metric of each evaluation.
    scores: std::cell::RefCell<Vec<f64>>,
}

impl Learner for Odd<'_> {
    type Model = LanguageModel;
    type Batch = LmBatch;
    type Carry = HiddenState;
    type Scores = Scores;

    fn n_batches(&self, epoch: usize) -> usize {
        self.inner.n_batches(epoch) + self.further
    }

    fn batches(&self, epoch: usize, first: usize) -> impl Iterator<Item = LmBatch> {
        self.inner.batches(epoch, first)
    }

    fn loss(
        &self,
        model: &LanguageModel,
        batch: &LmBatch,
        carry: &mut Option<HiddenState>,
        mode: &mut Mode,
    ) -> BatchLoss {
        self.inner.loss(model, batch, carry, mode)
    }

    fn evaluate(&self, _: &LanguageModel) -> Option<Scores> {
        let value = self.scores.borrow_mut().pop()?;
        Some(Scores::new(1.0).higher_is_better("own score", value))
    }

    fn describe(&self, _: &LanguageModel, settings: &mut Settings) {
        settings.add("scores", &self.scores);
    }
}

#[test]
fn fewer_batches_than_promised_are_an_error() {
    let data = stream(95, 2);
    let learner = Odd {
        inner: LmLearner::new(&data),
        further: 1,
        scores: Vec::new().into(),
    };
    let training = Training::new([stage("one", 1, 1e-2)]);
    let error = fit(&learner, language_model(), &training, &mut Run::default());
    let message = error.map(|_| ()).unwrap_err().to_string();
    assert!(
        message.contains("expected 6 batches") && message.contains("found 5"),
        "{message}"
    );
}

#[test]
fn a_metric_of_ones_own_is_watched_in_its_own_direction() {
    let data = stream(95, 2);
    // Popped from the end: the second epoch has the highest.
    let learner = Odd {
        inner: LmLearner::new(&data),
        further: 0,
        scores: vec![0.2, 0.9, 0.5].into(),
    };
    let mut seen = Vec::new();
    let mut keep = KeepBest::default().with_monitor(Monitor::Metric);
    let mut look = EachEpoch::new(|_: &EpochEnd, model: &LanguageModel| {
        seen.push(values(model));
        Ok(())
    });
    let mut run = Run::new(&mut keep).with_observer(&mut look);
    let training = Training::new([stage("one", 3, 1e-2)]);
    let fitted = fit(&learner, language_model(), &training, &mut run).unwrap();
    assert_eq!(seen.len(), 3);
    assert_eq!(values(&fitted.model), seen[1]);
    assert!(
        fitted.scores.is_none(),
        "the last scores are of another model"
    );
}

#[test]
fn a_classifier_outside_of_autodiff_is_refused_and_not_left_as_it_is() {
    let mut model = classifier();
    model.encoder = model.encoder.valid();
    let training = Training::new([stage("all", 1, 1e-2)]);
    let error = fit_classifier(
        model.clone(),
        &training,
        &documents(20),
        None,
        &mut Run::default(),
    );
    let message = error.map(|_| ()).unwrap_err().to_string();
    assert!(
        message.contains("layer group 0 of 4") && message.contains("autodiff"),
        "{message}"
    );
    // The head alone can be trained.
    let head = Stage::one_cycle("head", 1, Trained::Last(1), GroupRates::Same(1e-2));
    fit_classifier(
        model,
        &Training::new([head]),
        &documents(20),
        None,
        &mut Run::default(),
    )
    .unwrap();
}

#[test]
fn weights_that_are_saved_in_training_have_their_running_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let training = Training::new([stage("all", 1, 1e-2)]);
    let model = fit_classifier(
        classifier(),
        &training,
        &documents(24),
        None,
        &mut Run::default(),
    );
    let model = model.unwrap().model;
    assert_ne!(values(&model), values(&classifier()));
    save_weights(&path, &model).unwrap();
    assert_eq!(
        values(&load_weights(&path, &classifier()).unwrap()),
        values(&model)
    );
}

#[test]
fn what_travels_comes_back() {
    let device = Device::default();
    let x = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device);
    let carry = (x.clone(), ((), x.clone() * 2.0));
    let stored = carry.to_tensors();
    let (a, ((), b)) =
        <(Tensor<2>, ((), Tensor<2>))>::from_tensors(stored.clone(), &device).unwrap();
    assert_eq!(a.into_data(), x.clone().into_data());
    assert_eq!(b.into_data(), (x * 2.0).into_data());
    assert!(<(Tensor<1>, ())>::from_tensors(stored, &device).is_err());
    let state = language_model().initial_state(3);
    let again = <HiddenState as Carry>::from_tensors(Carry::to_tensors(&state), &device).unwrap();
    assert_eq!(again.rows(), 3);
}

#[test]
fn a_recipe_is_held_against_the_layers_before_anything_is_trained() {
    for name in Recipe::ALL {
        let recipe = Recipe::by_name(name).unwrap();
        let layers = recipe.sizes.layers;
        recipe.check(layers).unwrap();
    }
    assert!(Recipe::by_name("scripts").unwrap().check(2).is_err());
    assert!(Recipe::by_name("chain_thaw").unwrap().check(2).is_err());
}

#[test]
fn the_published_recipe_of_averages_trains() {
    let (train, valid) = (stream(200, 2), stream(95, 2));
    let lm = Recipe::by_name("awd_lstm").unwrap().language_model;
    assert!(matches!(lm.optimizer, OptimizerConfig::NtAsgd(_)));
    assert_eq!(lm.optimizer.clip(), Some(0.25));
    let mut stages = lm.pretrain.clone();
    Stage::set_last_epochs(&mut stages, Some(3));
    // A model of ten units does not bear the published rate of 30.
    stages[0].rates = GroupRates::Same(3.0);
    let (mut history, mut deciders) = (History::default(), lm.observers());
    let mut run = Run::new(&mut history).with_observer(&mut deciders);
    let learner = LmLearner::new(&train).with_valid(&valid);
    fit(&learner, language_model(), &lm.training(&stages), &mut run).unwrap();
    assert!(
        history.epochs[2].train_loss < history.epochs[0].train_loss,
        "{history}"
    );
}
