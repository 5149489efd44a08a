//! What the kernels leave out of memory on the CPU, as Linux counts it.

#![cfg(all(target_os = "linux", feature = "flex"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use ulmfit_kernels::{AdamHyper, adam_update, embedding_rows};

/// Resident memory that belongs to no file, in megabytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib: f64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024.0 / 1e6
}

#[test]
fn words_that_do_not_occur_take_neither_gradient_nor_moments() {
    let (words, width) = (100_000, 200);
    let n = words * width;
    let device = Device::flex();
    let weight = TensorData::new(vec![1.0f32; n], [words, width]);
    let weight = Tensor::<2>::from_data(weight, &device.clone().autodiff()).require_grad();
    let before = resident();
    assert!(before > 80.0, "the weight itself: {before} MB");
    let loss = embedding_rows(weight.clone(), &[7, 50_000, 99_999], None).sum();
    let gradient = weight.grad(&loss.backward()).unwrap();
    let zeros = || Tensor::<1>::from_data(TensorData::new(vec![0.0f32; n], [n]), &device);
    let hyper = AdamHyper {
        rate: 0.1,
        beta1: 0.9,
        beta2: 0.99,
        eps: 1e-5,
        decay: 0.01,
        l2: 0.0,
        gradient_scale: 1.0,
        step: 1,
    };
    let flat = weight.inner().reshape([n]);
    let stepped = adam_update(flat, gradient.clone().reshape([n]), zeros(), zeros(), hyper);
    // Dense, each of the three is 80 MB.
    let more = resident() - before;
    assert!(more < 20.0, "{more} MB more");
    let values = |x: Tensor<1>| x.into_data().iter::<f32>().collect::<Vec<_>>();
    assert_eq!(values(gradient.reshape([n])).iter().sum::<f32>(), 600.0);
    assert!(values(stepped.1)[50_000 * width] > 0.0);
}
