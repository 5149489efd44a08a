//! Observers that decide: stopping, keeping, lowering the rate.

use ulmfit_train::observe::{
    BatchEnd, Control, CsvLog, EarlyStopping, History, KeepBest, Observer, ReduceOnPlateau,
};
use ulmfit_train::{Result, Run, Stage, Training, evaluate_classifier, evaluate_language_model};

use crate::{
    classifier, documents, documents_of, fit_classifier, fit_language_model, language_model, stage,
    stream, stream_from,
};

/// The lowest validation loss, which must not be that of the last epoch.
fn best(history: &History) -> f64 {
    let losses: Vec<f64> = history
        .epochs
        .iter()
        .filter_map(|epoch| epoch.valid_loss)
        .collect();
    let best = losses
        .iter()
        .fold(f64::INFINITY, |best, &loss| best.min(loss));
    assert_ne!(
        losses.last(),
        Some(&best),
        "the last epoch must not be the best here"
    );
    best
}

/// The stage and number of every epoch that was reported.
fn epochs(history: &History) -> Vec<(&str, usize)> {
    let epochs = history.epochs.iter();
    epochs
        .map(|epoch| (epoch.stage.as_str(), epoch.epoch))
        .collect()
}

#[test]
fn a_stage_that_stops_is_followed_by_the_next() {
    let (train, valid) = (stream(200, 2), stream(95, 2));
    // No epoch is better than the first by so much.
    let stop = EarlyStopping::default().with_min_delta(1e3);
    let mut watch = (History::default(), stop);
    let stages = Training::new([stage("one", 5, 1e-2), stage("two", 3, 1e-3)]);
    let mut run = Run::new(&mut watch);
    fit_language_model(language_model(), &stages, &train, Some(&valid), &mut run).unwrap();
    assert_eq!(
        epochs(&watch.0),
        [("one", 1), ("one", 2), ("two", 1), ("two", 2)]
    );
}

#[test]
fn a_stage_that_stops_within_an_epoch_does_not_report_it() {
    struct AfterTwo;
    impl Observer for AfterTwo {
        fn after_batch(&mut self, batch: &BatchEnd) -> Result<Control> {
            let enough = batch.batch == 2;
            Ok(if enough {
                Control::Stop
            } else {
                Control::Continue
            })
        }
    }
    let mut watch = (History::default(), AfterTwo);
    let stages = Training::new([stage("one", 2, 1e-2)]);
    let mut run = Run::new(&mut watch);
    fit_classifier(classifier(), &stages, &documents(40), None, &mut run).unwrap();
    assert_eq!(epochs(&watch.0), []);
}

#[test]
fn the_best_language_model_is_returned() {
    // What is learned does harm: the validation text has other words.
    let (train, valid) = (stream(400, 4), stream_from(25, 120, 2));
    let mut watch = (History::default(), KeepBest::default());
    let stages = Training::new([stage("one", 4, 1e-2)]);
    let mut run = Run::new(&mut watch);
    let model =
        fit_language_model(language_model(), &stages, &train, Some(&valid), &mut run).unwrap();
    let best = best(&watch.0);
    assert_eq!(evaluate_language_model(&model, &valid).loss, best);
}

#[test]
fn the_best_classifier_is_returned_with_its_running_statistics() {
    // What is learned does harm: the validation classes are the other way round.
    let (train, valid) = (documents(40), documents_of(17, 1));
    let mut watch = (History::default(), KeepBest::default());
    let stages = Training::new([stage("one", 4, 1e-2)]);
    let mut run = Run::new(&mut watch);
    let fitted = fit_classifier(classifier(), &stages, &train, Some(&valid), &mut run).unwrap();
    let best = best(&watch.0);
    assert_eq!(evaluate_classifier(&fitted.model, &valid).loss, best);
    assert_eq!(fitted.scores.unwrap().loss, best);
}

#[test]
fn the_scores_are_those_of_the_model_that_is_returned() {
    let (train, valid) = (documents(40), documents_of(17, 1));
    let last = |stages: &[Stage], observer: &mut dyn Observer| {
        let (stages, mut run) = (Training::new(stages), Run::new(observer));
        let fitted = fit_classifier(classifier(), &stages, &train, Some(&valid), &mut run).unwrap();
        let again = evaluate_classifier(&fitted.model, &valid);
        assert_eq!(fitted.scores.unwrap().probabilities, again.probabilities);
    };
    last(&[], &mut ());
    last(&[stage("one", 2, 1e-2), stage("two", 1, 1e-2)], &mut ());
    // Cut within an epoch, behind one that was evaluated.
    last(&[stage("one", 3, 1e-2)], &mut AfterSeven(0));
}

struct AfterSeven(usize);

impl Observer for AfterSeven {
    fn after_batch(&mut self, _: &BatchEnd) -> Result<Control> {
        self.0 += 1;
        Ok(match self.0 {
            7 => Control::Stop,
            _ => Control::Continue,
        })
    }
}

#[test]
fn a_plateau_lowers_the_rates_until_the_stage_ends() {
    let (train, valid) = (stream(200, 2), stream(95, 2));
    let plateau = ReduceOnPlateau::default().with_min_delta(1e3);
    let mut watch = (History::default(), plateau);
    let stages = Training::new([stage("one", 4, 1e-2), stage("two", 1, 1e-2)]);
    let mut run = Run::new(&mut watch);
    fit_language_model(language_model(), &stages, &train, Some(&valid), &mut run).unwrap();
    let rates = watch.0.epochs.iter().map(|epoch| epoch.rate);
    for (found, expected) in rates.zip([1e-2, 1e-2, 1e-3, 1e-4, 1e-2]) {
        assert!(
            (found / expected - 1.0_f64).abs() < 1e-9,
            "{found} against {expected}"
        );
    }
}

#[test]
fn a_log_has_a_line_for_every_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.csv");
    let mut log = CsvLog::create(&path).unwrap();
    let mut run = Run::new(&mut log);
    let stages = Training::new([stage("one", 2, 1e-3)]);
    fit_classifier(classifier(), &stages, &documents(20), None, &mut run).unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), 3);
}
