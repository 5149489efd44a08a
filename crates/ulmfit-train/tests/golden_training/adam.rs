//! `adam_step.json`: four steps with their moments, which parameters decay, one step at discriminative rates.

use burn::tensor::{Device, Gradients, Tensor, TensorData};
use serde_json::Value;
use ulmfit_model::{LanguageModel, Mode, Recurrence};
use ulmfit_train::{AdamConfig, LayerGroups, Optimizer};

use crate::weights::{Named, ids, language_model, of_language_model};
use crate::{apart, count, json, list, number};

/// The largest difference of a tensor, as a share of its largest value.
const TOLERANCE: f64 = 1e-6;

/// The number behind `key=` in the file's line of constants.
fn constant(golden: &Value, key: &str) -> f64 {
    let line = golden["alg"].as_str().unwrap();
    let of = |word: &str| word.strip_prefix(key)?.strip_prefix('=')?.parse().ok();
    line.split(' ').find_map(of).unwrap()
}

fn config(golden: &Value) -> AdamConfig {
    AdamConfig {
        beta2: constant(golden, "sqr_mom"),
        eps: constant(golden, "eps"),
        decay: constant(golden, "wd"),
        ..AdamConfig::default()
    }
}

/// Recorded gradients as those of a backward pass: of the sum of every parameter times its gradient.
fn recorded_gradients(model: &LanguageModel, recorded: &Value) -> Gradients {
    let device = model.decoder_bias.device();
    let tensor = |named: &Named| {
        let data = TensorData::new(named.recorded(recorded), [named.values.len()]);
        Tensor::<1>::from_data(data, &device)
    };
    let encoder = &model.encoder;
    let mut of = of_language_model(model)
        .into_iter()
        .map(|named| tensor(&named));
    let mut next = || of.next().unwrap();
    let flat2 = |t: Tensor<2>| {
        let size = t.dims().iter().product::<usize>();
        t.reshape([size])
    };
    let mut sum = (flat2(encoder.embedding.val()) * next()).sum();
    for layer in &encoder.layers {
        let Recurrence::Lstm(layer) = &layer.forward else {
            unreachable!("the goldens are of LSTM layers");
        };
        sum = sum + (flat2(layer.weight_hh.val()) * next()).sum();
        sum = sum + (flat2(layer.weight_ih.val()) * next()).sum();
        sum = sum + (layer.bias_ih.val() * next()).sum();
        sum = sum + (layer.bias_hh.val() * next()).sum();
    }
    sum = sum + (model.decoder_bias.val() * next()).sum();
    sum.backward()
}

/// Every parameter against the recorded ones; returns the largest error.
fn check(what: &str, model: &LanguageModel, recorded: &Value) -> f64 {
    let all = of_language_model(model);
    let errors = all.iter().map(|named| {
        let name = format!("{what}, {}", named.name);
        let (worst, largest) = apart(&name, &named.values, &named.recorded(recorded));
        assert!(
            worst <= TOLERANCE * largest,
            "{name}: {worst:e} of {largest:e}"
        );
        worst / largest
    });
    errors.fold(0.0, f64::max)
}

fn check_moments(
    step: usize,
    optimizer: &Optimizer,
    model: &LanguageModel,
    recorded: &Value,
) -> f64 {
    let mut worst_of_all = 0.0_f64;
    for named in of_language_model(model) {
        assert_eq!(optimizer.steps(named.id) as usize, step + 1);
        for (key, kind) in [("grad_avg", "first"), ("sqr_avg", "second")] {
            let tensor = optimizer.tensor(kind, named.id).unwrap();
            let name = format!("step {step}, {key} of {}", named.name);
            let found: Vec<f32> = tensor.to_data().iter::<f32>().collect();
            let (worst, largest) = apart(&name, &found, &named.recorded(&recorded[key]));
            assert!(
                worst <= TOLERANCE * largest,
                "{name}: {worst:e} of {largest:e}"
            );
            worst_of_all = worst_of_all.max(worst / largest);
        }
    }
    worst_of_all
}

#[test]
fn four_steps_with_their_moments() {
    let golden = json("adam_step.json");
    let batches = json("awd_lstm_tiny.json");
    let batches = list(&batches["lm"]["batches"]);
    let model_config = &json("awd_lstm_tiny.json")["lm"]["config"];
    let device = Device::default().autodiff();
    let mut model = language_model("awd_lstm_tiny.pth", model_config, &device);
    let groups = LayerGroups::language_model(&model);
    let mut adam = config(&golden).init();
    let (rate, momentum) = (constant(&golden, "lr"), constant(&golden, "mom"));
    let rates = vec![rate; groups.len()];
    let mut state = model.initial_state(ids(&batches[0]["x"]).rows());
    let mut worst = (0.0_f64, 0.0_f64);
    for (number_of, step) in list(&golden["steps"]).iter().enumerate() {
        let batch = &batches[count(&step["batch"])];
        let (x, y) = (ids(&batch["x"]), ids(&batch["y"]));
        let (loss, next) = model.loss(&x, &y, &state, &mut Mode::train(0));
        let found = f64::from(loss.cross_entropy.into_scalar::<f32>());
        assert!(
            (found / number(&step["loss"]) - 1.0).abs() < 1e-6,
            "loss {found}"
        );
        state = next;
        // The first two steps have their gradients recorded, which tests the optimizer alone.
        let gradients = match &step["grads"] {
            Value::Null => loss.objective.backward(),
            recorded => recorded_gradients(&model, recorded),
        };
        model = adam.step(model, gradients, &groups, &rates, momentum);
        worst.0 = worst
            .0
            .max(check(&format!("step {number_of}"), &model, &step["params"]));
        if !step["grad_avg"].is_null() {
            worst.1 = worst.1.max(check_moments(number_of, &adam, &model, step));
        }
    }
    println!(
        "adam_step.json: largest relative error {:e} (parameters), {:e} (moments)",
        worst.0, worst.1
    );
}

#[test]
fn one_step_at_discriminative_rates() {
    let golden = json("adam_step.json");
    let step = &golden["discriminative_lm_step"];
    let device = Device::default().autodiff();
    let model_config = &json("awd_lstm_tiny.json")["lm"]["config"];
    let model = language_model("awd_lstm_tiny.pth", model_config, &device);
    let groups = LayerGroups::language_model(&model);
    let rates: Vec<f64> = list(&step["lrs"]).iter().map(number).collect();
    // The same weights, batch and state as in the first of the four steps.
    let gradients = recorded_gradients(&model, &golden["steps"][0]["grads"]);
    let mut adam = config(&golden).init();
    let model = adam.step(model, gradients, &groups, &rates, number(&step["mom"]));
    let worst = check("discriminative step", &model, &step["params"]);
    println!("adam_step.json, discriminative step: largest relative error {worst:e}");
}
