//! Token counts that remember which token came first.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Counts tokens, in the order in which they first occur.
///
/// That order decides ties in the vocabulary. Counters of consecutive ranges of documents merge, in the order of the
/// ranges, into exactly the counter of all of them, however the ranges were cut.
///
/// A token takes its bytes and about 21 more, so that the ten million different words of a few gigabytes of text stay
/// under 300 MB.
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
    /// The bytes of all tokens behind one another, in order of first occurrence.
    bytes: String,
    /// Where each token ends in `bytes`.
    ends: Vec<usize>,
    counts: Vec<u64>,
    /// The numbers of the tokens, by their hash. Its layout is random, so nothing is ever read from it in its order.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
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
        let hash = self.hasher.hash_one(token);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(&at) = self
            .index
            .find(hash, |&at| text(bytes, ends, at as usize) == token)
        {
            self.counts[at as usize] += count;
            return;
        }
        // More different tokens than this never come from text: they would be over 16 GB long.
        let at = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.bytes.push_str(token);
        self.ends.push(self.bytes.len());
        self.counts.push(count);
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.index.insert_unique(hash, at, |&at| {
            hasher.hash_one(text(bytes, ends, at as usize))
        });
    }

    /// Adds what another counter has seen in the documents after this one's.
    pub fn merge(&mut self, later: Self) {
        for (token, count) in later.iter() {
            self.add_count(token, count);
        }
    }

    /// How many different tokens were seen.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of tokens seen, repeats included.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How often a token was seen.
    pub fn count(&self, token: &str) -> u64 {
        let is_token = |&at: &u32| text(&self.bytes, &self.ends, at as usize) == token;
        let found = self.index.find(self.hasher.hash_one(token), is_token);
        found.map_or(0, |&at| self.counts[at as usize])
    }

    /// Tokens and counts in order of first occurrence.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        let token = |at| text(&self.bytes, &self.ends, at);
        (0..self.len()).map(move |at| (token(at), self.counts[at]))
    }
}

/// The token with this number.
fn text<'a>(bytes: &'a str, ends: &[usize], at: usize) -> &'a str {
    let start = if at == 0 { 0 } else { ends[at - 1] };
    &bytes[start..ends[at]]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_gives_the_same_counter() {
        let tokens: Vec<String> = (0..5_000u32)
            .map(|i| format!("w{}", i.wrapping_mul(2_654_435_761) % 700))
            .collect();
        let mut whole = TokenCounter::new();
        whole.add(&tokens);
        for size in [1, 7, 999, 4_999] {
            let mut merged = TokenCounter::new();
            for part in tokens.chunks(size) {
                let mut counter = TokenCounter::new();
                counter.add(part);
                merged.merge(counter);
            }
            assert!(whole.iter().eq(merged.iter()), "chunks of {size}");
        }
        assert_eq!(
            (whole.total(), whole.count("w0")),
            (5_000, merged_count(&tokens))
        );
        assert_eq!(whole.count("nothing"), 0);
    }

    fn merged_count(tokens: &[String]) -> u64 {
        tokens.iter().filter(|t| *t == "w0").count() as u64
    }

    #[test]
    fn empty_tokens_are_tokens() {
        let counter: TokenCounter = [("", 2), ("a", 1), ("", 3)].into_iter().collect();
        assert_eq!(counter.iter().collect::<Vec<_>>(), [("", 5), ("a", 1)]);
    }
}
