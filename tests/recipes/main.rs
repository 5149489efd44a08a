//! The registered recipes: their numbers, by hand from the sources, and a run of each on the bundled sample.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authors;
mod others;

use std::path::Path;

use ulmfit::model::Cut;
use ulmfit::prelude::*;
use ulmfit::train::observe::History;
use ulmfit::train::optimizer::OptimizerConfig;
use ulmfit::train::schedule::GroupRates;
use ulmfit::train::{Run, Validate, steps};

fn bundled() -> ReviewSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    ReviewSet::open(folder).unwrap()
}

/// So many of the bundled training reviews.
fn sample(documents: usize) -> Corpus {
    bundled().train.balanced(documents, 1).unwrap()
}

fn small() -> Sizes {
    Sizes {
        embed: 8,
        hidden: 12,
        layers: 1,
    }
}

fn recipe(name: &str) -> Recipe {
    Recipe::by_name(name).unwrap()
}

fn adam(optimizer: OptimizerConfig) -> AdamConfig {
    match optimizer {
        OptimizerConfig::Adam(adam) => adam,
        other => panic!("{other:?}"),
    }
}

/// Batch size and tokens of a row of the language model, batch size of step 1, and batch size of the classifier.
#[track_caller]
fn batches(name: &str, lm: usize, seq_len: usize, pretrain: usize, classifier: usize) {
    let recipe = recipe(name);
    let own = &recipe.language_model;
    let first = own.pretrain_batch_size.unwrap_or(own.batch_size);
    let found = (
        own.batch_size,
        own.seq_len,
        first,
        recipe.classifier.batch_size,
    );
    assert_eq!(found, (lm, seq_len, pretrain, classifier), "{name}");
}

/// Embed, input, weight, hidden and output.
#[track_caller]
fn drops(found: Dropouts, expected: [f64; 5]) {
    let found = [
        found.embed,
        found.input,
        found.weight,
        found.hidden,
        found.output,
    ];
    close(&found, &expected);
}

#[track_caller]
fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} for {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        let near = (a - b).abs() <= 1e-4 * b.abs();
        assert!(near, "{found:?} for {expected:?}");
    }
}

/// A stage: its epochs, its groups, the rates at step 0 of 100 and the momentum there.
#[track_caller]
fn stage(stage: &Stage, epochs: usize, trained: Trained, first: &[f64], momentum: f64) {
    assert_eq!(
        (stage.epochs, stage.trained),
        (epochs, trained),
        "{}",
        stage.name
    );
    let start = stage.schedule.at(0, 100);
    let peaks = stage.rates.rates(first.len()).unwrap();
    let rates: Vec<f64> = peaks.iter().map(|peak| peak * start.rate).collect();
    close(&rates, first);
    assert_eq!(start.momentum, momentum, "{}", stage.name);
}

/// The first of a list of stages: one epoch of the groups at one rate.
#[track_caller]
fn first_stage(stages: &[Stage], trained: Trained, rate: f64, groups: usize, momentum: f64) {
    stage(&stages[0], 1, trained, &vec![rate; groups], momentum);
}

/// Dropouts of step 2 and of step 3.
#[track_caller]
fn both_drops(recipe: &Recipe, finetune: [f64; 5], classifier: [f64; 5]) {
    drops(recipe.language_model.finetune_dropouts(), finetune);
    drops(recipe.classifier.scaled_dropouts(), classifier);
}

/// fastai's gradual unfreezing of step 3 behind the stage of the head, whose rates are given: two groups, three, all.
#[track_caller]
fn gradual_unfreezing(stages: &[Stage], head: [f64; 5]) {
    let rates: [[f64; 5]; 4] = [
        head,
        [8.7533e-6, 2.2759e-5, 5.9172e-5, 1.5385e-4, 4e-4],
        [4.3766e-6, 1.1379e-5, 2.9586e-5, 7.6923e-5, 2e-4],
        [8.7533e-7, 2.2759e-6, 5.9172e-6, 1.5385e-5, 4e-5],
    ];
    let groups = [
        Trained::Last(1),
        Trained::Last(2),
        Trained::Last(3),
        Trained::All,
    ];
    assert_eq!(stages.len(), groups.len());
    for (index, one) in stages.iter().enumerate() {
        stage(one, [1, 1, 1, 2][index], groups[index], &rates[index], 0.8);
    }
}

#[test]
fn the_names_are_these() {
    let names = [
        "default",
        "english",
        "paper",
        "scripts",
        "dl2",
        "fastbook",
        "kaggle",
        "multifit",
        "chain_thaw",
        "awd_lstm",
    ];
    assert_eq!(Recipe::ALL, names);
    assert_eq!(Recipe::default(), recipe("default"));
}

#[test]
fn dropouts_out_of_range_are_named_in_every_step() {
    let text = "a good film and a bad film ".repeat(50);
    let device = Device::default();
    let fits = Recipe::default().with_sizes(small());
    let mut nobody = ();
    let mut run = Run::new(&mut nobody).with_seed(1);
    let model = steps::pretrain(&fits, &vec![&text[..]], &device, &mut run).unwrap();
    let mut wild = fits;
    wild.language_model.drop_mult = 10.0;
    let errors = [
        steps::pretrain(&wild, &vec![&text[..]], &device, &mut run).unwrap_err(),
        steps::adapt(&wild, &model, &vec![&text[..]], &device, &mut run).unwrap_err(),
        steps::finetune(&wild, model, &vec![&text[..]], &device, &mut run).unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains("input"), "{error}");
    }
}

#[test]
fn sizes_and_stages_that_do_not_fit_are_named_by_each_step_alone() {
    let train = sample(8);
    let texts = train.texts();
    let device = Device::default();
    let mut nobody = ();
    let mut run = Run::new(&mut nobody).with_seed(1);
    let fits = Recipe::default().with_sizes(small()).with_at_most_epochs(1);
    let mut flat = fits.clone();
    flat.sizes.layers = 0;
    let error = steps::pretrain(&flat, &texts, &device, &mut run).unwrap_err();
    assert!(error.to_string().contains("layers"), "{error}");

    let model = steps::pretrain(&fits, &texts, &device, &mut run).unwrap();
    // Rates for three layers, and a model of one.
    let mut deep = fits;
    deep.language_model.finetune[0].rates = GroupRates::List(vec![1e-3; 4]);
    deep.classifier.stages[0].rates = GroupRates::List(vec![1e-3; 5]);
    let errors = [
        steps::adapt(&deep, &model, &texts, &device, &mut run).unwrap_err(),
        steps::finetune(&deep, model.clone(), &texts, &device, &mut run).unwrap_err(),
        steps::classify(&deep, &model, &train, None, &device, &mut run).unwrap_err(),
    ];
    for error in errors {
        let said = error.to_string();
        assert!(said.contains("layer groups"), "{said}");
    }
}

#[test]
fn a_document_longer_than_all_others_takes_no_more_than_is_read_of_it() {
    let train = sample(40);
    let mut documents = train.documents().to_vec();
    documents[0].text = "a very long film ".repeat(2_000);
    let long = Corpus::new(documents, train.classes().to_vec()).unwrap();
    let mut recipe = Recipe::default().with_sizes(small()).with_at_most_epochs(1);
    recipe.classifier.cut = Cut::Last(50);
    let fit = |corpus: &Corpus| {
        let run = Ulmfit::builder().recipe(recipe.clone());
        let run = run.valid(sample(8)).seed(1).validate(Validate::AtEnd);
        run.fit(corpus, &Device::default()).unwrap()
    };
    let tokens = |learned: &Learned| -> Vec<usize> {
        let epochs = learned.history.epochs.iter();
        epochs.map(|epoch| epoch.tokens).collect()
    };
    let (long, short) = (fit(&long), fit(&train));
    for (long, short) in tokens(&long).into_iter().zip(tokens(&short)) {
        assert!(long <= short + 50, "{long} tokens, {short} without it");
    }
    // Its words are in the vocabulary: all of it was counted.
    assert!(long.classifier.text.vocab().contains("long"));
}

#[test]
fn every_recipe_runs() {
    let (train, valid) = (sample(40), bundled().test.unwrap().take(20));
    let device = Device::default();
    for name in Recipe::ALL {
        let recipe = recipe(name).with_at_most_epochs(1);
        // The layers stay: recipes with a rate for each group depend on their number.
        let recipe = Recipe {
            sizes: Sizes {
                embed: 8,
                hidden: 12,
                ..recipe.sizes
            },
            ..recipe
        };
        let mut history = History::default();
        let mut run = Run::new(&mut history).with_seed(1);
        let texts = train.texts();
        let model = steps::pretrain(&recipe, &texts, &device, &mut run).unwrap();
        assert_eq!(
            model.model.dropouts,
            recipe.language_model.pretrain_dropouts()
        );
        let model = steps::adapt(&recipe, &model, &texts, &device, &mut run).unwrap();
        assert_eq!(
            model.model.dropouts,
            recipe.language_model.finetune_dropouts()
        );
        let classified =
            steps::classify(&recipe, &model, &train, Some(&valid), &device, &mut run).unwrap();
        let classifier = classified.model;
        let config = classifier.model.config();
        assert_eq!(config.loss.smoothing, recipe.classifier.loss.smoothing);
        assert_eq!(classifier.model.encoder.config().cell, recipe.cell);
        let lm = &recipe.language_model;
        let lists = [
            &lm.pretrain,
            &lm.adapt,
            &lm.finetune,
            &recipe.classifier.stages,
        ];
        let stages: Vec<&str> = lists
            .iter()
            .flat_map(|l| l.iter().map(|s| &s.name[..]))
            .collect();
        let seen: Vec<&str> = history.epochs.iter().map(|e| &e.stage[..]).collect();
        assert_eq!(seen, stages, "{name}");
        let finite = |e: &ulmfit::train::observe::EpochEnd| e.train_loss.is_finite();
        assert!(history.epochs.iter().all(finite), "{name}");
    }
}
