//! The kernels with operands in half precision beside themselves in single precision, which other tests hold against
//! Burn's operations.
//!
//! A program of its own: the precision is a setting of the process.

use burn::tensor::{Device, Distribution, Tensor};
use ulmfit_kernels::{LstmWeights, MatmulPrecision, lstm_layer, tied_cross_entropy};

/// The devices of this build whose kernels know of a precision.
fn devices() -> Vec<Device> {
    vec![
        #[cfg(feature = "flex")]
        Device::flex(),
        #[cfg(feature = "wgpu")]
        Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
        #[cfg(feature = "vulkan")]
        Device::vulkan(burn::tensor::DeviceKind::DefaultDevice),
        #[cfg(feature = "cuda")]
        Device::cuda(0),
    ]
}

/// Largest difference allowed, of the largest value, to both sides. Each operand is rounded by 2^-8 of itself at most, and
/// by 2^-11 in fp16.
fn tolerance(precision: MatmulPrecision) -> f32 {
    match precision {
        MatmulPrecision::Bf16 => 0.02,
        MatmulPrecision::Fp16 => 0.0025,
        MatmulPrecision::Fp32 => 0.0,
    }
}

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

/// Results under every precision are near each other, and not the same: the precision is heard.
fn compare(device: &Device, what: &str, run: impl Fn() -> Vec<(&'static str, Vec<f32>)>) {
    MatmulPrecision::Fp32.set();
    let single = run();
    for precision in [MatmulPrecision::Bf16, MatmulPrecision::Fp16] {
        if !precision.runs_on(device) {
            continue;
        }
        precision.set();
        let rounded = run();
        let what = format!("{device:?} {precision} {what}");
        assert_eq!(rounded, run(), "{what}: the same bits again");
        for ((name, rounded), (_, single)) in rounded.iter().zip(&single) {
            let off = apart(rounded, single);
            assert!(off > 0.0, "{what}: {name} is the same in both");
            assert!(off < tolerance(precision), "{what}: {name} is off by {off}");
        }
    }
}

fn layer(device: &Device, [steps, rows, width, units]: [usize; 4]) {
    device.seed(3);
    let draw =
        |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Uniform(-1.0, 1.0), device);
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
    let what = format!("layer {steps} {rows} {width} {units}");
    compare(device, &what, || {
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

fn decoder(device: &Device, [rows, width, words]: [usize; 3]) {
    device.seed(5);
    let draw =
        |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Uniform(-1.0, 1.0), device);
    let (hidden, weight, bias) = (draw([rows, width]), draw([words, width]), draw([1, words]));
    let targets: Vec<u32> = (0..rows).map(|n| (n * 7 % words) as u32).collect();
    let graph = device.clone().autodiff();
    let leaf = |t: &Tensor<2>| Tensor::<2>::from_data(t.to_data(), &graph).require_grad();
    compare(device, &format!("decoder {rows} {width} {words}"), || {
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
fn results_in_half_precision_are_near_those_in_single_precision() {
    for device in devices() {
        let there = MatmulPrecision::ALL.into_iter();
        let there: Vec<_> = there.filter(|known| known.runs_on(&device)).collect();
        println!("{device:?} has {there:?}");
        for sizes in [[1, 1, 1, 1], [3, 2, 5, 7], [5, 9, 33, 50], [4, 20, 64, 97]] {
            layer(&device, sizes);
        }
        // Of many rows and words the gradients of the logits are far below what fp16 tells from 0.
        for sizes in [[1, 3, 2], [9, 33, 70], [40, 50, 501], [2_000, 8, 3_000]] {
            decoder(&device, sizes);
        }
    }
}
