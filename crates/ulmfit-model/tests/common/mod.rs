//! Reading the reference files, models with their weights, and comparisons: what the golden tests share.

#![allow(dead_code, reason = "each test uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::collections::HashMap;
use std::path::PathBuf;

use burn::module::Param;
use burn::tensor::{Device, Gradients, Shape, Tensor, TensorData};
use serde_json::Value;
use ulmfit_model::{
    AwdLstm, Classifier, ClassifierConfig, DocumentWindow, Dropouts, EncoderLayer, HeadConfig,
    LanguageModel, LstmLayer, Recurrence, RecurrentState, Regularization,
};
use ulmfit_text::TokenGrid;

pub(crate) fn golden(name: &str) -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let other =
        std::env::var_os("ULMFIT_GOLDEN_DIR").map(|folder| PathBuf::from(folder).join(name));
    // A folder of one generator's files need not hold those of the other.
    other
        .filter(|path| path.exists())
        .unwrap_or_else(|| own.join(name))
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(golden(name)).unwrap()).unwrap()
}

/// All numbers of a nested list, in order.
pub(crate) fn flat(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap() as f32],
    }
}

pub(crate) fn ids(value: &Value) -> TokenGrid {
    let rows = value.as_array().unwrap();
    let cols = rows[0].as_array().unwrap().len();
    TokenGrid::new(
        rows.len(),
        cols,
        flat(value).into_iter().map(|id| id as u32).collect(),
    )
}

thread_local! {
    /// How much looser than on the CPU the comparisons of this thread are.
    static SLACK: Cell<f32> = const { Cell::new(1.0) };
}

/// Runs a test on every backend of this build; on GPUs, whose products are summed in another order and whose exponential
/// is less exact, with ten times the tolerance.
#[allow(
    clippy::vec_init_then_push,
    deprecated,
    reason = "`ndarray` is tested as long as Burn ships it"
)]
pub(crate) fn on_every_backend(test: impl Fn(&Device)) {
    let backends: Vec<(&str, Device, f32)> = vec![
        #[cfg(feature = "flex")]
        ("flex", Device::flex(), 1.0),
        #[cfg(feature = "ndarray")]
        ("ndarray", Device::ndarray(), 1.0),
        #[cfg(feature = "wgpu")]
        (
            "wgpu",
            Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
            10.0,
        ),
    ];
    for (name, device, slack) in backends {
        println!("backend {name}");
        SLACK.set(slack);
        test(&device);
    }
}

/// max|a - b| <= 1e-5 max|b|; returns the relative error.
pub(crate) fn close(name: &str, actual: &[f32], expected: &[f32]) -> f32 {
    close_to(name, actual, expected, 1e-5)
}

pub(crate) fn close_to(name: &str, actual: &[f32], expected: &[f32], tolerance: f32) -> f32 {
    assert_eq!(actual.len(), expected.len(), "{name}: number of values");
    let scale = expected
        .iter()
        .fold(f32::MIN_POSITIVE, |m, x| m.max(x.abs()));
    let worst = actual
        .iter()
        .zip(expected)
        .fold(0.0f32, |m, (a, b)| m.max((a - b).abs()))
        / scale;
    let tolerance = tolerance * SLACK.get();
    assert!(worst <= tolerance, "{name}: relative error {worst:e}");
    worst
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Shape and elements.
type Values = (Vec<usize>, Vec<f32>);

/// A recurrence's state against `[h, c]`, of which it is part `part`: PyTorch lays the directions one after the other.
pub(crate) fn close_state(state: &RecurrentState, expected: &Value, part: usize) {
    let RecurrentState::Lstm { hidden, cell } = state else {
        panic!("the reference files are of LSTMs");
    };
    for (name, tensor, expected) in [("h", hidden, &expected[0]), ("c", cell, &expected[1])] {
        close(name, &values(tensor.clone()), &flat(&expected[part]));
    }
}

/// Tensors of a safetensors file by fastai's names.
pub(crate) struct Weights(HashMap<String, Values>, Device);

impl Weights {
    pub(crate) fn open(name: &str, device: &Device) -> Self {
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

    pub(crate) fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let (shape, values) = &self.0[name];
        Tensor::from_data(
            TensorData::new(values.clone(), Shape::from(shape.clone())),
            &self.1,
        )
    }

    pub(crate) fn param<const D: usize>(&self, name: &str) -> Param<Tensor<D>> {
        Param::from_tensor(self.tensor(name))
    }

    /// PyTorch's matrices are transposed against ours.
    pub(crate) fn matrix(&self, name: &str) -> Param<Tensor<2>> {
        Param::from_tensor(self.tensor::<2>(name).transpose())
    }

    pub(crate) fn encoder(&self, prefix: &str) -> AwdLstm {
        let layer = |l: usize| {
            let name = |part: &str| format!("{prefix}rnns.{l}.{part}");
            let lstm = |hidden: String, reverse: &str| {
                let name = |part: &str| name(&format!("module.{part}_l0{reverse}"));
                let weights = [self.matrix(&name("weight_ih")), self.matrix(&hidden)];
                let biases = ["bias_ih", "bias_hh"].map(|part| self.param(&name(part)));
                Recurrence::Lstm(LstmLayer::new(weights, biases))
            };
            let hidden_back = name("module.weight_hh_l0_reverse");
            let both = self.0.contains_key(&hidden_back);
            EncoderLayer {
                forward: lstm(name("weight_hh_l0_raw"), ""),
                backward: both.then(|| lstm(hidden_back, "_reverse")),
            }
        };
        AwdLstm {
            embedding: self.param(&format!("{prefix}encoder.weight")),
            layers: (0..3).map(layer).collect(),
        }
    }

    pub(crate) fn language_model(&self) -> LanguageModel {
        LanguageModel {
            encoder: self.encoder("0."),
            decoder_bias: self.param("1.decoder.bias"),
            dropouts: Dropouts::none(),
            regularization: Regularization::none(),
        }
    }

    pub(crate) fn classifier(&self, window: DocumentWindow) -> Classifier {
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
pub(crate) fn check_encoder(
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
        let mut check_lstm = |layer: &Recurrence, hidden: &str, reverse: &str| {
            let Recurrence::Lstm(layer) = layer else {
                panic!("the reference files are of LSTMs");
            };
            let name = |part: &str| name(&format!("module.{part}_l0{reverse}"));
            check(name("weight_ih"), matrix(&layer.weight_ih));
            check(hidden.to_owned(), matrix(&layer.weight_hh));
            check(name("bias_ih"), vector(&layer.bias_ih));
            check(name("bias_hh"), vector(&layer.bias_hh));
        };
        check_lstm(&layer.forward, &name("weight_hh_l0_raw"), "");
        if let Some(backward) = &layer.backward {
            let hidden = name("module.weight_hh_l0_reverse");
            check_lstm(backward, &hidden, "_reverse");
        }
    }
    worst
}

/// The documents of a case, right-padded.
pub(crate) fn documents(case: &Value) -> (TokenGrid, Vec<usize>) {
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

/// Every gradient of a classifier's head against fastai's; returns the largest relative error.
pub(crate) fn check_head(
    model: &Classifier,
    grads: &Gradients,
    expected: &Value,
    tolerance: f32,
) -> f32 {
    let mut worst = 0.0f32;
    for (k, block) in model.head.blocks.iter().enumerate() {
        let of = |b: &Param<Tensor<1>>| values(b.val().grad(grads).unwrap());
        let name = |part: &str| format!("1.layers.{k}.{part}");
        let mut check = |name: String, actual: Vec<f32>| {
            let error = close_to(&name, &actual, &flat(&expected[&name]), tolerance);
            worst = worst.max(error);
        };
        check(name("0.weight"), of(&block.norm.weight));
        check(name("0.bias"), of(&block.norm.bias));
        let weight = block.weight.val().grad(grads).unwrap().transpose();
        check(name("1.weight"), values(weight));
    }
    worst
}
