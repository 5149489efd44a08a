//! Every gradient of the kernels by finite differences: a judge that knows no formula.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use ulmfit_kernels::{
    IGNORED, KeptElements, LstmWeights, drop_elements, embedding_rows, lstm_layer,
    tied_cross_entropy,
};

/// Half the distance of the two points; the error of the difference grows with its square, that of rounding with its
/// inverse.
const STEP: f32 = 1e-2;
/// Of the largest gradient.
const TOLERANCE: f32 = 2e-3;

type Input = (Vec<usize>, Vec<f32>);

fn inputs(shapes: &[&[usize]], seed: u64) -> Vec<Input> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut input = |shape: &[usize]| {
        let n = shape.iter().product();
        let values = (0..n).map(|_| (rng.next_u32() >> 8) as f32 / (1 << 24) as f32 - 0.5);
        (shape.to_vec(), values.collect())
    };
    shapes.iter().map(|shape| input(shape)).collect()
}

fn tensor<const D: usize>((shape, values): &Input, device: &Device) -> Tensor<D> {
    let shape: [usize; D] = shape.clone().try_into().unwrap();
    Tensor::from_data(TensorData::new(values.clone(), shape), device)
}

/// Whether a pass is for gradients or for its value alone, and so the device.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Gradients,
    Value,
}

impl Pass {
    fn device(self) -> Device {
        match self {
            Self::Gradients => Device::default().autodiff(),
            Self::Value => Device::default(),
        }
    }

    fn leaf<const D: usize>(self, input: &Input) -> Tensor<D> {
        let tensor = tensor(input, &self.device());
        match self {
            Self::Gradients => tensor.require_grad(),
            Self::Value => tensor,
        }
    }
}

/// Compares the gradients of `loss` with its differences, input by input, element by element.
fn check(mut inputs: Vec<Input>, loss: impl Fn(&[Input]) -> f32, gradients: &[Vec<f32>]) {
    for (which, gradient) in gradients.iter().enumerate() {
        let scale = gradient.iter().fold(0.0_f32, |m, g| m.max(g.abs()));
        assert!(scale > 1e-3, "input {which}: the gradient is nothing");
        for (at, &formula) in gradient.iter().enumerate() {
            let before = inputs[which].1[at];
            let mut moved = |to: f32| {
                inputs[which].1[at] = to;
                loss(&inputs)
            };
            let difference = (moved(before + STEP) - moved(before - STEP)) / (2.0 * STEP);
            inputs[which].1[at] = before;
            let error = (difference - formula).abs();
            assert!(
                error <= TOLERANCE * scale,
                "input {which}, element {at}: {formula} by formula, {difference} by differences"
            );
        }
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// A sum over all outputs with weights that differ, so that no gradient hides behind another.
fn weighted<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let n = x.dims().iter().product::<usize>();
    let weights: Vec<f32> = (0..n)
        .map(|i| ((i * 7 + 3) % 11) as f32 / 5.0 - 1.0)
        .collect();
    let device = x.device();
    (x.reshape([n]) * Tensor::<1>::from_floats(&weights[..], &device)).sum()
}

#[test]
fn lstm_layer_with_both_kernels() {
    // 16 units take the packed panels where the processor has them, 5 the general products.
    for units in [5, 16] {
        let (steps, rows, width) = (4, 3, 6);
        let shapes: [&[usize]; 6] = [
            &[steps, rows, width],
            &[width, 4 * units],
            &[units, 4 * units],
            &[4 * units],
            &[rows, units],
            &[rows, units],
        ];
        let inputs = inputs(&shapes, units as u64);
        let run = |inputs: &[Input], pass: Pass| {
            let x = pass.leaf::<3>(&inputs[0]);
            let weights = LstmWeights {
                input: pass.leaf(&inputs[1]),
                hidden: pass.leaf(&inputs[2]),
                kept: (units == 5).then(|| KeptElements::from_fn(100, 1.5, |n| n % 3 > 0)),
                bias: pass.leaf(&inputs[3]),
            };
            let device = pass.device();
            let (h, c) = (tensor(&inputs[4], &device), tensor(&inputs[5], &device));
            let out = lstm_layer(x.clone(), &weights, h, c);
            (weighted(out.hidden), x, weights)
        };
        let (loss, x, w) = run(&inputs, Pass::Gradients);
        let all = loss.backward();
        let gradients = [
            values(x.grad(&all).unwrap()),
            values(w.input.grad(&all).unwrap()),
            values(w.hidden.grad(&all).unwrap()),
            values(w.bias.grad(&all).unwrap()),
        ];
        let value = |inputs: &[Input]| run(inputs, Pass::Value).0.into_scalar::<f32>();
        check(inputs, value, &gradients);
    }
}

#[test]
fn tied_decoder_with_cross_entropy() {
    let (rows, width, vocabulary) = (7, 5, 23);
    let shapes: [&[usize]; 3] = [&[rows, width], &[vocabulary, width], &[vocabulary]];
    let inputs = inputs(&shapes, 3);
    let targets = [4, 22, IGNORED, 0, 4, 9, 1];
    let run = |inputs: &[Input], pass: Pass| {
        let parts = (
            pass.leaf::<2>(&inputs[0]),
            pass.leaf::<2>(&inputs[1]),
            pass.leaf::<1>(&inputs[2]),
        );
        let (hidden, weight, bias) = parts.clone();
        (
            tied_cross_entropy(hidden, weight, bias, &targets).loss,
            parts,
        )
    };
    let (loss, (hidden, weight, bias)) = run(&inputs, Pass::Gradients);
    let all = loss.backward();
    let gradients = [
        values(hidden.grad(&all).unwrap()),
        values(weight.grad(&all).unwrap()),
        values(bias.grad(&all).unwrap()),
    ];
    check(
        inputs,
        |i| run(i, Pass::Value).0.into_scalar::<f32>(),
        &gradients,
    );
}

#[test]
fn rows_of_an_embedding_after_dropout() {
    let inputs = inputs(&[&[9, 4]], 4);
    let run = |inputs: &[Input], pass: Pass| {
        let table = pass.leaf::<2>(&inputs[0]);
        let rows = embedding_rows(table.clone(), &[8, 2, 8, 0, 5], None);
        let kept = KeptElements::from_fn(20, 1.5, |element| element % 3 != 1);
        (weighted(drop_elements(rows, kept).powi_scalar(2)), table)
    };
    let (loss, table) = run(&inputs, Pass::Gradients);
    let gradients = [values(table.grad(&loss.backward()).unwrap())];
    let value = |inputs: &[Input]| run(inputs, Pass::Value).0.into_scalar::<f32>();
    check(inputs, value, &gradients);
}
