//! The second stage: prepared text to words. Every word is a slice of the text.

mod affixes;
mod classes;
mod english;
mod exceptions;
mod infixes;
mod phrases;
mod simple;
mod subword;
mod url;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};
pub use english::EnglishSplitter;
pub(crate) use simple::Simple;
pub use subword::{SubwordConfig, SubwordModel, SubwordSize};

/// How text is cut into words.
///
/// | name | cuts | source |
/// |---|---|---|
/// | `english` (default) | as spaCy 3.8's blank English tokenizer, exactly | fastai v1, v2 and the paper |
/// | `whitespace` | at white space | fastai's `BaseTokenizer` |
/// | `punctuation` | at white space and round ASCII punctuation and `“”¨«»®´·º½¾¿¡§£₤‘’` | fastai v0.7's `tokenize` |
/// | `characters` | every character | – |
/// | `subword` | into the pieces of a [`SubwordModel`], which is part of the value | fastai's `SubwordTokenizer` |
///
/// The first four are chosen by name; a subword model is trained or read from a file.
///
/// ```
/// use ulmfit_text::{TokenizerConfig, WordSplit};
/// let words: WordSplit = "punctuation".parse()?;
/// let tokenizer = TokenizerConfig::new().with_words(words).init();
/// assert_eq!(tokenizer.tokenize("don't"), ["xxbos", "don", "'", "t"]);
/// # Ok::<(), ulmfit_text::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordSplit {
    /// spaCy 3.8's blank English tokenizer. Contractions come apart (`do n't`), punctuation is its own word.
    #[default]
    English,
    /// Words are what stands between white space.
    Whitespace,
    /// fastai v0.7's `tokenize`: as whitespace, with punctuation as words of its own (`\` excepted, as there).
    Punctuation,
    /// Every character is a word, spaces too. Special tokens stay whole, and the space after one goes.
    Characters,
    /// Pieces of words: frequent words whole, rare ones in parts. Special tokens stay whole. White space of any kind and
    /// length counts as one space. Needs the cargo feature `subwords`.
    Subword(SubwordModel),
}

impl WordSplit {
    /// The splitters that need nothing but their name.
    pub const ALL: [Self; 4] = [
        Self::English,
        Self::Whitespace,
        Self::Punctuation,
        Self::Characters,
    ];

    const fn name(&self) -> &'static str {
        match self {
            Self::English => "english",
            Self::Whitespace => "whitespace",
            Self::Punctuation => "punctuation",
            Self::Characters => "characters",
            Self::Subword(_) => "subword",
        }
    }
}

impl fmt::Display for WordSplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WordSplit {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|w| w.name() == name)
            .ok_or_else(|| Error::UnknownName {
                what: "word splitter",
                found: name.to_owned(),
                expected: Self::ALL.map(|w| w.name()).join(", "),
            })
    }
}

/// A word in bytes of the text, and whether one (absorbed) space follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) spaced: bool,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for w in WordSplit::ALL {
            assert_eq!(w.to_string().parse::<WordSplit>().unwrap(), w);
            assert_eq!(serde_json::to_string(&w).unwrap(), format!("\"{w}\""));
        }
        let message = "spacy".parse::<WordSplit>().unwrap_err().to_string();
        assert!(
            message.contains("english, whitespace, punctuation, characters"),
            "{message}"
        );
    }
}
