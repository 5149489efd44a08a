//! How often a run is scored: what changes, and what must not.

use ulmfit_train::observe::{Control, Decision, EpochEnd, History, KeepBest, Observer};
use ulmfit_train::{Result, Run, Training, Validate};

use crate::{
    classifier, documents, documents_of, fit_classifier, fit_language_model, language_model, stage,
    stream,
};

const ALL: [Validate; 3] = [Validate::EachEpoch, Validate::EachStage, Validate::AtEnd];

/// In which epochs of stages of two, one and two epochs the data are scored.
const SCORED: [[bool; 5]; 3] = [
    [true; 5],
    [false, true, true, false, true],
    [false, false, false, false, true],
];

#[test]
fn a_classifier_is_the_same_however_often_it_is_scored() {
    let (train, valid) = (documents(40), documents_of(17, 1));
    let stages = [("one", 2), ("two", 1), ("three", 2)].map(|(name, n)| stage(name, n, 1e-2));
    let stages = Training::new(stages);
    let fits: Vec<_> = ALL
        .into_iter()
        .zip(SCORED)
        .map(|(validate, scored)| {
            let mut history = History::default();
            let mut run = Run::new(&mut history).with_validate(validate);
            let fitted =
                fit_classifier(classifier(), &stages, &train, Some(&valid), &mut run).unwrap();
            let epochs = history.epochs.iter();
            let found: Vec<bool> = epochs.map(|epoch| epoch.valid_loss.is_some()).collect();
            assert_eq!(found, scored, "{validate:?}");
            let last = history.epochs[4].valid_loss;
            let scores = fitted.scores.unwrap();
            assert_eq!(last, Some(scores.loss));
            scores.probabilities
        })
        .collect();
    assert!(fits.iter().all(|fit| *fit == fits[0]));
}

#[test]
fn a_language_model_is_scored_as_often_as_asked() {
    let (train, valid) = (stream(200, 2), stream(95, 2));
    let stages = [("one", 2), ("two", 1), ("three", 2)].map(|(name, n)| stage(name, n, 1e-2));
    let stages = Training::new(stages);
    for (validate, scored) in ALL.into_iter().zip(SCORED) {
        let mut history = History::default();
        let mut run = Run::new(&mut history).with_validate(validate);
        fit_language_model(language_model(), &stages, &train, Some(&valid), &mut run).unwrap();
        let epochs = history.epochs.iter();
        let found: Vec<bool> = epochs.map(|epoch| epoch.metric().is_some()).collect();
        assert_eq!(found, scored, "{validate:?}");
    }
}

#[test]
fn a_run_that_is_stopped_early_has_scores_all_the_same() {
    struct AfterOne;
    impl Observer for AfterOne {
        fn after_epoch(&mut self, _: &EpochEnd) -> Result<Decision> {
            Ok(Decision {
                control: Control::Stop,
                ..Decision::default()
            })
        }
    }
    let (train, valid) = (documents(40), documents_of(17, 1));
    let mut watch = (History::default(), AfterOne);
    let stages = Training::new([stage("one", 3, 1e-2)]);
    let mut run = Run::new(&mut watch).with_validate(Validate::AtEnd);
    let fitted = fit_classifier(classifier(), &stages, &train, Some(&valid), &mut run).unwrap();
    assert_eq!(watch.0.epochs.len(), 1);
    assert_eq!(fitted.scores.unwrap().probabilities.len(), 17);
}

#[test]
fn what_needs_each_epochs_scores_says_so() {
    let (train, valid) = (documents(40), documents_of(17, 1));
    let mut watch = KeepBest::default();
    let stages = Training::new([stage("one", 3, 1e-2)]);
    let mut run = Run::new(&mut watch).with_validate(Validate::AtEnd);
    let error = fit_classifier(classifier(), &stages, &train, Some(&valid), &mut run);
    assert_eq!(
        error.unwrap_err().to_string(),
        "keeping the best model needs the loss after every epoch, found none; give validation data and score them after each epoch"
    );
}
