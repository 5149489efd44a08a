//! A scaled loss changes nothing but what half precision can hold. A program of its own: the precision is a setting of the
//! process.
//!
//! On the CPU the operands of fp16 stay in `f32`, so that the scale is all that differs: a power of two, which leaves every
//! bit.

use burn::tensor::Device;
use ulmfit_data::LmLoaderConfig;
use ulmfit_kernels::MatmulPrecision;
use ulmfit_model::{AwdLstmConfig, LanguageModelConfig};
use ulmfit_train::observe::{BatchEnd, Control, Observer};
use ulmfit_train::optimizer::{AdamConfig, OptimizerConfig, SgdConfig};
use ulmfit_train::schedule::GroupRates;
use ulmfit_train::{
    Checkpoints, Error, LmLearner, Result, Resume, Run, Stage, Trained, Training, fit,
};

/// The loss of every batch, each after the steps before it; fails after so many.
struct Losses {
    all: Vec<u64>,
    left: usize,
}

impl Observer for Losses {
    fn after_batch(&mut self, end: &BatchEnd) -> Result<Control> {
        self.all.push(end.loss.to_bits());
        self.left -= 1;
        match self.left {
            0 => Err(Error::Setting {
                name: "cut",
                expected: "",
                found: String::new(),
            }),
            _ => Ok(Control::Continue),
        }
    }
}

/// The losses of a run of 24 batches, or of those until it is cut.
fn losses(
    optimizer: OptimizerConfig,
    accumulate: usize,
    checkpoints: Option<Checkpoints>,
    cut: usize,
) -> std::result::Result<Vec<u64>, Box<dyn std::error::Error>> {
    let sizes = AwdLstmConfig::new(20).with_sizes(4, 6, 1);
    let model = LanguageModelConfig::new(sizes).init(1, &Device::default().autodiff())?;
    let text: Vec<u32> = (0..121).map(|n| 9 + n % 11).collect();
    let train = LmLoaderConfig::new()
        .with_batch_size(2)
        .with_seq_len(5)
        .build(vec![text])?;
    let rates = GroupRates::Same(1e-2);
    let stages = [Stage::one_cycle("all", 2, Trained::All, rates)];
    let mut losses = Losses {
        all: Vec::new(),
        left: cut,
    };
    let training = Training::new(stages)
        .with_optimizer(optimizer)
        .with_accumulate(accumulate);
    let mut run = Run::new(&mut losses).with_checkpoints(checkpoints);
    let done = fit(&LmLearner::new(&train), model, &training, &mut run);
    assert_eq!(done.is_ok(), losses.left > 0);
    Ok(losses.all)
}

#[test]
fn a_scaled_loss_leaves_every_bit() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let adam = AdamConfig::default();
    let clipped = AdamConfig {
        clip: Some(0.1),
        ..adam
    };
    let sgd = SgdConfig {
        clip: Some(0.1),
        ..SgdConfig::default()
    };
    let clipped_sgd = OptimizerConfig::Sgd(sgd);
    for (optimizer, accumulate) in [
        (adam.into(), 1),
        (clipped.into(), 1),
        (clipped.into(), 3),
        (clipped_sgd, 2),
    ] {
        MatmulPrecision::Fp32.set();
        let plain = losses(optimizer, accumulate, None, 100)?;
        assert_eq!(plain.len(), 24);
        MatmulPrecision::Fp16.set();
        assert_eq!(losses(optimizer, accumulate, None, 100)?, plain);

        let folder = tempfile::tempdir()?;
        let checkpoints = Checkpoints::new(folder.path()).with_every_steps(1);
        let checkpoints = checkpoints.with_resume(Resume::Newest);
        let mut cut = losses(optimizer, accumulate, Some(checkpoints.clone()), 10)?;
        // What was after the last checkpoint is trained again.
        cut.truncate(9 / accumulate * accumulate);
        cut.extend(losses(optimizer, accumulate, Some(checkpoints), 100)?);
        assert_eq!(cut, plain);
    }
    Ok(())
}
