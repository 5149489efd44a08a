//! What is read of a document that is longer than a limit.
//!
//! Deviation: the paper and fastai read all of a document and pool its end. A rule is part of the recipes that have one.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a classifier reads of a document, in tokens and in the order in which it reads. It is part of the model:
/// training and prediction cut alike.
///
/// | rule | written | what is read of a longer document |
/// |---|---|---|
/// | `Whole` | `whole` | all of it: the paper and all generations of fastai, which pool the last `max_len` tokens |
/// | `First` | `first 1000` | its first tokens |
/// | `Last` | `last 1000` | its last tokens, which are those that are pooled |
/// | `Ends` | `ends 1000` | half from its beginning, half from its end (Sun et al. 2019, section 5.3.1) |
///
/// ```
/// use ulmfit_model::Cut;
/// let cut: Cut = "ends 5".parse()?;
/// assert_eq!(cut.apply((0..9).collect()), [0, 1, 6, 7, 8]);
/// assert_eq!(Cut::Last(2).apply(vec![7, 8, 9]), [8, 9]);
/// assert_eq!(Cut::Whole.apply(vec![7, 8, 9]), [7, 8, 9]);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// Nothing is cut: what models did before there was a rule.
    #[default]
    Whole,
    /// At most so many tokens from the beginning.
    First(usize),
    /// At most so many tokens from the end.
    Last(usize),
    /// At most so many tokens, half of them from each end.
    Ends(usize),
}

impl Cut {
    /// The ids that are read of a document.
    pub fn apply(self, mut ids: Vec<u32>) -> Vec<u32> {
        let [first, last] = self.spans(ids.len());
        if last.is_empty() {
            ids.truncate(first.end);
            ids.drain(..first.start);
        } else {
            ids.drain(first.end..last.start);
        }
        // A document that was a hundred times as long should not stay as large.
        ids.shrink_to_fit();
        ids
    }

    /// How many tokens are read of a document of `tokens` tokens.
    pub fn len_of(self, tokens: usize) -> usize {
        self.spans(tokens).iter().map(ExactSizeIterator::len).sum()
    }

    /// The parts that are read of a document of `len` tokens; the second may be empty.
    pub(crate) fn spans(self, len: usize) -> [Range<usize>; 2] {
        let none = len..len;
        match self {
            Self::First(n) => [0..n.min(len), none],
            Self::Last(n) => [len.saturating_sub(n)..len, none],
            Self::Ends(n) if len > n => [0..n / 2, len - (n - n / 2)..len],
            Self::Whole | Self::Ends(_) => [0..len, none],
        }
    }

    /// The limit; none where there is none.
    pub(crate) fn limit(self) -> Option<usize> {
        match self {
            Self::Whole => None,
            Self::First(n) | Self::Last(n) | Self::Ends(n) => Some(n),
        }
    }

    /// Whether this is what serde fills in: left out of files, so that they are those of versions without the rule.
    pub(crate) fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::First(n) => write!(f, "first {n}"),
            Self::Last(n) => write!(f, "last {n}"),
            Self::Ends(n) => write!(f, "ends {n}"),
        }
    }
}

impl FromStr for Cut {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) writes.
    ///
    /// # Errors
    /// For anything else, with what there is.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "expected whole, or first, last or ends with a number of tokens from 2 as in `last 5760`, found `{text}`"
            )
        };
        if text == "whole" {
            return Ok(Self::Whole);
        }
        let (rule, tokens) = text.split_once(' ').ok_or_else(refused)?;
        let tokens = tokens.trim().parse().map_err(|_| refused())?;
        match rule {
            _ if tokens < 2 => Err(refused()),
            "first" => Ok(Self::First(tokens)),
            "last" => Ok(Self::Last(tokens)),
            "ends" => Ok(Self::Ends(tokens)),
            _ => Err(refused()),
        }
    }
}

impl Serialize for Cut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_as_it_is_written_and_keeps_so_many_tokens() {
        for (text, kept) in [
            ("whole", vec![0, 1, 2, 3, 4]),
            ("first 3", vec![0, 1, 2]),
            ("last 3", vec![2, 3, 4]),
            ("ends 3", vec![0, 3, 4]),
            ("ends 2", vec![0, 4]),
            ("last 5", vec![0, 1, 2, 3, 4]),
            ("first 9", vec![0, 1, 2, 3, 4]),
            ("ends 9", vec![0, 1, 2, 3, 4]),
        ] {
            let cut: Cut = text.parse().expect(text);
            assert_eq!(
                (cut.to_string(), cut.apply((0..5).collect())),
                (text.to_owned(), kept)
            );
            assert_eq!(cut.len_of(5), cut.apply((0..5).collect()).len());
        }
        for text in [
            "", "last", "last 1", "last 0", "middle 9", "last -3", "last x",
        ] {
            let refused = text.parse::<Cut>().expect_err(text);
            assert!(refused.contains("as in `last 5760`"), "{refused}");
        }
    }
}
