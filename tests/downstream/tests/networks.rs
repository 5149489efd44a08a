//! Networks that ulmfit has never heard of have its loop, its checkpoints and its rate finder.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use downstream::convolution::{Convolution, Documents};
use downstream::own_head::{Gated, Labelled, documents};
use downstream::recurrence::{Recurrence, Stream};
use downstream::train;
use ulmfit::burn::module::Module as _;
use ulmfit::model::Random;
use ulmfit::prelude::*;
use ulmfit::train::checkpoint::{load_weights, save_weights};
use ulmfit::train::observe::History;
use ulmfit::train::{Learner, LrFind, Suggestion};

fn device() -> Device {
    Device::default().autodiff()
}

/// The epochs of a run, and what the model scores that it returns.
fn trained<L: Learner>(learner: &L, model: L::Model) -> (History, ulmfit::train::Scores) {
    let mut history = History::default();
    let model = train(learner, model, None, &mut history).unwrap();
    (history, learner.evaluate(&model).unwrap().into())
}

#[test]
fn the_convolutions_learn_and_the_best_epoch_is_kept() {
    let (history, scores) = trained(&Documents::new(160, 1), Convolution::new(2, &device()));
    assert!(scores.metrics[0].value > 0.8, "{history}");
    let stage = history.epochs.iter().filter(|epoch| epoch.stage == "all");
    let losses = stage.filter_map(|epoch| epoch.valid_loss);
    assert_eq!(losses.reduce(f64::min), Some(scores.loss), "{history}");
}

#[test]
fn the_recurrence_learns_its_rhythm() {
    let (history, scores) = trained(
        &Stream::new(1500, 1).unwrap(),
        Recurrence::new(2, &device()),
    );
    // The rhythm is certain, and a coin of 0.2 decides the rest: 0.50 nats, and more where the phase is not known yet.
    assert!(scores.loss < 0.8 && scores.loss > 0.4, "{history}");
}

#[test]
fn a_head_of_ones_own_learns_on_the_encoder_and_comes_back_from_a_file() {
    let device = device();
    let sizes = AwdLstmConfig::new(30).with_sizes(8, 16, 2);
    let new = |seed| {
        let encoder = sizes.init(&mut Random::new(seed), &device).unwrap();
        let below = ClassifierConfig::new(2).init(encoder, seed, &device);
        // Last state, maximum and mean of 8 numbers each.
        Gated::new(below.unwrap(), 24, seed, &device)
    };
    let (train_set, valid) = (documents(200, 1).unwrap(), documents(60, 2).unwrap());
    let learner = Labelled {
        train: train_set,
        valid,
    };
    let mut history = History::default();
    let model = train(&learner, new(3), None, &mut history).unwrap();
    let scores = learner.evaluate(&model).unwrap();
    assert!(scores.metrics[0].value > 0.8, "{history}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.safetensors");
    save_weights(&path, &model).unwrap();
    let read = load_weights(&path, &new(5)).unwrap();
    let document = [9, 12, 20, 10];
    let (before, after) = (model.valid(), read.valid());
    assert_eq!(
        before.probabilities(&document),
        after.probabilities(&document)
    );
    assert_ne!(
        before.probabilities(&document),
        new(5).valid().probabilities(&document)
    );
    assert!(after.probabilities(&document)[1] > 0.5);
}

#[test]
fn rates_are_found_for_both() {
    fn check<L: Learner>(learner: &L, model: &L::Model) {
        let before = ulmfit::train::Tensors::of_module(model);
        let curve = LrFind::default().search(learner, model).unwrap();
        let rate = curve.suggest(Suggestion::Valley).unwrap();
        assert!((1e-6..10.0).contains(&rate), "{rate}");
        assert_eq!(ulmfit::train::Tensors::of_module(model), before);
    }
    check(&Documents::new(160, 1), &Convolution::new(2, &device()));
    check(
        &Stream::new(1500, 1).unwrap(),
        &Recurrence::new(2, &device()),
    );
}

/// Runs the program until it ends, or kills it after so many batches; returns whether it ended.
fn run(network: &str, folder: &Path, kill_after: Option<usize>) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_downstream-train"))
        .arg(network)
        .arg(folder.join("checkpoints"))
        .arg(folder.join("weights.safetensors"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let batches = lines
        .map_while(Result::ok)
        .filter(|line| line.starts_with("batch"));
    if let Some(n) = kill_after {
        let last = batches.take(n).last().unwrap_or_default();
        let place = last
            .strip_prefix("batch ")
            .and_then(|at| at.split_once('/'));
        let (at, of) = place.unwrap_or_default();
        assert_ne!(at, of, "the run is to be killed within an epoch");
        // SIGKILL: nothing is told, nothing is closed.
        child.kill().unwrap();
        child.wait().unwrap();
        return false;
    }
    batches.for_each(drop);
    child.wait().unwrap().success()
}

fn ends_in_the_same_bytes(network: &str, kills: &[usize]) {
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(run(network, whole.path(), None));
    for &n in kills {
        run(network, killed.path(), Some(n));
        assert!(!killed.path().join("weights.safetensors").exists());
    }
    assert!(run(network, killed.path(), None));
    let bytes = |folder: &Path| std::fs::read(folder.join("weights.safetensors")).unwrap();
    assert!(
        bytes(whole.path()) == bytes(killed.path()),
        "{network}: the weights differ"
    );
}

#[test]
fn convolutions_that_are_killed_end_in_the_same_bytes() {
    // An epoch has 20 batches; a checkpoint is written after every third.
    ends_in_the_same_bytes("convolution", &[7, 15, 30, 13, 25]);
}

#[test]
fn a_recurrence_that_is_killed_ends_in_the_same_bytes() {
    ends_in_the_same_bytes("recurrence", &[10, 17, 55, 8, 50]);
}
