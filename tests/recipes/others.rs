//! Courses, notebooks and MultiFiT.

use ulmfit::model::Cell;
use ulmfit::prelude::*;
use ulmfit::text::VocabStyle;
use ulmfit::train::optimizer::{NtAsgdConfig, OptimizerConfig};
use ulmfit::train::{ClassWeights, LossRecipe};

use crate::{
    adam, batches, both_drops, close, drops, first_stage, gradual_unfreezing, recipe, stage,
};

#[test]
fn numbers_of_the_notebook_of_2018() {
    batches("dl2", 52, 70, 52, 24);
    let r = recipe("dl2");
    assert_eq!((r.vocabulary.max_size, r.vocabulary.min_freq), (60_000, 3));
    // [.25, .1, .2, .02, .15] * 0.7 and half of the classifier's.
    both_drops(
        &r,
        [0.014, 0.175, 0.14, 0.105, 0.07],
        [0.025, 0.2, 0.25, 0.15, 0.2],
    );
    let lm = adam(r.language_model.optimizer);
    assert_eq!((lm.beta2, lm.l2, lm.clip), (0.99, 1e-7, None));
    let classifier = adam(r.classifier.optimizer);
    assert_eq!((classifier.l2, classifier.clip), (0.0, Some(0.25)));
    // lrs/2 of 1e-3 under (32, 2); 1e-3 under (20, 10).
    let [first] = &r.language_model.adapt[..] else {
        panic!()
    };
    stage(first, 1, Trained::Last(1), &[1.5625e-5; 4], 0.8);
    close(&[first.schedule.at(50, 100).rate], &[1.0]);
    let [all] = &r.language_model.finetune[..] else {
        panic!()
    };
    stage(all, 15, Trained::All, &[5e-5; 4], 0.8);
    close(&[all.schedule.at(10, 100).rate], &[1.0]);
    // [1e-4, 1e-4, 1e-4, 1e-3, 1e-2] / 8 and / 32.
    let [head, two, all] = &r.classifier.stages[..] else {
        panic!()
    };
    let first = [1.25e-5, 1.25e-5, 1.25e-5, 1.25e-4, 1.25e-3];
    stage(head, 1, Trained::Last(1), &first, 0.7);
    stage(two, 1, Trained::Last(2), &first, 0.7);
    stage(all, 14, Trained::All, &first.map(|rate| rate / 4.0), 0.7);
}

#[test]
fn numbers_of_fastbook() {
    batches("fastbook", 16, 80, 16, 16);
    let r = recipe("fastbook");
    assert_eq!(r.tokenizer.rules, RulePreset::FastaiV2);
    assert_eq!(r.vocabulary.style, VocabStyle::FastaiV2);
    drops(
        r.language_model.finetune_dropouts(),
        [0.006, 0.075, 0.06, 0.045, 0.03],
    );
    let adam = adam(r.language_model.optimizer);
    assert_eq!(
        (adam.eps, adam.decay, adam.l2, adam.clip),
        (1e-5, 0.01, 0.0, None)
    );
    first_stage(&r.language_model.adapt, Trained::Last(1), 8e-4, 4, 0.8);
    stage(
        &r.language_model.finetune[0],
        10,
        Trained::All,
        &[8e-5; 4],
        0.8,
    );
    gradual_unfreezing(&r.classifier.stages, [8e-4; 5]);
}

#[test]
fn numbers_of_the_kaggle_notebook() {
    batches("kaggle", 32, 70, 32, 32);
    let r = recipe("kaggle");
    assert_eq!(
        (r.tokenizer.rules, r.vocabulary.min_freq),
        (RulePreset::FastaiV1, 2)
    );
    both_drops(
        &r,
        [0.01, 0.125, 0.1, 0.075, 0.05],
        [0.025, 0.2, 0.25, 0.15, 0.2],
    );
    assert_eq!(
        (r.classifier.window.bptt, r.classifier.window.max_len),
        (70, 1400)
    );
    first_stage(&r.language_model.adapt, Trained::Last(1), 4e-4, 4, 0.95);
    // slice(1e-4, 1e-2) over four groups and over five, / 25.
    let first = [4e-6, 1.8566e-5, 8.6177e-5, 4e-4];
    stage(&r.language_model.finetune[0], 3, Trained::All, &first, 0.95);
    let [head, all] = &r.classifier.stages[..] else {
        panic!()
    };
    stage(head, 1, Trained::Last(1), &[4e-4; 5], 0.95);
    stage(
        all,
        3,
        Trained::All,
        &[4e-6, 1.2649e-5, 4e-5, 1.2649e-4, 4e-4],
        0.95,
    );
}

#[test]
fn numbers_of_multifit() {
    batches("multifit", 20, 70, 50, 18);
    let r = recipe("multifit");
    assert_eq!(r.cell, Cell::Qrnn);
    assert_eq!(
        (r.sizes.embed, r.sizes.hidden, r.sizes.layers),
        (400, 1550, 4)
    );
    assert_eq!(r.vocabulary.max_size, 15_000);
    drops(r.language_model.pretrain_dropouts(), [0.0; 5]);
    both_drops(
        &r,
        [0.006, 0.06, 0.045, 0.03, 0.075],
        [0.01, 0.1, 0.075, 0.05, 0.125],
    );
    let smoothed = LossRecipe {
        smoothing: 0.1,
        weights: ClassWeights::Even,
    };
    assert_eq!(r.classifier.loss, smoothed);
    let lm = adam(r.language_model.optimizer);
    assert_eq!(
        (lm.eps, lm.decay, lm.l2, lm.clip),
        (1e-8, 0.0, 1e-7, Some(0.12))
    );
    stage(
        &r.language_model.pretrain[0],
        10,
        Trained::All,
        &[2e-4; 5],
        0.8,
    );
    first_stage(&r.language_model.adapt, Trained::Last(1), 4e-4, 5, 0.8);
    stage(
        &r.language_model.finetune[0],
        20,
        Trained::All,
        &[4e-5; 5],
        0.8,
    );
    // From 1e-2 / 2.6^4 = 2.1883e-4 to 2e-2 over six groups, / 25.
    let first = [
        8.7532e-6, 2.1595e-5, 5.3277e-5, 1.3144e-4, 3.2427e-4, 8.0000e-4,
    ];
    let [all] = &r.classifier.stages[..] else {
        panic!()
    };
    stage(all, 8, Trained::All, &first, 0.8);
}

#[test]
fn numbers_of_awd_lstm() {
    batches("awd_lstm", 80, 70, 80, 32);
    let r = recipe("awd_lstm");
    assert_eq!(
        (r.sizes.embed, r.sizes.hidden, r.sizes.layers),
        (400, 1150, 3)
    );
    drops(
        r.language_model.pretrain_dropouts(),
        [0.1, 0.65, 0.5, 0.2, 0.4],
    );
    let OptimizerConfig::NtAsgd(asgd) = r.language_model.optimizer else {
        panic!("{:?}", r.language_model.optimizer)
    };
    assert_eq!(asgd, NtAsgdConfig::default());
    assert_eq!((asgd.sgd.clip, asgd.sgd.l2), (Some(0.25), 1.2e-6));
    let [all] = &r.language_model.pretrain[..] else {
        panic!()
    };
    stage(all, 750, Trained::All, &[30.0; 4], 0.0);
    assert!(r.language_model.keep_best);
}
