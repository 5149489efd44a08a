//! NT-ASGD in the loop.

use ulmfit_train::observe::History;
use ulmfit_train::optimizer::{Averaging, NtAsgdConfig, OptimizerConfig, SgdConfig};
use ulmfit_train::{Run, Training, evaluate_language_model};

use crate::{apart, fit_language_model, language_model, stage, stream};

fn averaged(averaging: Averaging) -> OptimizerConfig {
    OptimizerConfig::NtAsgd(NtAsgdConfig {
        averaging,
        ..NtAsgdConfig::default()
    })
}

#[test]
fn the_average_is_validated_and_returned() {
    let (train, valid) = (stream(400, 4), stream(120, 2));
    let stages = [stage("all", 3, 5.0)];
    let run = |optimizer: OptimizerConfig| {
        let mut history = History::default();
        let training = Training::new(&stages[..]).with_optimizer(optimizer);
        let mut run = Run::new(&mut history);
        let model = fit_language_model(language_model(), &training, &train, Some(&valid), &mut run)
            .unwrap();
        (model, history)
    };
    let (model, history) = run(averaged(Averaging::FromStart));
    let shown = history.epochs[2].valid_loss.unwrap();
    assert_eq!(evaluate_language_model(&model, &valid).loss, shown);

    let (plain, _) = run(OptimizerConfig::Sgd(SgdConfig::default()));
    assert!(
        apart(&model, &plain) > 1e-3,
        "the average is not the last model"
    );
    // Until the trigger fires nothing is averaged.
    let (waiting, _) = run(averaged(Averaging::NonMonotonic { epochs: 5 }));
    assert_eq!(apart(&waiting, &plain), 0.0);
}

#[test]
fn waiting_for_a_validation_loss_that_never_comes_is_an_error() {
    let optimizer = averaged(Averaging::NonMonotonic { epochs: 5 });
    let training = Training::new([stage("all", 1, 1.0)]).with_optimizer(optimizer);
    let (data, mut run) = (stream(95, 2), Run::default());
    let result = fit_language_model(language_model(), &training, &data, None, &mut run);
    let message = result.err().map(|error| error.to_string()).unwrap();
    assert_eq!(
        message,
        "nt_asgd needs the loss after every epoch, found none; give validation data and score them after each epoch"
    );
}
