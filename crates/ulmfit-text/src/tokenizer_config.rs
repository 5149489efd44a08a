//! What a tokenizer is made from; it travels in the model file.

use serde::{Deserialize, Serialize};

use crate::rules::RulePreset;
use crate::words::WordSplit;

/// What a [`Tokenizer`](crate::Tokenizer) does; it belongs into the model file.
///
/// | field | default | purpose |
/// |---|---|---|
/// | `rules` | [`RulePreset::Standard`] | markup, repeats, capitals (fastai v2's, mended) |
/// | `words` | [`WordSplit::English`] | how text is cut into words (fastai's choice, too) |
/// | `fields` | [`FieldMarks::WhenSeveral`] | marks in front of text columns (fastai v2's default) |
/// | `end` | [`EndToken::Omit`] | a token behind each document (off in every fastai) |
/// | `direction` | [`Direction::Forward`] | in which direction a model reads (forward in every fastai) |
///
/// ```
/// use ulmfit_text::{RulePreset, TokenizerConfig, WordSplit};
/// let config = TokenizerConfig::new().with_rules(RulePreset::FastaiV2).with_words(WordSplit::Whitespace);
/// let json = serde_json::to_string(&config)?;
/// assert_eq!(serde_json::from_str::<TokenizerConfig>(&json)?, config);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenizerConfig {
    /// The rules over the text.
    pub rules: RulePreset,
    /// The splitter behind them.
    pub words: WordSplit,
    /// Whether text columns are marked.
    pub fields: FieldMarks,
    /// Whether documents end in a token.
    pub end: EndToken,
    /// In which direction documents are read.
    pub direction: Direction,
}

/// Whether a document's text columns are marked with their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldMarks {
    /// Only documents of several columns, as in fastai v2. The paper's rules mark a single one as well.
    #[default]
    WhenSeveral,
    /// A single column, too.
    Always,
    /// Never; columns are joined by a space.
    Never,
}

/// Whether documents end in an end token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndToken {
    /// No end token: fastai's default; the next document's begin token says enough.
    #[default]
    Omit,
    /// `xxeos` behind each document.
    Add,
}

/// In which direction a model reads documents.
///
/// Backward, the tokens of a document stand in reverse order, special tokens included: the begin token is the last one,
/// and `xxup` follows its word. Every fastai does the same, after numbering the tokens.
///
/// ```
/// use ulmfit_text::{Direction, TokenizerConfig};
/// let tokenizer = TokenizerConfig::new().with_direction(Direction::Backward).init();
/// let tokens = tokenizer.tokenize("I LOVED it.");
/// assert_eq!(tokens.join(" "), ". it loved xxup i xxbos");
/// assert_eq!(tokenizer.detokenize(&tokens), "i LOVED it.");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the first token to the last.
    #[default]
    Forward,
    /// From the last token to the first.
    Backward,
}

impl TokenizerConfig {
    /// The defaults: standard rules, English words.
    pub fn new() -> Self {
        Self::default()
    }

    /// With these rules.
    pub fn with_rules(mut self, rules: RulePreset) -> Self {
        self.rules = rules;
        self
    }

    /// With this splitter.
    pub fn with_words(mut self, words: WordSplit) -> Self {
        self.words = words;
        self
    }

    /// With these field marks.
    pub fn with_fields(mut self, fields: FieldMarks) -> Self {
        self.fields = fields;
        self
    }

    /// With or without an end token.
    pub fn with_end(mut self, end: EndToken) -> Self {
        self.end = end;
        self
    }

    /// To be read in this direction.
    pub fn with_direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_file_from_before_the_direction_is_read_forward() {
        let json = r#"{"rules":"standard","words":"english","fields":"when_several","end":"omit"}"#;
        let config: TokenizerConfig = serde_json::from_str(json).unwrap();
        assert_eq!(config, TokenizerConfig::new());
        let json = serde_json::to_string(&config.with_direction(Direction::Backward)).unwrap();
        assert!(json.contains(r#""direction":"backward""#), "{json}");
    }
}
