//! Every kernel against the same computation written with Burn's differentiable operations: values and every gradient,
//! on random shapes with odd sizes and tails.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::activation::{log_softmax, sigmoid};
use burn::tensor::{Device, Int, Shape, Tensor, TensorData};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use ulmfit_kernels::{
    AdamHyper, CrossEntropy, IGNORED, KeptElements, LstmWeights, adam_update, drop_elements,
    embedding_rows, lstm_layer, sum_of_squares, tied_cross_entropy, tied_cross_entropy_with,
};

/// The devices of all backends that this build has.
#[allow(deprecated, reason = "`ndarray` is tested as long as Burn ships it")]
fn devices() -> Vec<(&'static str, Device, f32)> {
    vec![
        #[cfg(feature = "flex")]
        ("flex", Device::flex(), 1e-5),
        #[cfg(feature = "ndarray")]
        ("ndarray", Device::ndarray(), 1e-5),
        #[cfg(feature = "wgpu")]
        (
            "wgpu",
            Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
            1e-5,
        ),
        #[cfg(feature = "vulkan")]
        (
            "vulkan",
            Device::vulkan(burn::tensor::DeviceKind::DefaultDevice),
            1e-4,
        ),
        #[cfg(feature = "cuda")]
        ("cuda", Device::cuda(0), 1e-4),
    ]
}

fn random<const D: usize>(rng: &mut Xoshiro256PlusPlus, shape: [usize; D]) -> TensorData {
    let n: usize = shape.iter().product();
    let mut draw = || (rng.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0;
    TensorData::new(
        (0..n).map(|_| draw()).collect::<Vec<_>>(),
        Shape::from(shape),
    )
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// max|a - b| <= tolerance * max|b|
fn assert_close(name: &str, actual: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(actual.len(), expected.len(), "{name}: number of values");
    let scale = expected
        .iter()
        .fold(0.0f32, |m, x| m.max(x.abs()))
        .max(1e-3);
    let worst = actual
        .iter()
        .zip(expected)
        .fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(
        worst <= tolerance * scale,
        "{name}: off by {worst:e} at scale {scale:e}"
    );
}

/// The layer step by step from differentiable operations.
fn lstm_by_ops(
    x: Tensor<3>,
    w: &LstmWeights,
    mut h: Tensor<2>,
    mut c: Tensor<2>,
) -> (Tensor<3>, Tensor<2>) {
    let [steps, rows, width] = x.dims();
    let units = h.dims()[1];
    let recurrent = match &w.kept {
        Some(kept) => {
            let factors: Vec<f32> = (0..4 * units * units).map(|n| kept.factor(n)).collect();
            let factors = TensorData::new(factors, [units, 4 * units]);
            w.hidden.clone() * Tensor::from_data(factors, &x.device())
        }
        None => w.hidden.clone(),
    };
    let mut all = Vec::new();
    for t in 0..steps {
        let x_t = x
            .clone()
            .slice([t..t + 1, 0..rows, 0..width])
            .reshape([rows, width]);
        let z = x_t.matmul(w.input.clone()) + h.matmul(recurrent.clone());
        let z = z + w.bias.clone().unsqueeze::<2>();
        let gate = |k: usize| z.clone().slice([0..rows, k * units..(k + 1) * units]);
        c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * gate(2).tanh();
        h = sigmoid(gate(3)) * c.clone().tanh();
        all.push(h.clone().unsqueeze_dim::<3>(0));
    }
    (Tensor::cat(all, 0), c)
}

fn check_lstm(steps: usize, rows: usize, width: usize, units: usize, seed: u64) {
    for (name, device, tolerance) in devices() {
        let device = device.autodiff();
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
        let x = random(rng, [steps, rows, width]);
        let [w_ih, w_hh] = [width, units].map(|n| random(rng, [n, 4 * units]));
        let bias = random(rng, [4 * units]);
        let [h0, c0] = [0, 1].map(|_| random(rng, [rows, units]));
        let weigh = random(rng, [steps, rows, units]);
        // Every other one with weight dropout.
        let kept = seed.is_multiple_of(2).then(|| {
            KeptElements::from_fn(4 * units * units, 2.0, |_| rng.next_u32().is_multiple_of(2))
        });
        let run = |kernel: bool| -> Vec<(&'static str, Vec<f32>)> {
            let x = Tensor::<3>::from_data(x.clone(), &device).require_grad();
            let shrink = 1.0 / (units as f64).sqrt();
            let w = LstmWeights {
                input: (Tensor::from_data(w_ih.clone(), &device) * shrink)
                    .detach()
                    .require_grad(),
                hidden: (Tensor::from_data(w_hh.clone(), &device) * shrink)
                    .detach()
                    .require_grad(),
                kept: kept.clone(),
                bias: Tensor::from_data(bias.clone(), &device).require_grad(),
            };
            let h0 = Tensor::from_data(h0.clone(), &device);
            let c0 = Tensor::from_data(c0.clone(), &device);
            let (hidden, cell) = if kernel {
                let out = lstm_layer(x.clone(), &w, h0, c0);
                (out.hidden, out.cell)
            } else {
                lstm_by_ops(x.clone(), &w, h0, c0)
            };
            let loss = (hidden.clone() * Tensor::from_data(weigh.clone(), &device)).sum();
            let grads = loss.backward();
            vec![
                ("hidden", values(hidden)),
                ("cell", values(cell)),
                ("d input", values(x.grad(&grads).unwrap())),
                ("d w_ih", values(w.input.grad(&grads).unwrap())),
                ("d w_hh", values(w.hidden.grad(&grads).unwrap())),
                ("d bias", values(w.bias.grad(&grads).unwrap())),
            ]
        };
        for ((what, actual), (_, expected)) in run(true).into_iter().zip(run(false)) {
            let what = format!("{name} T{steps} B{rows} I{width} H{units}: {what}");
            assert_close(&what, &actual, &expected, tolerance);
        }
    }
}

/// One of `sizes` tokens, rows and widths of a loss.
fn check_loss(rows: usize, width: usize, vocabulary: usize, ignored: usize, seed: u64) {
    check_cross_entropy(
        [rows, width, vocabulary],
        ignored,
        seed,
        &CrossEntropy::default(),
    );
}

/// The same with smoothing and weights of the classes.
fn check_cross_entropy(
    [rows, width, vocabulary]: [usize; 3],
    ignored: usize,
    seed: u64,
    config: &CrossEntropy,
) {
    for (name, device, tolerance) in devices() {
        let device = device.autodiff();
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
        let [h, w] = [rows, vocabulary].map(|n| random(rng, [n, width]));
        let b = random(rng, [vocabulary]);
        let mut targets: Vec<u32> = (0..rows)
            .map(|_| rng.next_u32() % vocabulary as u32)
            .collect();
        targets
            .iter_mut()
            .take(ignored)
            .for_each(|target| *target = IGNORED);
        let counted: Vec<usize> = (ignored..rows).collect();
        let run = |kernel: bool| -> Vec<(&'static str, Vec<f32>)> {
            let h = Tensor::<2>::from_data(h.clone(), &device).require_grad();
            let w = Tensor::<2>::from_data(w.clone(), &device).require_grad();
            let b = Tensor::<1>::from_data(b.clone(), &device).require_grad();
            let (loss, correct) = if kernel {
                let (h, w, b) = (h.clone(), w.clone(), b.clone());
                let out = tied_cross_entropy_with(h, w, b, &targets, config);
                assert_eq!(out.counted, counted.len());
                (out.loss, out.correct)
            } else {
                let kept = h.clone().slice([ignored..rows, 0..width]);
                let logits = kept.matmul(w.clone().transpose()) + b.clone().unsqueeze::<2>();
                let ids: Vec<i64> = targets[ignored..].iter().map(|&t| i64::from(t)).collect();
                let ids = TensorData::new(ids, [counted.len(), 1]);
                let ids = Tensor::<2, Int>::from_data(ids, &device);
                let right = logits.clone().argmax(1).equal(ids.clone()).float().sum();
                let weights = config.weights.clone().unwrap_or(vec![1.0; vocabulary]);
                let weights = TensorData::new(weights, [1, vocabulary]);
                let weights = Tensor::<2>::from_data(weights, &device);
                let all = log_softmax(logits, 1).neg() * weights.clone();
                let own = all.clone().gather(1, ids.clone()).sum();
                let even = all.sum() / vocabulary as f64;
                let s = f64::from(config.smoothing);
                let total = weights.repeat_dim(0, counted.len()).gather(1, ids).sum();
                ((own * (1.0 - s) + even * s) / total, right)
            };
            // An upstream factor other than 1: the backward pass must scale.
            let grads = (loss.clone() * 3.0).backward();
            vec![
                ("loss", values(loss)),
                ("correct", values(correct)),
                ("d hidden", values(h.grad(&grads).unwrap())),
                ("d weight", values(w.grad(&grads).unwrap())),
                ("d bias", values(b.grad(&grads).unwrap())),
            ]
        };
        for ((what, actual), (_, expected)) in run(true).into_iter().zip(run(false)) {
            let what = format!("{name} N{rows} E{width} V{vocabulary}: {what}");
            assert_close(&what, &actual, &expected, tolerance);
        }
    }
}

#[test]
fn lstm_on_packed_and_unpacked_widths() {
    // Widths that are packed on AVX-512 (multiples of 16), with and without tails of the panels, and others.
    for (steps, rows, width, units) in [
        (1, 1, 1, 1),
        (3, 1, 5, 16),
        (5, 9, 7, 48),
        (4, 8, 64, 80),
        (2, 17, 33, 304),
        (6, 3, 10, 13),
    ] {
        for seed in [10, 11] {
            check_lstm(steps, rows, width, units, seed);
        }
    }
}

#[test]
fn loss_with_ignored_rows_and_over_several_chunks() {
    check_loss(7, 5, 11, 2, 1);
    // 16 Mi logits are one chunk, 32 Mi on a GPU: 40 rows of 900,000 words are several.
    #[cfg(not(feature = "ndarray"))]
    check_loss(40, 2, 900_000, 1, 2);
}

#[test]
fn loss_with_smoothing_and_weights_of_the_classes() {
    let weights = |n: usize| Some((0..n).map(|i| 0.25 + (i % 5) as f32).collect());
    for (shape, smoothing, weights) in [
        ([7, 5, 11], 0.1, None),
        ([7, 5, 11], 0.0, weights(11)),
        ([9, 4, 300], 0.3, weights(300)),
        ([3, 2, 2], 1.0, weights(2)),
    ] {
        check_cross_entropy(shape, 1, 3, &CrossEntropy { smoothing, weights });
    }
}

#[test]
fn all_rows_ignored_is_zero_loss() {
    for (_, device, _) in devices() {
        let weight = Tensor::<2>::ones([4, 2], &device);
        let hidden = Tensor::<2>::ones([2, 2], &device);
        let bias = Tensor::zeros([4], &device);
        let out = tied_cross_entropy(hidden, weight, bias, &[IGNORED, IGNORED]);
        assert_eq!(
            (values(out.loss)[0], values(out.correct)[0], out.counted),
            (0.0, 0.0, 0)
        );
    }
}

/// Rows twice, beside a dense use of the matrix as a tied decoder has it.
#[test]
fn embedding_rows_against_selections() {
    for (name, device, tolerance) in devices() {
        let device = device.autodiff();
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(9);
        let (table, seen, dense) = (
            random(rng, [70, 6]),
            random(rng, [9, 6]),
            random(rng, [70, 6]),
        );
        let ids: [u32; 9] = [3, 69, 1, 3, 0, 1, 3, 44, 1];
        let leaf = || Tensor::<2>::from_data(table.clone(), &device).require_grad();
        let constant = |data: &TensorData| Tensor::<2>::from_data(data.clone(), &device);
        for tied in [0.0, 1.0] {
            let kernel = leaf();
            let rows = embedding_rows(kernel.clone(), &ids, Some(1));
            let loss = (rows.clone() * constant(&seen)).sum()
                + (kernel.clone() * constant(&dense)).sum() * tied;
            let ids = ids.map(i64::from).to_vec();
            let by_ops = leaf();
            let indices = Tensor::<1, Int>::from_data(TensorData::new(ids.clone(), [9]), &device);
            let selected = by_ops.clone().select(0, indices);
            let shares = ids.iter().map(|&id| if id == 1 { 0.0 } else { 1.0f32 });
            let shares = TensorData::new(shares.collect::<Vec<_>>(), [9, 1]);
            let expected_loss = (selected.clone() * constant(&seen) * constant(&shares)).sum()
                + (by_ops.clone() * constant(&dense)).sum() * tied;
            assert_eq!(values(rows), values(selected), "{name}: rows");
            let found = kernel.grad(&loss.backward()).unwrap();
            let expected = by_ops.grad(&expected_loss.backward()).unwrap();
            assert_close(name, &values(found), &values(expected), tolerance);
        }
    }
}

#[test]
fn dropout_is_a_product_with_its_factors() {
    for (name, device, _) in devices() {
        let device = device.autodiff();
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(10);
        // Over several tasks of the override, with a tail.
        let shape = [131, 257];
        let (x, d) = (random(rng, shape), random(rng, shape));
        let kept = KeptElements::from_fn(131 * 257, 1.25, |_| rng.next_u32() % 5 > 0);
        let factors: Vec<f32> = (0..131 * 257).map(|n| kept.factor(n)).collect();
        let share = factors.iter().filter(|&&f| f == 0.0).count() as f32 / factors.len() as f32;
        assert!((share - 0.2).abs() < 0.02, "{share}");
        let leaf = Tensor::<2>::from_data(x, &device).require_grad();
        let factors = Tensor::<2>::from_data(TensorData::new(factors, shape), &device);
        let out = drop_elements(leaf.clone(), kept.clone());
        assert_eq!(values(out.clone()), values(leaf.clone() * factors.clone()));
        // A view of the matrix: columns side by side in memory.
        let turned = drop_elements(leaf.clone().inner().transpose(), kept);
        let by_ops = leaf.clone().inner().transpose() * factors.clone().inner().reshape([257, 131]);
        assert_eq!(values(turned), values(by_ops), "{name}");
        let d = Tensor::<2>::from_data(d, &device);
        let gradient = leaf.grad(&(out * d.clone()).sum().backward()).unwrap();
        assert_eq!(values(gradient), values((d * factors).inner()), "{name}");
    }
}

#[test]
fn squares_are_summed() {
    for (name, device, tolerance) in devices() {
        let data = random(&mut Xoshiro256PlusPlus::seed_from_u64(11), [131, 257]);
        let expected: f64 = data.iter::<f32>().map(|x| f64::from(x).powi(2)).sum();
        let x = Tensor::<2>::from_data(data, &device);
        let found = values(sum_of_squares(x));
        assert_close(name, &found, &[expected as f32], tolerance);
    }
}

/// Whole pages without a gradient, some of them with moments: what is left out must change nothing.
#[test]
fn adam_on_words_that_do_not_occur() {
    for (name, device, _) in devices() {
        for (l2, decay) in [(0.0, 0.1), (0.0, 0.0), (0.02, 0.1)] {
            let hyper = AdamHyper {
                rate: 0.01,
                beta1: 0.8,
                beta2: 0.99,
                eps: 1e-5,
                decay,
                l2,
                gradient_scale: 0.5,
                step: 3,
            };
            let n = 20_000;
            let p = random(&mut Xoshiro256PlusPlus::seed_from_u64(12), [n]);
            let only = |page: usize, value: f32| -> Vec<f32> {
                let there = |at: usize| (at / 1000 % 8 == page) as u8;
                (0..n).map(|at| f32::from(there(at)) * value).collect()
            };
            let tensor =
                |values: Vec<f32>| Tensor::<1>::from_data(TensorData::new(values, [n]), &device);
            let (g, m, s) = (only(1, 0.3), only(3, -0.2), only(5, 0.04));
            let start = Tensor::<1>::from_data(p.clone(), &device);
            let (p2, m2, s2) = adam_update(
                start,
                tensor(g.clone()),
                tensor(m.clone()),
                tensor(s.clone()),
                hyper,
            );
            let mut expected = [Vec::new(), Vec::new(), Vec::new()];
            for (at, p) in p.iter::<f32>().enumerate() {
                let kept = p * (1.0 - 0.01 * decay) as f32;
                let grad = g[at] * 0.5 + kept * l2 as f32;
                let first = m[at] * 0.8 + grad * 0.2;
                let second = s[at] * 0.99 + grad * grad * 0.01;
                let root = (f64::from(second) / (1.0 - 0.99f64.powi(3))).sqrt() + 1e-5;
                let rate = 0.01 / (1.0 - 0.8f64.powi(3));
                let stepped = f64::from(kept) - f64::from(first) / root * rate;
                expected[0].push(stepped as f32);
                expected[1].push(first);
                expected[2].push(second);
            }
            for (found, expected) in [p2, m2, s2].into_iter().zip(&expected) {
                let pairs = values(found).into_iter().zip(expected);
                // A moment without squares makes steps of hundreds.
                let error = pairs.map(|(a, b)| (a - b).abs() / b.abs().max(1.0));
                let worst = error.fold(0.0, f32::max);
                assert!(worst < 1e-6, "{name}, l2 {l2}, decay {decay}: {worst:e}");
            }
        }
    }
}

#[test]
fn adam_follows_its_formula() {
    let hyper = AdamHyper {
        rate: 0.01,
        beta1: 0.8,
        beta2: 0.99,
        eps: 1e-5,
        decay: 0.1,
        l2: 0.02,
        gradient_scale: 0.5,
        step: 3,
    };
    for (name, device, tolerance) in devices() {
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(4);
        let n = 40_001;
        let [p, g, m, s] = [0, 1, 2, 3].map(|_| random(rng, [n]));
        let tensor = |data: &TensorData| Tensor::<1>::from_data(data.clone(), &device);
        let s = tensor(&s).abs();
        let kept = tensor(&p) * (1.0 - 0.01 * 0.1);
        let grad = tensor(&g) * 0.5 + kept.clone() * 0.02;
        let first = tensor(&m) * 0.8 + grad.clone() * 0.2;
        let second = s.clone() * 0.99 + grad.clone() * grad * 0.01;
        let root = (second.clone() / (1.0 - 0.99f64.powi(3))).sqrt() + 1e-5;
        let expected = kept - first.clone() / root * (0.01 / (1.0 - 0.8f64.powi(3)));
        let (p, m, s) = adam_update(tensor(&p), tensor(&g), tensor(&m), s, hyper);
        assert_close(
            &format!("{name}: parameter"),
            &values(p),
            &values(expected),
            tolerance,
        );
        assert_close(
            &format!("{name}: first moment"),
            &values(m),
            &values(first),
            tolerance,
        );
        assert_close(
            &format!("{name}: second moment"),
            &values(s),
            &values(second),
            tolerance,
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn lstm_on_random_shapes(steps in 1usize..8, rows in 1usize..20, width in 1usize..40, units in 1usize..70, seed: u64) {
        check_lstm(steps, rows, width, units, seed);
    }

    #[test]
    fn loss_on_random_shapes(rows in 1usize..40, width in 1usize..40, vocabulary in 1usize..300, seed: u64) {
        check_loss(rows, width, vocabulary, 0, seed);
    }
}
