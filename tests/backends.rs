//! One tiny run of the three steps on every backend of this build, in every precision that it has: the same losses as on the
//! CPU.
//!
//! Initial weights and masks are drawn on the host from one seed, so that backends can be compared step by step.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ulmfit::burn::tensor::Device;
use ulmfit::kernels::MatmulPrecision;
use ulmfit::prelude::*;
use ulmfit::train::observe::{EpochEnd, History};

/// The devices of this build beside the first, which the others are compared with.
#[allow(
    clippy::vec_init_then_push,
    deprecated,
    reason = "`ndarray` is tested as long as Burn ships it"
)]
fn devices() -> Vec<(&'static str, Device)> {
    vec![
        #[cfg(feature = "flex")]
        ("flex", Device::flex()),
        #[cfg(feature = "ndarray")]
        ("ndarray", Device::ndarray()),
        #[cfg(feature = "wgpu")]
        (
            "wgpu",
            Device::wgpu(ulmfit::burn::tensor::DeviceKind::DefaultDevice),
        ),
        #[cfg(feature = "vulkan")]
        (
            "vulkan",
            Device::vulkan(ulmfit::burn::tensor::DeviceKind::DefaultDevice),
        ),
        #[cfg(feature = "cuda")]
        ("cuda", Device::cuda(0)),
    ]
}

fn corpus() -> Corpus {
    let document = |i: u32| {
        let (label, word) = if i.is_multiple_of(2) {
            (0, "dreadful")
        } else {
            (1, "lovely")
        };
        let text = format!("A {word} film about the number {i}, and so on and so forth.");
        Document::labeled(text, label)
    };
    Corpus::new(
        (0..24).map(document).collect(),
        vec!["neg".into(), "pos".into()],
    )
    .unwrap()
}

fn epochs(device: &Device) -> Vec<EpochEnd> {
    let mut recipe = Recipe::default().with_sizes(Sizes {
        embed: 12,
        hidden: 20,
        layers: 2,
    });
    recipe.language_model.batch_size = 4;
    recipe.language_model.seq_len = 12;
    recipe.classifier.batch_size = 8;
    let learned = Ulmfit::builder()
        .recipe(recipe)
        .seed(3)
        .fit(&corpus(), device)
        .unwrap();
    let History { epochs } = learned.history;
    epochs
}

/// The losses of a run are within a share of those expected.
fn assert_losses(what: &str, actual: &[EpochEnd], expected: &[EpochEnd], tolerance: f64) {
    for (actual, expected) in actual.iter().zip(expected) {
        let losses = [
            (actual.train_loss, expected.train_loss),
            (actual.valid_loss.unwrap(), expected.valid_loss.unwrap()),
        ];
        for (actual_loss, expected_loss) in losses {
            let error = (actual_loss - expected_loss).abs() / expected_loss;
            let stage = &actual.stage;
            assert!(
                error < tolerance,
                "{what}, {stage}: {actual_loss} against {expected_loss}"
            );
        }
    }
}

/// One test for all: the precision is a setting of the process.
#[test]
fn every_backend_has_the_losses_of_the_first_in_every_precision() {
    let mut expected: Option<Vec<EpochEnd>> = None;
    for (name, device) in devices() {
        MatmulPrecision::Fp32.set();
        let single = epochs(&device);
        assert_eq!(single.len(), 7);
        let expected = expected.get_or_insert_with(|| single.clone());
        assert_losses(name, &single, expected, 1e-3);
        for precision in [MatmulPrecision::Bf16, MatmulPrecision::Fp16] {
            if precision.runs_on(&device) {
                precision.set();
                let what = format!("{name} in {precision}");
                assert_losses(&what, &epochs(&device), expected, 0.02);
            }
        }
    }
}

#[test]
fn the_compiled_backends_are_those_that_are_told_to_begin_slowly() {
    for (name, device) in devices() {
        let compiled = !["flex", "ndarray"].contains(&name);
        assert_eq!(
            ulmfit::device::slow_start(&device).is_some(),
            compiled,
            "{name}"
        );
    }
}
