//! How a subword model is learned.

use serde::{Deserialize, Serialize};

use crate::Special;

/// How a [`SubwordModel`](crate::SubwordModel) is learned: unigram pieces (Kudo 2018; fastai v1, v2 and MultiFiT).
///
/// | field | default | purpose |
/// |---|---|---|
/// | `size` | [`SubwordSize::Auto`] | the number of tokens, special tokens included (fastai v2's rule) |
/// | `min_freq` | 1 | rarer runs of letters, digits or signs are not learned from (SentencePiece has no limit) |
/// | `character_coverage` | 0.99999 | rarer characters get no piece (fastai v2's value for European languages) |
///
/// ```
/// use ulmfit_text::{SubwordConfig, SubwordSize};
/// let config = SubwordConfig::new().with_size(SubwordSize::AtMost(15_000));
/// let json = serde_json::to_string(&config)?;
/// assert_eq!(serde_json::from_str::<SubwordConfig>(&json)?, config);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubwordConfig {
    /// The number of tokens.
    pub size: SubwordSize,
    /// The fewest occurrences of a run that is learned from. A few save time and memory on very large corpora.
    pub min_freq: u64,
    /// The share of the text's characters that the pieces can spell, above 0 and up to 1. For languages of many
    /// characters, such as Chinese, fastai takes 0.9998.
    pub character_coverage: f64,
}

/// The number of tokens of a subword model, special tokens included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubwordSize {
    /// fastai v2's rule: a quarter of the distinct words, rounded up to a multiple of eight, at least 29 and at most
    /// 30,000. Deviation: room for every character is made, where SentencePiece would refuse a text of few words.
    #[default]
    Auto,
    /// This many, or fewer where the text does not give more.
    AtMost(usize),
}

impl Default for SubwordConfig {
    fn default() -> Self {
        Self {
            size: SubwordSize::Auto,
            min_freq: 1,
            character_coverage: 0.99999,
        }
    }
}

impl SubwordConfig {
    /// The defaults: unigram pieces, as many as fastai v2 would take.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this many tokens.
    pub fn with_size(mut self, size: SubwordSize) -> Self {
        self.size = size;
        self
    }

    /// Learned only from words that occur this often.
    pub fn with_min_freq(mut self, min_freq: u64) -> Self {
        self.min_freq = min_freq;
        self
    }

    /// With pieces for this share of the text's characters.
    pub fn with_character_coverage(mut self, coverage: f64) -> Self {
        self.character_coverage = coverage;
        self
    }
}

impl SubwordSize {
    /// Room for pieces behind the special tokens, for a text of so many distinct words and characters.
    #[cfg_attr(not(feature = "subwords"), expect(dead_code, reason = "for training"))]
    pub(super) fn pieces(self, words: usize, characters: usize) -> usize {
        let specials = Special::ALL.len();
        match self {
            // One more than the characters: a model that cannot join any two is none.
            Self::Auto => (words / 4)
                .next_multiple_of(8)
                .clamp(29, 30_000)
                .max(specials + characters + 1),
            Self::AtMost(size) => size,
        }
        .saturating_sub(specials)
    }
}

#[cfg(all(test, feature = "subwords"))]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_fastais() {
        for (words, size) in [
            (0, 29),
            (128, 32),
            (131, 32),
            (132, 40),
            (119_999, 30_000),
            (9_000_000, 30_000),
        ] {
            assert_eq!(SubwordSize::Auto.pieces(words, 3) + 9, size, "{words}");
        }
        assert_eq!(SubwordSize::Auto.pieces(8, 100), 101);
        assert_eq!(SubwordSize::AtMost(50).pieces(8, 100), 41);
        assert_eq!(SubwordSize::AtMost(5).pieces(8, 100), 0);
    }
}
