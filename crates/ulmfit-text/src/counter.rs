//! Token counts that remember which token came first.

use std::collections::HashMap;
use std::sync::Arc;

/// Counts tokens, in the order in which they first occur.
///
/// That order decides ties in the vocabulary. Counters of consecutive ranges of documents merge, in the order of the
/// ranges, into exactly the counter of all of them, however the ranges were cut.
///
/// ```
/// use ulmfit_text::TokenCounter;
/// let (mut left, mut right) = (TokenCounter::new(), TokenCounter::new());
/// left.add(&["a", "b"]);
/// right.add(&["c", "b"]);
/// left.merge(right);
/// assert_eq!(left.iter().collect::<Vec<_>>(), [("a", 1), ("b", 2), ("c", 1)]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct TokenCounter {
    /// In order of first occurrence; shares its strings with the index.
    counts: Vec<(Arc<str>, u64)>,
    index: HashMap<Arc<str>, usize>,
}

impl TokenCounter {
    /// A counter that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts the tokens of a document.
    pub fn add<S: AsRef<str>>(&mut self, document: &[S]) {
        for token in document {
            self.add_count(token.as_ref(), 1);
        }
    }

    /// Counts a token several times at once.
    pub fn add_count(&mut self, token: &str, count: u64) {
        if let Some(&at) = self.index.get(token) {
            self.counts[at].1 += count;
        } else {
            self.push(token.into(), count);
        }
    }

    /// Adds what another counter has seen in the documents after this one's.
    pub fn merge(&mut self, later: Self) {
        for (token, count) in later.counts {
            match self.index.get(&token) {
                Some(&at) => self.counts[at].1 += count,
                None => self.push(token, count),
            }
        }
    }

    /// How many different tokens were seen.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The number of tokens seen, repeats included.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// How often a token was seen.
    pub fn count(&self, token: &str) -> u64 {
        self.index.get(token).map_or(0, |&at| self.counts[at].1)
    }

    /// Tokens and counts in order of first occurrence.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts
            .iter()
            .map(|(token, count)| (token.as_ref(), *count))
    }

    fn push(&mut self, token: Arc<str>, count: u64) {
        self.index.insert(token.clone(), self.counts.len());
        self.counts.push((token, count));
    }
}

impl<S: AsRef<str>> FromIterator<(S, u64)> for TokenCounter {
    fn from_iter<I: IntoIterator<Item = (S, u64)>>(counts: I) -> Self {
        let mut this = Self::new();
        for (token, count) in counts {
            this.add_count(token.as_ref(), count);
        }
        this
    }
}
