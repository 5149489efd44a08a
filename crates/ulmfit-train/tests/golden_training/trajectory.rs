//! `trajectory_lm.json`: a whole fine-tuning, step by step, through [`fit`].
//!
//! Sizes, hyper-parameters, documents and rates are those of the file, so that any trajectory of `gen_trajectory.py`
//! can be run.

use burn::tensor::Device;
use serde_json::Value;
use ulmfit_data::{DocumentOrder, LmLoader, LmLoaderConfig, Remainder};
use ulmfit_model::Regularization;
use ulmfit_train::observe::{BatchEnd, EpochEnd, Observer};
use ulmfit_train::schedule::{GroupRates, Hyper, OneCycle, Schedule};
use ulmfit_train::{
    AdamConfig, LayerGroups, LmLearner, Run, Stage, Trained, Training, Weighting, fit,
};

use crate::weights::{language_model, of_language_model};
use crate::{apart, count, json, list, number};

fn loader(golden: &Value, documents: &str) -> LmLoader {
    assert_eq!(golden["shuffle"], false);
    let document = |ids: &Value| list(ids).iter().map(|id| count(id) as u32).collect();
    let documents = list(&golden[documents])
        .iter()
        .map(document)
        .collect::<Vec<Vec<u32>>>();
    let config = LmLoaderConfig::new()
        .with_batch_size(count(&golden["bs"]))
        .with_seq_len(count(&golden["seq_len"]))
        .with_order(DocumentOrder::Kept)
        .with_remainder(Remainder::Drop);
    config.build(documents).unwrap()
}

/// Rates and momentum of every group at a step.
fn hypers(step: &Value) -> Vec<(f64, f64)> {
    let pair = |hyper: &Value| (number(&hyper["lr"]), number(&hyper["mom"]));
    list(&step["hypers"]).iter().map(pair).collect()
}

/// The groups that a phase trains, from its name.
fn trained(name: &str) -> Trained {
    if name.starts_with("unfreeze") {
        return Trained::All;
    }
    let after = name
        .strip_prefix("freeze")
        .unwrap_or_else(|| panic!("phase {name}"));
    let count = after
        .strip_prefix("_to(-")
        .and_then(|rest| rest.split(')').next());
    Trained::Last(count.map_or(1, |n| n.parse().unwrap()))
}

/// A phase of the file as a stage.
fn stage(golden: &Value, phase: &Value, batches: usize) -> Stage {
    let name = phase["name"].as_str().unwrap();
    let (first, n) = (count(&phase["first_step"]), count(&phase["n_steps"]));
    assert_eq!(n % batches, 0, "{name}: {n} steps in epochs of {batches}");
    let steps: Vec<_> = list(&golden["steps"])[first..first + n]
        .iter()
        .map(hypers)
        .collect();
    let n_groups = steps[0].len();
    let call = name.split("fit_one_cycle").nth(1);
    let schedule: Schedule = if call.is_some_and(|call| !call.contains('=')) {
        let momentum = [0, 1, 2].map(|i| number(&golden["moms"][i]));
        OneCycle::default().with_momentum(momentum).into()
    } else {
        // Other calls are followed as they were recorded.
        let top = |step: &Vec<(f64, f64)>| step[n_groups - 1];
        let peak = steps.iter().map(|step| top(step).0).fold(0.0, f64::max);
        let hyper = |step| Hyper {
            rate: top(step).0 / peak,
            momentum: top(step).1,
        };
        let recorded: Vec<Hyper> = steps.iter().map(hyper).collect();
        Schedule::custom("recorded", move |step, _| {
            recorded[step.min(recorded.len() - 1)]
        })
    };
    let start = schedule.at(0, n).rate;
    let peaks: Vec<f64> = steps[0].iter().map(|(rate, _)| rate / start).collect();
    for (at, step) in steps.iter().enumerate() {
        let Hyper { rate, momentum } = schedule.at(at, n);
        for ((found, recorded), peak) in peaks.iter().map(|peak| peak * rate).zip(step).zip(&peaks)
        {
            let error = (found - recorded.0).abs() / peak;
            assert!(
                error <= 1e-6,
                "{name}, step {at}: rate {found} against {}",
                recorded.0
            );
            assert!(
                (momentum - recorded.1).abs() <= 1e-6,
                "{name}, step {at}: momentum"
            );
        }
    }
    Stage {
        name: name.to_owned(),
        epochs: n / batches,
        trained: trained(name),
        rates: GroupRates::List(peaks),
        schedule,
    }
}

/// Loss and tokens of every step and the validation loss of every epoch.
#[derive(Default)]
struct Losses {
    steps: Vec<f64>,
    tokens: Vec<usize>,
    valid: Vec<f64>,
}

impl Observer for Losses {
    fn batch_end(&mut self, batch: &BatchEnd) {
        self.steps.push(batch.loss);
        self.tokens.push(batch.tokens);
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        self.valid.extend(epoch.valid_loss);
    }
}

/// The largest relative error of a list of losses.
fn worst(what: &str, found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len(), "{what}");
    let pairs = found.iter().zip(expected).enumerate();
    pairs.fold(0.0, |worst, (at, (a, b))| {
        let error = (a / b - 1.0).abs();
        assert!(error <= 1e-4, "{what} {at}: {a} against {b}");
        worst.max(error)
    })
}

#[test]
fn trajectory_lm_is_that_of_fastai() {
    let golden = json("trajectory_lm.json");
    let device = Device::default().autodiff();
    let init = golden["init"].as_str().unwrap();
    let mut model = language_model(init, &golden["config"], &device);
    model.regularization = Regularization {
        alpha: number(&golden["alpha"]),
        beta: number(&golden["beta"]),
    };
    let adam = AdamConfig {
        beta2: number(&golden["sqr_mom"]),
        eps: number(&golden["eps"]),
        decay: number(&golden["wd"]),
        ..AdamConfig::default()
    };
    let (train, valid) = (loader(&golden, "train"), loader(&golden, "valid"));
    let phases = list(&golden["phases"]).iter();
    let stages: Vec<Stage> = phases
        .map(|phase| stage(&golden, phase, train.n_batches()))
        .collect();
    assert_eq!(
        LayerGroups::language_model(&model).len(),
        hypers(&golden["steps"][0]).len()
    );

    let mut losses = Losses::default();
    let learner = LmLearner::new(&train)
        .with_valid(&valid)
        .with_weighting(Weighting::Rows);
    let training = Training::new(stages).with_optimizer(adam);
    let fitted = fit(&learner, model, &training, &mut Run::new(&mut losses)).unwrap();
    let model = fitted.model;

    let steps: Vec<f64> = list(&golden["steps"])
        .iter()
        .map(|step| number(&step["loss"]))
        .collect();
    let tokens: Vec<usize> = list(&golden["steps"])
        .iter()
        .map(|step| count(&step["n_tokens"]))
        .collect();
    assert_eq!(losses.tokens, tokens);
    let step_error = worst("step", &losses.steps, &steps);
    let epochs: Vec<f64> = list(&golden["valid_loss_per_epoch"])
        .iter()
        .map(number)
        .collect();
    let valid_error = worst("validation of epoch", &losses.valid, &epochs);
    let mut apart_most = 0.0_f64;
    for named in of_language_model(&model) {
        let expected = named.recorded(&golden["final_params"]);
        let (difference, _) = apart(&named.name, &named.values, &expected);
        assert!(difference <= 1e-3, "{}: {difference:e}", named.name);
        apart_most = apart_most.max(difference);
    }
    println!(
        "trajectory_lm.json: {} steps; largest error {step_error:e} (loss, relative), {valid_error:e} (validation loss, \
         relative), {apart_most:e} (final parameters, absolute)",
        steps.len()
    );
}
