//! How much of a corpus a vocabulary knows.

use std::collections::HashMap;

use ulmfit::prelude::*;
use ulmfit_report::Coverage;

/// Unknown words that are listed.
const LISTED: usize = 20;

/// The unknown tokens of a part of the data, and the most frequent of them with their counts.
pub(crate) fn of(
    part: &str,
    corpus: &Corpus,
    text: &TextEncoding,
) -> (Coverage, Vec<(String, u64)>) {
    let (vocab, mut counts) = (text.vocab(), HashMap::<String, u64>::new());
    let (mut tokens, mut unknown) = (0, 0);
    for document in corpus.texts() {
        text.tokenizer().for_each_token(document, |token| {
            tokens += 1;
            if !vocab.contains(token) {
                unknown += 1;
                *counts.entry(token.to_owned()).or_default() += 1;
            }
        });
    }
    let mut words: Vec<(String, u64)> = counts.into_iter().collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    words.truncate(LISTED);
    let coverage = Coverage {
        part: part.to_owned(),
        documents: corpus.len(),
        tokens,
        unknown,
    };
    (coverage, words)
}
