//! The default, the paper and its scripts.

use ulmfit::model::Cell;
use ulmfit::prelude::*;
use ulmfit::text::VocabStyle;
use ulmfit::train::LossRecipe;
use ulmfit::train::optimizer::{Decayed, OptimizerConfig};

use crate::{adam, batches, both_drops, drops, first_stage, gradual_unfreezing, recipe, stage};

#[test]
fn numbers_of_the_default() {
    batches("default", 64, 70, 64, 32);
    let r = recipe("default");
    both_drops(
        &r,
        [0.006, 0.075, 0.06, 0.045, 0.03],
        [0.025, 0.2, 0.25, 0.15, 0.2],
    );
    assert_eq!(r.language_model.optimizer, OptimizerConfig::default());
    assert_eq!(r.classifier.optimizer, OptimizerConfig::default());
    assert_eq!((r.sizes, r.cell), (Sizes::STANDARD, Cell::Lstm));
    assert_eq!(
        (&r.tokenizer, &r.vocabulary),
        (&TokenizerConfig::new(), &VocabConfig::new())
    );
    assert_eq!(r.classifier.loss, LossRecipe::default());
    // One-cycle begins at a 25th: 0.004 / 25 = 1.6e-4, then / 2.6 each.
    let first = [9.1033e-6, 2.3669e-5, 6.1538e-5, 1.6e-4];
    stage(&r.language_model.finetune[0], 1, Trained::All, &first, 0.8);
    first_stage(&r.language_model.adapt, Trained::Last(1), 8e-4, 4, 0.8);
    first_stage(&r.language_model.pretrain, Trained::All, 4e-4, 4, 0.8);
    let head = [1.7507e-5, 4.5517e-5, 1.1834e-4, 3.0769e-4, 8e-4];
    gradual_unfreezing(&r.classifier.stages, head);
}

#[test]
fn numbers_of_the_paper() {
    batches("paper", 64, 70, 64, 64);
    let r = recipe("paper");
    assert_eq!(
        (r.sizes.embed, r.sizes.hidden, r.sizes.layers),
        (400, 1150, 3)
    );
    assert_eq!(r.tokenizer.rules, RulePreset::Paper);
    both_drops(&r, [0.02, 0.25, 0.2, 0.15, 0.1], [0.05, 0.4, 0.5, 0.3, 0.4]);
    assert_eq!(r.classifier.head.hidden, [50]);
    let adam = adam(r.classifier.optimizer);
    assert_eq!(
        (adam.beta2, adam.decay, adam.l2, adam.clip),
        (0.99, 0.0, 1.2e-6, Some(0.25))
    );
    assert!(r.language_model.adapt.is_empty());
    // STLR begins at a 32nd: 0.004 / 32 = 1.25e-4, 0.01 / 32 = 3.125e-4.
    let first = [7.1120e-6, 1.8491e-5, 4.8077e-5, 1.25e-4];
    stage(&r.language_model.finetune[0], 25, Trained::All, &first, 0.7);
    let first = [6.8385e-6, 1.7780e-5, 4.6228e-5, 1.2019e-4, 3.125e-4];
    let [stages @ .., all] = &r.classifier.stages[..] else {
        panic!()
    };
    for (index, one) in stages.iter().enumerate() {
        stage(one, 1, Trained::Last(index + 1), &first, 0.7);
    }
    stage(all, 46, Trained::All, &first, 0.7);
    assert_eq!(stages.len(), 4);
}

#[test]
fn numbers_of_the_scripts() {
    batches("scripts", 64, 70, 64, 32);
    let r = recipe("scripts");
    assert_eq!((r.vocabulary.max_size, r.vocabulary.min_freq), (30_000, 2));
    assert_eq!(r.vocabulary.style, VocabStyle::Paper);
    drops(
        r.language_model.pretrain_dropouts(),
        [0.01, 0.125, 0.1, 0.075, 0.05],
    );
    both_drops(&r, [0.02, 0.25, 0.2, 0.15, 0.1], [0.05, 0.4, 0.5, 0.3, 0.4]);
    let lm = adam(r.language_model.optimizer);
    assert_eq!(
        (lm.eps, lm.decay, lm.l2, lm.clip),
        (1e-8, 0.0, 1e-7, Some(0.3))
    );
    let classifier = adam(r.classifier.optimizer);
    assert_eq!((classifier.l2, classifier.clip), (1e-6, Some(25.0)));
    assert_eq!(classifier.decayed, Decayed::All);
    // [lr/6, lr/3, lr, lr] / 32 of 3e-4; [lr/6, lr/3, lr, lr/2] / 32 of 4e-3.
    let first = [1.5625e-6, 3.125e-6, 9.375e-6, 9.375e-6];
    stage(&r.language_model.pretrain[0], 1, Trained::All, &first, 0.8);
    let first = [2.0833e-5, 4.1667e-5, 1.25e-4, 6.25e-5];
    stage(&r.language_model.finetune[0], 25, Trained::All, &first, 0.8);
    // 0.01 / 8, then / 2.6 each.
    let first = [2.7354e-5, 7.1120e-5, 1.8491e-4, 4.8077e-4, 1.25e-3];
    let [head, two, all] = &r.classifier.stages[..] else {
        panic!()
    };
    stage(head, 1, Trained::Last(1), &first, 0.8);
    stage(two, 1, Trained::Last(2), &first, 0.8);
    stage(all, 1, Trained::All, &first, 0.8);
    // (8, 3) peaks after a third, (8, 8) after an eighth.
    assert_eq!(
        (head.schedule.at(3, 9).rate, all.schedule.at(2, 16).rate),
        (1.0, 1.0)
    );
}

#[test]
fn numbers_of_chain_thaw() {
    batches("chain_thaw", 64, 70, 64, 32);
    let r = recipe("chain_thaw");
    assert_eq!(r.language_model, recipe("scripts").language_model);
    let first = [1.25e-5, 1.25e-5, 1.25e-5, 1.25e-5, 1.25e-4];
    let [head, alone @ .., all] = &r.classifier.stages[..] else {
        panic!()
    };
    stage(head, 1, Trained::Last(1), &first, 0.8);
    for (group, one) in alone.iter().enumerate() {
        stage(one, 1, Trained::Only(group), &first, 0.8);
    }
    assert_eq!(alone.len(), 4);
    stage(all, 1, Trained::All, &first, 0.8);
}
