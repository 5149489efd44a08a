//! What the operations refuse, on every device of the build.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, Tensor};
use ulmfit_kernels::{AdamHyper, LstmWeights, adam_update, lstm_layer, tied_cross_entropy};

/// Whether it panics with a message that has `part`.
fn refuses(part: &str, work: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err(part);
    let message = panic.downcast_ref::<String>().cloned();
    let message = message.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
    let message = message.unwrap_or_default();
    assert!(
        message.contains(part),
        "expected `{part}`, found `{message}`"
    );
}

#[test]
fn a_short_gradient_is_refused() {
    let device = Device::default();
    let of = |n: usize| Tensor::<1>::ones([n], &device);
    let hyper = AdamHyper {
        rate: 0.1,
        beta1: 0.9,
        beta2: 0.99,
        eps: 1e-5,
        decay: 0.0,
        l2: 0.0,
        gradient_scale: 1.0,
        step: 1,
    };
    for sizes in [[3, 4, 4], [4, 3, 4], [4, 4, 3]] {
        let [gradient, moment1, moment2] = sizes.map(of);
        refuses("the parameter's shape", || {
            drop(adam_update(of(4), gradient, moment1, moment2, hyper));
        });
    }
}

#[test]
fn an_empty_batch_is_refused() {
    let device = Device::default();
    let layer = |rows: usize| {
        let weights = LstmWeights {
            input: Tensor::ones([3, 8], &device),
            hidden: Tensor::ones([2, 8], &device),
            kept: None,
            bias: Tensor::zeros([8], &device),
        };
        let zeros = Tensor::<2>::zeros([rows, 2], &device);
        lstm_layer(
            Tensor::ones([5, rows, 3], &device),
            &weights,
            zeros.clone(),
            zeros,
        )
    };
    assert_eq!(layer(1).hidden.dims(), [5, 1, 2]);
    refuses("at least one row", || drop(layer(0)));
    refuses("at least one row", || {
        let (hidden, weight) = (
            Tensor::zeros([0, 2], &device),
            Tensor::ones([4, 2], &device),
        );
        drop(tied_cross_entropy(
            hidden,
            weight,
            Tensor::zeros([4], &device),
            &[],
        ));
    });
}
