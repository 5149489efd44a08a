//! What a subword model is learned from: counted runs of letters, digits or signs, in an order that no thread changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use tokenizers::tokenizer::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
};

use super::layout;
use crate::specials::STRINGS;
use crate::tokenizer_config::{Direction, TokenizerConfig};
use crate::words::WordSplit;
use crate::{Error, Result};

/// Documents that are held at a time.
const TEXTS: usize = 4096;

/// Longer words are noise, and time. SentencePiece's `max_sentence_length`.
const LONGEST_WORD: usize = 4192;

/// The words of a corpus, ready to be learned from.
pub(super) struct Samples {
    /// Distinct words between white space, special tokens included.
    pub(super) distinct: usize,
    /// Every run and its count, in the order of strings.
    pub(super) runs: BTreeMap<String, u64>,
    /// The characters that get a piece.
    pub(super) alphabet: BTreeSet<char>,
}

impl Samples {
    /// Counts the words of texts after the rules of `config`; characters beyond `coverage` end a run, runs rarer than
    /// `min_freq` are left out.
    pub(super) fn count<T: AsRef<str> + Send + Sync>(
        texts: impl IntoIterator<Item = T>,
        config: &TokenizerConfig,
        coverage: f64,
        min_freq: u64,
    ) -> Result<Self> {
        let words = count_words(texts, config);
        let marks = config.rules.written();
        let distinct = words.len();
        let words: Vec<(String, u64)> = words
            .into_iter()
            .filter(|(word, _)| !marks.contains(&word.as_str()) && word.len() <= LONGEST_WORD)
            .collect();
        let runs = cut_into_runs(&words)?;
        let alphabet = alphabet(&runs, coverage);
        let mut known = BTreeMap::new();
        for (run, count) in &runs {
            let frequent = *count >= min_freq;
            for part in run
                .split(|c| !alphabet.contains(&c))
                .filter(|p| frequent && !p.is_empty())
            {
                *known.entry(part.to_owned()).or_default() += count;
            }
        }
        // No special token becomes a piece, even where a text has one as a part of a word.
        let specials = || marks.iter().chain(STRINGS);
        known.retain(|run, _| !specials().any(|s| run.contains(s)));
        Ok(Self {
            distinct,
            runs: known,
            alphabet,
        })
    }
}

/// Words between white space after the rules, and their counts. Sums of whole numbers, so the order does not matter.
fn count_words<T: AsRef<str> + Send + Sync>(
    texts: impl IntoIterator<Item = T>,
    config: &TokenizerConfig,
) -> HashMap<String, u64> {
    let plain = config
        .clone()
        .with_words(WordSplit::Whitespace)
        .with_direction(Direction::Forward)
        .init();
    let mut texts = texts.into_iter();
    let mut all = HashMap::new();
    loop {
        let some: Vec<T> = texts.by_ref().take(TEXTS).collect();
        if some.is_empty() {
            return all;
        }
        let counts = some
            .par_chunks(TEXTS.div_ceil(4 * rayon::current_num_threads()))
            .map(|texts| {
                let mut counts = HashMap::new();
                for text in texts {
                    for word in plain.tokenize(text.as_ref()) {
                        *counts.entry(word).or_default() += 1;
                    }
                }
                counts
            });
        for (word, count) in counts
            .collect::<Vec<HashMap<String, u64>>>()
            .into_iter()
            .flatten()
        {
            *all.entry(word).or_default() += count;
        }
    }
}

/// Words to runs, by the very steps that the finished model takes.
fn cut_into_runs(words: &[(String, u64)]) -> Result<BTreeMap<String, u64>> {
    let failed = |error: &dyn std::fmt::Display| Error::SubwordTraining {
        expected: "words that can be normalized".to_owned(),
        found: error.to_string(),
        remedy: "please report this",
    };
    let file = layout::file(&layout::unigram(&[]));
    let empty: tokenizers::Tokenizer = serde_json::from_value(file).map_err(|e| failed(&e))?;
    let mut runs = BTreeMap::new();
    for (word, count) in words {
        let mut normalized = NormalizedString::from(word.as_str());
        if let Some(normalizer) = empty.get_normalizer() {
            normalizer
                .normalize(&mut normalized)
                .map_err(|e| failed(&e))?;
        }
        let mut parts = PreTokenizedString::from(normalized);
        if let Some(splitter) = empty.get_pre_tokenizer() {
            splitter.pre_tokenize(&mut parts).map_err(|e| failed(&e))?;
        }
        for (run, ..) in parts.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
            *runs.entry(run.to_owned()).or_default() += count;
        }
    }
    Ok(runs)
}

/// The most frequent characters that make up this share of the text.
fn alphabet(runs: &BTreeMap<String, u64>, coverage: f64) -> BTreeSet<char> {
    let mut counts: BTreeMap<char, u64> = BTreeMap::new();
    for (run, count) in runs {
        for c in run.chars() {
            *counts.entry(c).or_default() += count;
        }
    }
    let total: u64 = counts.values().sum();
    let mut counts: Vec<(char, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count)); // Stable, so ties keep the order of characters.
    let mut covered = 0;
    counts
        .into_iter()
        .take_while(|(_, count)| {
            let needed = (covered as f64) < coverage * total as f64;
            covered += count;
            needed
        })
        .map(|(c, _)| c)
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn samples(text: &str, coverage: f64, min_freq: u64) -> Samples {
        Samples::count([text], &TokenizerConfig::new(), coverage, min_freq).unwrap()
    }

    fn runs(samples: &Samples) -> Vec<(&str, u64)> {
        let runs = samples.runs.iter();
        runs.map(|(run, count)| (run.as_str(), *count)).collect()
    }

    #[test]
    fn letters_digits_and_signs_are_parted_and_marks_left_out() {
        let all = samples("Don't pay $1,000 :) (xxbos) xxmaj", 1.0, 1);
        let found: Vec<&str> = runs(&all).into_iter().map(|(run, _)| run).collect();
        assert_eq!(
            found,
            [
                "'", ")", ",", "000", "1", "t", "▁$", "▁(", "▁:)", "▁don", "▁pay"
            ]
        );
        assert_eq!(all.distinct, 7);
    }

    #[test]
    fn rare_characters_end_a_run() {
        let text = format!("{}日bb a", "aab ba ".repeat(9));
        let most = samples(&text, 0.97, 1);
        assert_eq!(
            runs(&most),
            [("bb", 1), ("▁", 1), ("▁a", 1), ("▁aab", 9), ("▁ba", 9)]
        );
        assert!(!most.alphabet.contains(&'日'));
        assert_eq!(runs(&samples(&text, 1.0, 2)), [("▁aab", 9), ("▁ba", 9)]);
    }
}
