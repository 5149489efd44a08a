//! A run goes on under the precision that it began with. A program of its own: the precision is a setting of the process.

use burn::tensor::Device;
use ulmfit_data::LmLoaderConfig;
use ulmfit_kernels::MatmulPrecision;
use ulmfit_model::{AwdLstmConfig, LanguageModelConfig};
use ulmfit_train::schedule::GroupRates;
use ulmfit_train::{Checkpoints, LmLearner, Resume, Run, Stage, Trained, Training, fit};

#[test]
fn another_precision_is_another_run() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let checkpoints = Checkpoints::new(folder.path());
    let stages = [Stage::one_cycle(
        "all",
        1,
        Trained::All,
        GroupRates::Same(1e-2),
    )];
    let sizes = AwdLstmConfig::new(20).with_sizes(4, 6, 1);
    let model = LanguageModelConfig::new(sizes).init(1, &Device::default().autodiff())?;
    let text: Vec<u32> = (0..60).map(|n| 9 + n % 11).collect();
    let train = LmLoaderConfig::new()
        .with_batch_size(2)
        .with_seq_len(5)
        .build(vec![text])?;
    let run = |checkpoints: &Checkpoints| {
        let training = Training::new(&stages[..]);
        let mut run = Run::default().with_checkpoints(checkpoints.clone());
        fit(&LmLearner::new(&train), model.clone(), &training, &mut run)
    };
    MatmulPrecision::Fp32.set();
    run(&checkpoints)?;
    let again = checkpoints.with_resume(Resume::Newest);
    run(&again)?;
    MatmulPrecision::Bf16.set();
    let error = run(&again).expect_err("another run").to_string();
    for part in ["precision", "Bf16", "Fp32"] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
    Ok(())
}
