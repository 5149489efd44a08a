//! The wrong predictions that a model is surest of.

use ulmfit::model::top_class;
use ulmfit::prelude::*;
use ulmfit::train::ClassifierScores;
use ulmfit_report::{Mistake, Word};

/// Mistakes that are shown.
const SHOWN: usize = 12;

/// The mistakes of `scores` on a corpus, the most confident first, with the words that decided for `predictor`.
///
/// # Errors
/// For a document without a label.
pub(crate) fn find(
    scores: &ClassifierScores,
    corpus: &Corpus,
    predictor: &Predictor,
) -> anyhow::Result<Vec<Mistake>> {
    let rows = scores
        .probabilities
        .iter()
        .zip(corpus.labels()?)
        .enumerate();
    let mut wrong: Vec<(f32, usize, usize, usize)> = rows
        .map(|(document, (row, label))| {
            (row, document, label as usize, top_class(row).unwrap_or(0))
        })
        .filter(|(_, _, truth, predicted)| truth != predicted)
        .filter_map(|(row, document, truth, predicted)| {
            Some((*row.get(predicted)?, document, truth, predicted))
        })
        .collect();
    wrong.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let texts = corpus.texts();
    let name = |class: usize| corpus.classes().get(class).cloned().unwrap_or_default();
    let mistake = |(confidence, document, truth, predicted): (f32, usize, usize, usize)| {
        let weights = predictor.attribution(texts[document], Some(predicted));
        let words = weights.into_iter().map(|word| Word {
            text: word.word,
            weight: word.weight,
        });
        Mistake {
            truth: name(truth),
            predicted: name(predicted),
            confidence,
            of_truth: scores.probabilities[document]
                .get(truth)
                .copied()
                .unwrap_or(0.0),
            words: words.collect(),
        }
    };
    Ok(wrong.into_iter().take(SHOWN).map(mistake).collect())
}
