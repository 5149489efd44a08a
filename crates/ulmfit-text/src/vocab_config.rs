//! Which tokens get an id, and which id.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::specials::{FILLER, paper};
use crate::{Special, TokenCounter, Vocab};

/// How a [`Vocab`] is built from token counts.
///
/// | field | default | purpose |
/// |---|---|---|
/// | `max_size` | 60,000 | the most tokens, special tokens included (the paper's style: besides its two) |
/// | `min_freq` | 3 | rarer tokens become the unknown token; all fastai generations but the paper's scripts (2) |
/// | `style` | [`VocabStyle::Standard`] | special tokens and filling |
/// | `specials` | 9 | how many special tokens stand in front (fastai v2's `special_toks`) |
///
/// Tokens are ordered by falling count; ties by first occurrence in document order.
///
/// ```
/// use ulmfit_text::VocabConfig;
/// let docs = [vec!["b".to_owned(), "a".to_owned(), "a".to_owned()]];
/// let vocab = VocabConfig::new().with_min_freq(1).build(&docs);
/// assert_eq!(vocab.tokens()[9..], ["a", "b"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VocabConfig {
    /// The most tokens.
    pub max_size: usize,
    /// The fewest occurrences of a token.
    pub min_freq: u64,
    /// Special tokens and filling.
    pub style: VocabStyle,
    /// How many special tokens stand in front, for the styles that have nine.
    pub specials: usize,
}

/// The generations of vocabularies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VocabStyle {
    /// The nine special tokens in v2's order, all of them at any size, and no fillers.
    #[default]
    Standard,
    /// The nine in v1's order; a vocabulary short of `max_size` is filled to a multiple of eight.
    FastaiV1,
    /// The nine in v2's order, then 1 to 8 fillers: v2 adds eight where the size is a multiple of eight.
    FastaiV2,
    /// `_unk_` and `_pad_` in front of up to `max_size` words, and no fillers.
    Paper,
}

impl Default for VocabConfig {
    fn default() -> Self {
        Self {
            max_size: 60_000,
            min_freq: 3,
            style: VocabStyle::Standard,
            specials: Special::ALL.len(),
        }
    }
}

impl VocabConfig {
    /// The defaults: 60,000 tokens that occur three times or more.
    pub fn new() -> Self {
        Self::default()
    }

    /// With at most this many tokens.
    pub fn with_max_size(mut self, max_size: usize) -> Self {
        self.max_size = max_size;
        self
    }

    /// Only with tokens that occur this often.
    pub fn with_min_freq(mut self, min_freq: u64) -> Self {
        self.min_freq = min_freq;
        self
    }

    /// In this style.
    pub fn with_style(mut self, style: VocabStyle) -> Self {
        self.style = style;
        self
    }

    /// With only the first special tokens in front; the others are ordinary words then. A vocabulary of fewer than two
    /// can be used but not loaded again, since nothing in it stands for unknown words.
    pub fn with_specials(mut self, specials: usize) -> Self {
        self.specials = specials;
        self
    }

    /// The vocabulary of tokenized documents. All cores count; the result never depends on how many there are.
    pub fn build<D: AsRef<[String]> + Sync>(&self, docs: &[D]) -> Vocab {
        let ranges = docs.par_chunks(docs.len().div_ceil(4 * rayon::current_num_threads()).max(1));
        let counters: Vec<TokenCounter> = ranges
            .map(|range| {
                let mut counter = TokenCounter::new();
                range.iter().for_each(|doc| counter.add(doc.as_ref()));
                counter
            })
            .collect();
        let mut all = TokenCounter::new();
        counters.into_iter().for_each(|c| all.merge(c));
        self.build_from_counts(&all)
    }

    /// The vocabulary of counted tokens.
    ///
    /// ```
    /// use ulmfit_text::{TokenCounter, VocabConfig};
    /// let counts: TokenCounter = [("the", 7), ("a", 9), ("rare", 2)].into_iter().collect();
    /// let vocab = VocabConfig::new().build_from_counts(&counts);
    /// assert_eq!((vocab.id("a"), vocab.id("the"), vocab.id("rare")), (9, 10, 0));
    /// ```
    pub fn build_from_counts(&self, counts: &TokenCounter) -> Vocab {
        let mut words: Vec<(&str, u64)> = counts.iter().collect();
        words.sort_by_key(|&(_, count)| std::cmp::Reverse(count)); // Stable, so ties keep their order.
        words.truncate(self.max_size);
        words.retain(|&(_, count)| count >= self.min_freq);
        let words = words.into_iter().map(|(word, _)| word);
        let specials: Vec<&str> = match self.style {
            VocabStyle::Paper => vec![paper::UNK, paper::PAD],
            VocabStyle::FastaiV1 => Special::ALL_V1
                .iter()
                .take(self.specials)
                .map(|s| s.as_str())
                .collect(),
            _ => Special::ALL
                .iter()
                .take(self.specials)
                .map(|s| s.as_str())
                .collect(),
        };
        let room = match self.style {
            // A word that looks like one of the two is dropped, since a token has one id.
            VocabStyle::Paper => self.max_size + specials.len(),
            VocabStyle::Standard => self.max_size.max(specials.len()),
            _ => self.max_size,
        };
        let words = words.filter(|w| !specials.contains(w));
        let mut tokens: Vec<String> = specials
            .iter()
            .copied()
            .chain(words)
            .take(room)
            .map(str::to_owned)
            .collect();
        let fillers = match self.style {
            VocabStyle::FastaiV2 => 8 - tokens.len() % 8,
            VocabStyle::FastaiV1 if tokens.len() < self.max_size => {
                tokens.len().next_multiple_of(8) - tokens.len()
            }
            _ => 0,
        };
        tokens.extend(std::iter::repeat_n(FILLER.to_owned(), fillers));
        Vocab::new(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(words: usize) -> TokenCounter {
        (0..words).map(|i| (format!("w{i}"), 5)).collect()
    }

    #[test]
    fn fillers_by_generation() {
        // Words besides the nine; tokens in all.
        let size = |style, words| {
            VocabConfig::new()
                .with_style(style)
                .build_from_counts(&counts(words))
                .len()
        };
        assert_eq!(size(VocabStyle::FastaiV2, 6), 16);
        assert_eq!(size(VocabStyle::FastaiV2, 7), 24);
        assert_eq!(size(VocabStyle::FastaiV1, 7), 16);
        assert_eq!(size(VocabStyle::FastaiV1, 8), 24);
        assert_eq!(size(VocabStyle::Standard, 7), 16);
        assert_eq!(size(VocabStyle::Paper, 7), 9);
        assert_eq!(size(VocabStyle::FastaiV2, 70_000), 60_008);
        assert_eq!(size(VocabStyle::FastaiV1, 70_000), 60_000);
        assert_eq!(size(VocabStyle::Paper, 70_000), 60_002);
        assert_eq!(size(VocabStyle::Standard, 70_000), 60_000);
    }

    #[test]
    fn orders_by_generation() {
        let vocab = |style| {
            VocabConfig::new()
                .with_style(style)
                .build_from_counts(&counts(1))
        };
        assert_eq!(
            vocab(VocabStyle::FastaiV1).tokens()[5..10],
            ["xxmaj", "xxup", "xxrep", "xxwrep", "w0"]
        );
        assert_eq!(
            vocab(VocabStyle::FastaiV2).tokens()[5..10],
            ["xxrep", "xxwrep", "xxup", "xxmaj", "w0"]
        );
        assert_eq!(vocab(VocabStyle::Paper).tokens(), ["_unk_", "_pad_", "w0"]);
    }

    #[test]
    fn the_standard_keeps_all_specials() {
        assert_eq!(
            VocabConfig::new()
                .with_max_size(5)
                .build_from_counts(&counts(9))
                .len(),
            9
        );
    }

    #[test]
    fn ties_keep_document_order() {
        let docs: Vec<Vec<String>> = (0..300).map(|i| vec![format!("w{}", 299 - i)]).collect();
        let vocab = VocabConfig::new().with_min_freq(1).build(&docs);
        let expected: Vec<String> = docs.concat();
        assert_eq!(vocab.tokens()[9..], expected);
    }
}
