//! The rate finder leaves the model as it is and reads a rate off a real run.

use ulmfit_data::ClassLoaderConfig;
use ulmfit_train::optimizer::{OptimizerConfig, SgdConfig};
use ulmfit_train::{ClassifierLearner, Error, LmLearner, LrFind, RateCurve, Suggestion, Trained};

use crate::{classifier, documents, language_model, stream, values};

/// What holds for every search.
fn check(curve: &RateCurve) {
    assert_eq!(curve.rates.len(), curve.losses.len());
    assert!((2..=100).contains(&curve.rates.len()));
    assert!((curve.rates[0] - 1e-7).abs() < 1e-20);
    let ratio = 1e8_f64.powf(0.01);
    for pair in curve.rates.windows(2) {
        assert!((pair[1] / pair[0] / ratio - 1.0).abs() < 1e-9);
    }
    for rule in Suggestion::ALL {
        let rate = curve
            .suggest(rule)
            .unwrap_or_else(|| panic!("{}: none", rule.name()));
        assert!((1e-8..10.0).contains(&rate), "{}: {rate}", rule.name());
    }
}

#[test]
fn a_language_model_is_left_as_it_is() {
    let model = language_model();
    let before = values(&model);
    let find = LrFind::default();
    let data = stream(300, 4);
    let learner = LmLearner::new(&data);
    let curve = find.search(&learner, &model).unwrap();
    check(&curve);
    assert_eq!(values(&model), before);
    assert_eq!(find.search(&learner, &model).unwrap(), curve);
}

#[test]
fn a_classifier_is_left_as_it_is_with_its_running_statistics() {
    let model = classifier();
    let before = values(&model);
    let find = LrFind::default().with_trained(Trained::Last(1));
    let data = documents(40);
    check(&find.search(&ClassifierLearner::new(&data), &model).unwrap());
    assert_eq!(values(&model), before);
}

#[test]
fn a_loss_that_explodes_ends_the_search() {
    let find = LrFind {
        end: 1e9,
        smoothing: 0.5,
        ..LrFind::default()
    };
    let sgd = SgdConfig {
        clip: None,
        ..SgdConfig::default()
    };
    let find = find.with_optimizer(OptimizerConfig::Sgd(sgd));
    let data = stream(300, 4);
    let curve = find
        .search(&LmLearner::new(&data), &language_model())
        .unwrap();
    assert!(curve.rates.len() < 100, "{}", curve.rates.len());
}

#[test]
fn nothing_to_train_on_and_no_groups_are_errors() {
    let empty = ClassLoaderConfig::new()
        .build(Vec::<Vec<u32>>::new(), Vec::<u32>::new())
        .unwrap();
    let result = LrFind::default().search(&ClassifierLearner::new(&empty), &classifier());
    assert!(matches!(result, Err(Error::TooLittle { .. })));
    let none = LrFind::default().with_trained(Trained::Last(0));
    let data = documents(40);
    let result = none.search(&ClassifierLearner::new(&data), &classifier());
    assert!(matches!(result, Err(Error::Groups { .. })));
}
