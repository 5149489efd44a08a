//! Stages of one group: everything else stays as it is, bit for bit.

use burn::tensor::Device;
use ulmfit_model::{AwdLstmConfig, Classifier, ClassifierConfig, Random};
use ulmfit_train::schedule::GroupRates;
use ulmfit_train::{LayerGroups, Recipe, Run, Stage, Trained, Training};

use crate::{documents, fit_classifier, fit_language_model, language_model, stream, values};

/// A classifier of five groups.
fn classifier() -> Classifier {
    let device = Device::default().autodiff();
    let sizes = AwdLstmConfig::new(40).with_sizes(6, 10, 3);
    let encoder = sizes.init(&mut Random::new(2), &device).unwrap();
    ClassifierConfig::new(2).init(encoder, 3, &device).unwrap()
}

/// The parameters of each group, without the running statistics of the head.
fn groups(model: &Classifier) -> Vec<Vec<f32>> {
    let mut groups = vec![values(&model.encoder.embedding)];
    groups.extend(model.encoder.layers.iter().map(values));
    let head = model.head.blocks.iter().flat_map(|block| {
        let norm = &block.norm;
        [
            values(&block.weight),
            values(&norm.weight),
            values(&norm.bias),
        ]
        .concat()
    });
    groups.push(head.collect());
    groups
}

#[test]
fn chain_thaw_trains_the_named_groups_and_no_other() {
    let recipe = Recipe::by_name("chain_thaw").unwrap();
    let mut model = classifier();
    let n = LayerGroups::classifier(&model).len();
    let mut alone = Vec::new();
    for stage in &recipe.classifier.stages {
        let before = groups(&model);
        let training = Training::new([stage.clone()]).with_optimizer(recipe.classifier.optimizer);
        let mut run = Run::default();
        model = fit_classifier(model, &training, &documents(24), None, &mut run)
            .unwrap()
            .model;
        let after = groups(&model);
        let changed: Vec<usize> = (0..n).filter(|&g| before[g] != after[g]).collect();
        let expected: Vec<usize> = match stage.trained {
            Trained::Last(count) => (n - count..n).collect(),
            Trained::Only(group) => {
                alone.push(group);
                vec![group]
            }
            Trained::All => (0..n).collect(),
        };
        assert_eq!(changed, expected, "{}", stage.name);
    }
    assert_eq!(alone, [0, 1, 2, 3]);
}

#[test]
fn a_group_that_the_model_does_not_have_is_named() {
    let data = stream(400, 2);
    let stage = Stage::one_cycle("deep", 1, Trained::Only(3), GroupRates::Same(1e-2));
    let (training, mut run) = (Training::new([stage]), Run::default());
    let error = fit_language_model(language_model(), &training, &data, None, &mut run);
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("`deep`") && message.contains("0 to 2, found 3"),
        "{message}"
    );
}
