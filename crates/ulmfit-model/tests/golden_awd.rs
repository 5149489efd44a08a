//! The models against fastai's own numbers: logits, states, losses with and without AR and TAR, and every gradient.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::path::PathBuf;

use burn::module::Param;
use burn::tensor::{Device, Gradients, Shape, Tensor, TensorData};
use serde_json::Value;
use ulmfit_model::{
    AwdLstm, Classifier, ClassifierConfig, DocumentWindow, Dropouts, HeadConfig, LanguageModel,
    LstmLayer, Mode, Regularization,
};
use ulmfit_text::TokenGrid;

fn golden(name: &str) -> PathBuf {
    let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::env::var_os("ULMFIT_GOLDEN_DIR")
        .map_or_else(own, PathBuf::from)
        .join(name)
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(golden(name)).unwrap()).unwrap()
}

/// All numbers of a nested list, in order.
fn flat(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap() as f32],
    }
}

fn ids(value: &Value) -> TokenGrid {
    let rows = value.as_array().unwrap();
    let cols = rows[0].as_array().unwrap().len();
    TokenGrid::new(
        rows.len(),
        cols,
        flat(value).into_iter().map(|id| id as u32).collect(),
    )
}

/// max|a - b| <= 1e-5 max|b|; returns the relative error.
fn close(name: &str, actual: &[f32], expected: &[f32]) -> f32 {
    close_to(name, actual, expected, 1e-5)
}

fn close_to(name: &str, actual: &[f32], expected: &[f32], tolerance: f32) -> f32 {
    assert_eq!(actual.len(), expected.len(), "{name}: number of values");
    let scale = expected
        .iter()
        .fold(f32::MIN_POSITIVE, |m, x| m.max(x.abs()));
    let worst = actual
        .iter()
        .zip(expected)
        .fold(0.0f32, |m, (a, b)| m.max((a - b).abs()))
        / scale;
    assert!(worst <= tolerance, "{name}: relative error {worst:e}");
    worst
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Tensors of a safetensors file by fastai's names.
struct Weights(HashMap<String, (Vec<usize>, Vec<f32>)>, Device);

impl Weights {
    fn open(name: &str, device: &Device) -> Self {
        let bytes = std::fs::read(golden(name)).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let read = |view: safetensors::tensor::TensorView<'_>| {
            let words = view.data().chunks_exact(4);
            let values = words
                .map(|w| f32::from_le_bytes(w.try_into().unwrap()))
                .collect();
            (view.shape().to_vec(), values)
        };
        let all = file.tensors().into_iter();
        let floats = all.filter(|(_, view)| view.dtype() == safetensors::Dtype::F32);
        Self(
            floats.map(|(name, view)| (name, read(view))).collect(),
            device.clone(),
        )
    }

    fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let (shape, values) = &self.0[name];
        Tensor::from_data(
            TensorData::new(values.clone(), Shape::from(shape.clone())),
            &self.1,
        )
    }

    fn param<const D: usize>(&self, name: &str) -> Param<Tensor<D>> {
        Param::from_tensor(self.tensor(name))
    }

    /// PyTorch's matrices are transposed against ours.
    fn matrix(&self, name: &str) -> Param<Tensor<2>> {
        Param::from_tensor(self.tensor::<2>(name).transpose())
    }

    fn encoder(&self, prefix: &str) -> AwdLstm {
        let layer = |l: usize| {
            let name = |part: &str| format!("{prefix}rnns.{l}.{part}");
            LstmLayer {
                weight_ih: self.matrix(&name("module.weight_ih_l0")),
                weight_hh: self.matrix(&name("weight_hh_l0_raw")),
                bias_ih: self.param(&name("module.bias_ih_l0")),
                bias_hh: self.param(&name("module.bias_hh_l0")),
            }
        };
        AwdLstm {
            embedding: self.param(&format!("{prefix}encoder.weight")),
            layers: (0..3).map(layer).collect(),
        }
    }

    fn language_model(&self) -> LanguageModel {
        LanguageModel {
            encoder: self.encoder("0."),
            decoder_bias: self.param("1.decoder.bias"),
            dropouts: Dropouts::none(),
            regularization: Regularization::none(),
        }
    }

    fn classifier(&self, window: DocumentWindow) -> Classifier {
        let config = ClassifierConfig {
            dropouts: Dropouts::none(),
            regularization: Regularization::none(),
            window,
            head: HeadConfig {
                hidden: vec![9],
                dropout: 0.0,
            },
            ..ClassifierConfig::new(3)
        };
        let mut model = config.init(self.encoder("0.module."), 0, &self.1).unwrap();
        for (k, block) in model.head.blocks.iter_mut().enumerate() {
            let name = |part: &str| format!("1.layers.{k}.0.{part}");
            block.norm.weight = self.param(&name("weight"));
            block.norm.bias = self.param(&name("bias"));
            let running = |part: &str| burn::module::RunningState::new(self.tensor(&name(part)));
            block.norm.running_mean = running("running_mean");
            block.norm.running_var = running("running_var");
            // Without dropout fastai leaves its module out, and the linear map moves up.
            block.weight = self.matrix(&format!("1.layers.{k}.1.weight"));
        }
        model
    }
}

/// Every gradient of an encoder against fastai's; returns the largest relative error.
fn check_encoder(
    model: &AwdLstm,
    grads: &Gradients,
    expected: &Value,
    prefix: &str,
    tolerance: f32,
) -> f32 {
    let mut worst = 0.0f32;
    let mut check = |name: String, actual: Vec<f32>| {
        worst = worst.max(close_to(&name, &actual, &flat(&expected[&name]), tolerance));
    };
    let embedding = model.embedding.val().grad(grads).unwrap();
    check(format!("{prefix}encoder.weight"), values(embedding));
    for (l, layer) in model.layers.iter().enumerate() {
        let name = |part: &str| format!("{prefix}rnns.{l}.{part}");
        let matrix = |w: &Param<Tensor<2>>| values(w.val().grad(grads).unwrap().transpose());
        let vector = |b: &Param<Tensor<1>>| values(b.val().grad(grads).unwrap());
        check(name("module.weight_ih_l0"), matrix(&layer.weight_ih));
        check(name("weight_hh_l0_raw"), matrix(&layer.weight_hh));
        check(name("module.bias_ih_l0"), vector(&layer.bias_ih));
        check(name("module.bias_hh_l0"), vector(&layer.bias_hh));
    }
    worst
}

#[test]
fn language_model_values_states_and_gradients() {
    let golden = &json("awd_lstm_tiny.json")["lm"];
    let device = Device::default().autodiff();
    let mut model = Weights::open("awd_lstm_tiny.safetensors", &device).language_model();
    let mut state = model.initial_state(3);
    let mut worst = 0.0f32;
    for batch in golden["batches"].as_array().unwrap() {
        let (x, y) = (ids(&batch["x"]), ids(&batch["y"]));
        let (logits, next) = model.logits(&x, &state, &mut Mode::Eval);
        worst = worst.max(close("logits", &values(logits), &flat(&batch["logits"])));
        for (layer, expected) in next
            .layers()
            .iter()
            .zip(batch["hidden_out"].as_array().unwrap())
        {
            close("h", &values(layer.hidden.clone()), &flat(&expected[0]));
            close("c", &values(layer.cell.clone()), &flat(&expected[1]));
        }
        for (regularization, loss, grads) in [
            (Regularization::none(), "loss", "grads"),
            (Regularization::default(), "loss_with_reg", "grads_with_reg"),
        ] {
            model.regularization = regularization;
            let (out, _) = model.loss(&x, &y, &state, &mut Mode::train(0));
            let gradients = out.objective.backward();
            close(loss, &values(out.objective), &flat(&batch[loss]));
            close(
                "reported",
                &values(out.cross_entropy),
                &flat(&batch["loss"]),
            );
            worst = worst.max(check_encoder(
                &model.encoder,
                &gradients,
                &batch[grads],
                "0.",
                1e-5,
            ));
            let bias = values(model.decoder_bias.val().grad(&gradients).unwrap());
            close(
                "1.decoder.bias",
                &bias,
                &flat(&batch[grads]["1.decoder.bias"]),
            );
        }
        state = next;
    }
    println!("awd_lstm_tiny.json: largest relative error {worst:e}");
}

#[test]
fn state_follows_a_changing_batch_size() {
    let device = Device::default();
    let model = Weights::open("awd_lstm_tiny.safetensors", &device).language_model();
    let mut state = model.initial_state(4);
    for step in json("awd_lstm_bs_change.json").as_array().unwrap() {
        let x = ids(&step["x"]);
        let (logits, next) = model.logits(&x, &state.resized(x.rows()), &mut Mode::Eval);
        close("logits", &values(logits), &flat(&step["logits"]));
        state = next;
    }
}

/// The documents of a case, right-padded.
fn documents(case: &Value) -> (TokenGrid, Vec<usize>) {
    let docs: Vec<Vec<f32>> = case["docs"].as_array().unwrap().iter().map(flat).collect();
    let lengths: Vec<usize> = docs.iter().map(Vec::len).collect();
    let width = lengths.iter().copied().max().unwrap();
    let padded = |doc: &Vec<f32>| {
        let mut row: Vec<u32> = doc.iter().map(|&id| id as u32).collect();
        row.resize(width, 1);
        row
    };
    (
        TokenGrid::new(docs.len(), width, docs.iter().flat_map(padded).collect()),
        lengths,
    )
}

#[test]
fn classifier_values_and_gradients_in_both_modes() {
    let case = &json("awd_clas_tiny.json")["clas_clean"];
    let device = Device::default().autodiff();
    let weights = Weights::open("awd_clas_tiny.safetensors", &device);
    let window = DocumentWindow {
        bptt: 7,
        max_len: 1440,
    };
    let (tokens, lengths) = documents(case);
    let labels: Vec<u32> = flat(&case["y"]).into_iter().map(|y| y as u32).collect();
    let mut worst = 0.0f32;
    for (name, mut mode) in [("eval", Mode::Eval), ("train", Mode::train(0))] {
        let expected = &case[name];
        let model = weights.classifier(window);
        let out = model.loss(&tokens, &lengths, &labels, &mut mode);
        let gradients = out.objective.backward();
        // In training, five nearly equal rows are normalized by their own statistics, twice: that magnifies the last
        // bit of the encoder, and the gradient of the first shift nearly cancels.
        let tolerance = if mode.is_train() { 2e-4 } else { 1e-5 };
        let logits = flat(&expected["logits"]);
        worst = worst.max(close_to("logits", &values(out.logits), &logits, tolerance));
        close("loss", &values(out.value), &flat(&expected["loss"]));
        let grads = &expected["grads"];
        worst = worst.max(check_encoder(
            &model.encoder,
            &gradients,
            grads,
            "0.module.",
            tolerance,
        ));
        for (k, block) in model.head.blocks.iter().enumerate() {
            let of = |b: &Param<Tensor<1>>| values(b.val().grad(&gradients).unwrap());
            let name = |part: &str| format!("1.layers.{k}.{part}");
            let check = |name: String, actual: Vec<f32>| {
                close_to(&name, &actual, &flat(&grads[&name]), tolerance)
            };
            worst = worst.max(check(name("0.weight"), of(&block.norm.weight)));
            worst = worst.max(check(name("0.bias"), of(&block.norm.bias)));
            let weight = block.weight.val().grad(&gradients).unwrap().transpose();
            worst = worst.max(check(name("1.weight"), values(weight)));
            let after = &expected["buffers_after"];
            close(
                "mean",
                &values(block.norm.running_mean.value_sync()),
                &flat(&after[name("0.running_mean")]),
            );
            close(
                "var",
                &values(block.norm.running_var.value_sync()),
                &flat(&after[name("0.running_var")]),
            );
        }
    }
    println!("awd_clas_tiny.json: largest relative error {worst:e}");
}

#[test]
fn a_document_alone_equals_the_document_in_any_batch() {
    // The case in which fastai loses tokens: documents alone are right there too.
    let case = &json("awd_clas_tiny.json")["clas_quirk"];
    let device = Device::default();
    let weights = Weights::open("awd_clas_tiny.safetensors", &device);
    let model = weights.classifier(DocumentWindow {
        bptt: 7,
        max_len: 1440,
    });
    let (tokens, lengths) = documents(case);
    let batch = values(model.logits(&tokens, &lengths, &mut Mode::Eval));
    for (row, &length) in lengths.iter().enumerate() {
        let alone = TokenGrid::new(1, length, tokens.row(row)[..length].to_vec());
        let alone = values(model.logits(&alone, &[length], &mut Mode::Eval));
        close("alone", &alone, &batch[row * 3..][..3]);
    }
    let order: Vec<usize> = (0..lengths.len()).rev().collect();
    let turned = order
        .iter()
        .flat_map(|&row| tokens.row(row).to_vec())
        .collect();
    let turned = TokenGrid::new(order.len(), tokens.cols(), turned);
    let turned_lengths: Vec<usize> = order.iter().map(|&row| lengths[row]).collect();
    let logits = values(model.logits(&turned, &turned_lengths, &mut Mode::Eval));
    for (place, &row) in order.iter().enumerate() {
        close(
            "reversed",
            &logits[place * 3..][..3],
            &batch[row * 3..][..3],
        );
    }
}
