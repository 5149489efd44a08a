//! Step 3 once more, on texts that had no label.

use burn::tensor::Device;
use ulmfit_data::Corpus;
use ulmfit_model::{Predictor, TextClassifier, TextLanguageModel};

use super::classify;
use crate::classifier_scores::ClassifierScores;
use crate::error::Result;
use crate::fit::Scored;
use crate::linear::SelfTraining;
use crate::recipe::Recipe;
use crate::run::Run;

/// Trains a classifier anew, on the labelled documents and on texts that [`SelfTraining::relabel`] has labelled with the
/// help of `teacher`, the classifier of the labels alone; each labelled document stands in it as often as
/// [`SelfTraining::weight`] says, rounded. Nothing but the labels of `train` and the texts has a part in it.
///
/// Stages are as many batches long as they were with the labelled documents alone, and at least an epoch. Checkpoints are
/// in a folder `self-training`; a run that is resumed has the teacher read the texts again.
///
/// # Errors
/// As [`SelfTraining::relabel`] and [`classify`].
#[expect(
    clippy::too_many_arguments,
    reason = "those of `classify`, a teacher and its texts"
)]
pub fn self_train(
    recipe: &Recipe,
    self_training: &SelfTraining,
    language_model: &TextLanguageModel,
    teacher: &TextClassifier,
    train: &Corpus,
    unlabeled: &Corpus,
    valid: Option<&Corpus>,
    device: &Device,
    run: &mut Run<'_>,
) -> Result<Scored<TextClassifier, ClassifierScores>> {
    let texts = unlabeled.texts();
    let read = Predictor::new(teacher)?.predict_all(&texts).into_iter();
    let read: Vec<Vec<f32>> = read.map(|found| found.probabilities).collect();
    let tokenizer = teacher.text.tokenizer_config();
    let relabeled = self_training.relabel(tokenizer, train, &texts, &read)?;
    let copies = (self_training.weight.round() as usize).max(1);
    let parts = std::iter::once(&relabeled).chain(std::iter::repeat_n(train, copies));
    let all = Corpus::concat(&parts.collect::<Vec<_>>());

    let mut recipe = recipe.clone();
    let shorter = train.len() as f64 / all.len() as f64;
    for stage in &mut recipe.classifier.stages {
        stage.epochs = ((stage.epochs as f64 * shorter).round() as usize).max(1);
        stage.name = format!("self-training: {}", stage.name);
    }
    let mut run = run.of_step("self-training", run.seed);
    classify(&recipe, language_model, &all, valid, device, &mut run)
}
