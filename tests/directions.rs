//! Models that read forward, backward, and both as one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use ulmfit::prelude::*;

fn builder() -> (Ulmfit, Corpus) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let set = ReviewSet::open(folder).unwrap();
    let sizes = Sizes {
        embed: 12,
        hidden: 16,
        layers: 1,
    };
    let mut recipe = Recipe::default().with_sizes(sizes);
    recipe.language_model.batch_size = 8;
    recipe.classifier.batch_size = 8;
    recipe.classifier.stages.truncate(2);
    let builder = Ulmfit::builder().recipe(recipe).seed(3);
    let builder = builder.valid(set.test.unwrap().take(20));
    (builder, set.train.balanced(40, 1).unwrap())
}

fn direction(classifier: &TextClassifier) -> Direction {
    classifier.text.tokenizer_config().direction
}

#[test]
fn both_directions_are_two_runs_and_their_mean() {
    let device = Device::default();
    let (builder_of_both, train) = builder();
    let learned = builder_of_both
        .both_directions()
        .fit(&train, &device)
        .unwrap();
    let both = learned.both.as_ref().unwrap();
    assert_eq!(direction(&learned.classifier), Direction::Forward);
    assert_eq!(direction(&both.classifier), Direction::Backward);

    // Each is what a run of its own gives.
    let forward = builder().0.fit(&train, &device).unwrap();
    let backward = builder().0.backward(true).fit(&train, &device).unwrap();
    assert!(forward.both.is_none() && backward.both.is_none());
    assert_eq!(learned.scores.probabilities, forward.scores.probabilities);
    assert_eq!(both.scores.probabilities, backward.scores.probabilities);
    assert_ne!(forward.scores.probabilities, backward.scores.probabilities);

    // The scores are those of the ensemble.
    let valid = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let valid = ReviewSet::open(valid).unwrap().test.unwrap().take(20);
    let predictions = both.ensemble.predict_all(&valid.texts());
    for (prediction, row) in predictions.iter().zip(&both.ensemble_scores.probabilities) {
        for (a, b) in prediction.probabilities.iter().zip(row) {
            assert!((a - b).abs() < 1e-5, "{a} and {b}");
        }
    }
    let stages: Vec<&str> = learned
        .history
        .epochs
        .iter()
        .map(|e| &e.stage[..])
        .collect();
    assert!(stages.contains(&"fine-tune") && stages.contains(&"backward: fine-tune"));
    assert!(learned.report().contains("backward "));

    // Two files, which make the same ensemble.
    let folder = tempfile::tempdir().unwrap();
    let paths = learned
        .save(folder.path().join("reviews.safetensors"))
        .unwrap();
    assert_eq!(paths[1], folder.path().join("reviews.backward.safetensors"));
    let members = paths
        .iter()
        .map(|path| Predictor::load(path, &device).unwrap());
    let loaded = Ensemble::new(members.collect()).unwrap();
    assert_eq!(loaded.predict_all(&valid.texts()), predictions);
}

#[test]
fn a_pretrained_model_must_read_in_the_same_direction() {
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();
    let (one, train) = builder();
    let path = folder.path().join("lm.safetensors");
    one.fit(&train, &device)
        .unwrap()
        .language_model
        .save(&path)
        .unwrap();
    let said = |builder: Ulmfit| builder.fit(&train, &device).unwrap_err().to_string();
    let wrong = said(builder().0.pretrained(&path).backward(true));
    assert!(
        wrong.contains("expected a model that reads backward"),
        "{wrong}"
    );
    assert!(wrong.contains("lm.safetensors"), "{wrong}");
    let missing = said(builder().0.pretrained(&path).both_directions());
    assert!(missing.contains("pretrained_backward"), "{missing}");
    let idle = said(builder().0.pretrained_backward(&path));
    assert!(idle.contains("both_directions"), "{idle}");
    let both = builder().0.pretrained(&path).pretrained_backward(&path);
    let wrong = said(both.both_directions());
    assert!(wrong.contains("reads forward"), "{wrong}");
    assert!(
        builder()
            .0
            .pretrained(&path)
            .backward(false)
            .fit(&train, &device)
            .is_ok()
    );
}
