//! The kernels with operands in bf16 beside themselves in single precision, which other tests hold against Burn's
//! operations.
//!
//! A program of its own: the precision is a setting of the process.

use burn::tensor::{Device, Distribution, Tensor};
use ulmfit_kernels::{LstmWeights, MatmulPrecision, lstm_layer, tied_cross_entropy};

/// Largest difference allowed, of the largest value: bf16 rounds each operand by 2^-8 of itself at most, to both sides.
const TOLERANCE: f32 = 0.02;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// How far apart two results are, of the largest value.
fn apart(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len());
    let largest = expected.iter().fold(0_f32, |m, x| m.max(x.abs()));
    let off = actual.iter().zip(expected).map(|(a, b)| (a - b).abs());
    off.fold(0.0, f32::max) / largest
}

/// Results under either precision are near each other, and not the same: the precision is heard.
fn compare(what: &str, run: impl Fn() -> Vec<(&'static str, Vec<f32>)>) {
    MatmulPrecision::Fp32.set();
    let single = run();
    MatmulPrecision::Bf16.set();
    let rounded = run();
    assert_eq!(rounded, run(), "{what}: the same bits again");
    for ((name, rounded), (_, single)) in rounded.iter().zip(&single) {
        let off = apart(rounded, single);
        assert!(off > 0.0, "{what}: {name} is the same in both");
        assert!(off < TOLERANCE, "{what}: {name} is off by {off}");
    }
}

fn layer(steps: usize, rows: usize, width: usize, units: usize) {
    let device = Device::default();
    device.seed(3);
    let draw =
        |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
    let shrink = 1.0 / (units as f32).sqrt();
    let (x, w_ih) = (
        draw([steps * rows, width]),
        draw([width, 4 * units]) * shrink,
    );
    let (w_hh, bias) = (draw([units, 4 * units]) * shrink, draw([1, 4 * units]));
    let (h0, c0, weigh) = (
        draw([rows, units]),
        draw([rows, units]),
        draw([steps * rows, units]),
    );
    let graph = device.clone().autodiff();
    let leaf = |t: &Tensor<2>| Tensor::<2>::from_data(t.to_data(), &graph).require_grad();
    compare(&format!("layer {steps} {rows} {width} {units}"), || {
        let (x, input, hidden, bias) = (leaf(&x), leaf(&w_ih), leaf(&w_hh), leaf(&bias));
        let weights = LstmWeights {
            input: input.clone(),
            hidden: hidden.clone(),
            kept: None,
            bias: bias.clone().reshape([4 * units]),
        };
        let plain = |t: &Tensor<2>| Tensor::<2>::from_data(t.to_data(), &graph);
        let inputs = x.clone().reshape([steps, rows, width]);
        let out = lstm_layer(inputs, &weights, plain(&h0), plain(&c0));
        let flat: Tensor<2> = out.hidden.clone().reshape([steps * rows, units]);
        let grads = (flat * plain(&weigh)).sum().backward();
        let of = |t: &Tensor<2>| values(t.grad(&grads).expect("a leaf"));
        vec![
            ("hidden", values(out.hidden)),
            ("cell", values(out.cell)),
            ("d x", of(&x)),
            ("d w_ih", of(&input)),
            ("d w_hh", of(&hidden)),
            ("d bias", of(&bias)),
        ]
    });
}

fn decoder(rows: usize, width: usize, words: usize) {
    let device = Device::default();
    device.seed(5);
    let draw =
        |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
    let (hidden, weight, bias) = (draw([rows, width]), draw([words, width]), draw([1, words]));
    let targets: Vec<u32> = (0..rows).map(|n| (n * 7 % words) as u32).collect();
    let graph = device.clone().autodiff();
    let leaf = |t: &Tensor<2>| Tensor::<2>::from_data(t.to_data(), &graph).require_grad();
    compare(&format!("decoder {rows} {width} {words}"), || {
        let (hidden, weight, bias) = (leaf(&hidden), leaf(&weight), leaf(&bias));
        let out = tied_cross_entropy(
            hidden.clone(),
            weight.clone(),
            bias.clone().reshape([words]),
            &targets,
        );
        let grads = out.loss.backward();
        let of = |t: &Tensor<2>| values(t.grad(&grads).expect("a leaf"));
        vec![
            ("loss", values(out.loss)),
            ("d hidden", of(&hidden)),
            ("d weight", of(&weight)),
            ("d bias", of(&bias)),
        ]
    });
}

#[test]
fn results_in_bf16_are_near_those_in_fp32() {
    for [steps, rows, width, units] in [[1, 1, 1, 1], [3, 2, 5, 7], [5, 9, 33, 50], [4, 20, 64, 97]]
    {
        layer(steps, rows, width, units);
    }
    for [rows, width, words] in [[1, 3, 2], [9, 33, 70], [40, 50, 501]] {
        decoder(rows, width, words);
    }
}
