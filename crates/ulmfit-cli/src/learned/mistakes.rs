//! The wrong decisions that a model is surest of.

use ulmfit::data::Labels;
use ulmfit::model::{WordWeight, top_class};
use ulmfit::prelude::*;
use ulmfit::train::ClassifierScores;
use ulmfit_report::{Mistake, Word};

/// Mistakes that are shown.
const SHOWN: usize = 12;

/// A wrong decision.
struct Wrong {
    document: usize,
    /// The class whose words are shown.
    class: usize,
    label: String,
    predicted: String,
    confidence: f32,
    of_label: f32,
}

/// The mistakes of `scores` on a corpus, the most confident first, with the words that decided for `classifier`; none for
/// numbers. Where documents are of several classes, each class of a document is a decision.
///
/// # Errors
/// For a document without a label.
pub(crate) fn find(
    scores: &ClassifierScores,
    corpus: &Corpus,
    classifier: &TextClassifier,
) -> anyhow::Result<Vec<Mistake>> {
    let rows = scores.probabilities.iter();
    let names = corpus.classes();
    let mut wrong: Vec<Wrong> = match corpus.all_labels()? {
        Labels::SingleLabel(labels) => rows
            .zip(labels)
            .enumerate()
            .filter_map(|(document, (row, label))| of_class(document, row, label as usize, names))
            .collect(),
        Labels::MultiLabel(sets) => rows
            .zip(&sets)
            .enumerate()
            .flat_map(|(document, (row, set))| of_set(document, row, set, names))
            .collect(),
        Labels::Regression(_) => return Ok(Vec::new()),
    };
    wrong.sort_by(|a, b| {
        let by_place = (a.document, a.class).cmp(&(b.document, b.class));
        b.confidence.total_cmp(&a.confidence).then(by_place)
    });
    let predictor = Predictor::new(classifier)?;
    let texts = corpus.texts();
    let mistake = |wrong: Wrong| {
        let text = texts[wrong.document];
        let weights = predictor.attribution(text, Some(wrong.class));
        Mistake {
            label: wrong.label,
            predicted: wrong.predicted,
            confidence: wrong.confidence,
            of_label: wrong.of_label,
            words: pieces(&text.replace("<br />", "\n"), &weights),
        }
    };
    Ok(wrong.into_iter().take(SHOWN).map(mistake).collect())
}

/// A text cut into its words, with their weights, and what stands between them. A word that the rules have written in
/// another way than the text is not found there, and has no weight.
fn pieces(text: &str, weights: &[WordWeight]) -> Vec<Word> {
    let piece = |text: &str, weight| Word {
        text: text.to_owned(),
        weight,
    };
    let (mut pieces, mut rest) = (Vec::new(), text);
    for WordWeight { word, weight } in weights {
        let Some(at) = next(rest, word) else {
            continue;
        };
        if at > 0 {
            pieces.push(piece(&rest[..at], 0.0));
        }
        pieces.push(piece(&rest[at..at + word.len()], *weight));
        rest = &rest[at + word.len()..];
    }
    if !rest.is_empty() {
        pieces.push(piece(rest, 0.0));
    }
    pieces
}

/// Where a word stands near the beginning of a text.
fn next(text: &str, word: &str) -> Option<usize> {
    /// Behind so many bytes it is another word of the same letters.
    const NEAR: usize = 60;
    let at = text.find(word).filter(|_| !word.is_empty())?;
    let skips_none = !text[..at].contains(char::is_alphanumeric);
    let before = text[..at].chars().next_back();
    let begins = !before.is_some_and(char::is_alphanumeric);
    (skips_none || (begins && at <= NEAR)).then_some(at)
}

fn of_class(document: usize, row: &[f32], label: usize, names: &[String]) -> Option<Wrong> {
    let predicted = top_class(row).unwrap_or(0);
    (predicted != label).then_some(())?;
    Some(Wrong {
        document,
        class: predicted,
        label: names.get(label)?.clone(),
        predicted: names.get(predicted)?.clone(),
        confidence: *row.get(predicted)?,
        of_label: *row.get(label)?,
    })
}

fn of_set(document: usize, row: &[f32], set: &[u32], names: &[String]) -> Vec<Wrong> {
    let decisions = row.iter().zip(names).enumerate();
    let wrong = decisions.filter_map(|(class, (&probability, name))| {
        let (said, is) = (probability >= 0.5, set.contains(&(class as u32)));
        let (yes, no) = (name.clone(), format!("not {name}"));
        let (predicted, label) = if said { (yes, no) } else { (no, yes) };
        let confidence = probability.max(1.0 - probability);
        (said != is).then_some(Wrong {
            document,
            class,
            label,
            predicted,
            confidence,
            of_label: 1.0 - confidence,
        })
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_spaces_and_every_word_its_weight() {
        let text = "It  is\nn't &amp; soooo good";
        let words = ["It", "is", "n't", "&", "so", "good"];
        let weights: Vec<_> = words
            .iter()
            .zip(1..)
            .map(|(word, n)| WordWeight {
                word: (*word).to_owned(),
                weight: n as f32,
            })
            .collect();
        let pieces = pieces(text, &weights);
        let all: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(all, text);
        let weight = |word: &str| pieces.iter().find(|piece| piece.text == word);
        let weight = |word: &str| weight(word).map(|piece| piece.weight);
        assert_eq!(weight("good"), Some(6.0));
        assert_eq!(weight("n't"), Some(3.0));
        assert_eq!(next("a land and", "and"), None, "within another word");
    }

    #[test]
    fn of_several_classes_each_is_a_decision() {
        let names = ["film", "play", "song"].map(str::to_owned);
        let wrong = of_set(7, &[0.75, 0.25, 0.9], &[1, 2], &names);
        let said: Vec<_> = wrong
            .iter()
            .map(|w| (w.predicted.as_str(), w.label.as_str(), w.confidence))
            .collect();
        assert_eq!(
            said,
            [("film", "not film", 0.75), ("not play", "play", 0.75)]
        );
        assert!(of_class(0, &[0.2, 0.8], 1, &names).is_none());
    }
}
