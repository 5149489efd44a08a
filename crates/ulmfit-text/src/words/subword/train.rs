//! Learning a subword model from texts.

use super::samples::Samples;
use super::{SubwordConfig, SubwordModel, layout, unigram};
use crate::tokenizer_config::TokenizerConfig;
use crate::{Error, Result, Special};

impl SubwordModel {
    /// Learns pieces from texts after the rules of `tokenizer`; its splitter, direction and fields play no part. The
    /// special tokens are never cut, nor parts of pieces. Words are normalized (Unicode's NFKC) and begin with `▁`; no
    /// piece crosses between letters, digits and signs.
    ///
    /// The same texts in any order, on any number of threads, give the same model, byte by byte. (The logarithms of
    /// another kind of machine may differ in the last digit, and with them those of unigram scores.)
    ///
    /// # Errors
    /// [`Error::SubwordTraining`] if the texts hold no words, if `config.size` leaves no room for every character and a
    /// piece more, or if `config.character_coverage` is not above 0 and at most 1.
    pub fn train<T: AsRef<str> + Send + Sync>(
        texts: impl IntoIterator<Item = T>,
        tokenizer: &TokenizerConfig,
        config: &SubwordConfig,
    ) -> Result<Self> {
        let coverage = config.character_coverage;
        if !(coverage > 0.0 && coverage <= 1.0) {
            return Err(Error::SubwordTraining {
                expected: "a character coverage above 0 and at most 1".to_owned(),
                found: coverage.to_string(),
                remedy: "most texts do well with 0.99999, those of many characters with 0.9998",
            });
        }
        let samples = Samples::count(texts, tokenizer, coverage, config.min_freq)?;
        if samples.runs.is_empty() {
            return Err(Error::SubwordTraining {
                expected: format!("words that occur {} times or more", config.min_freq),
                found: format!("none among {} distinct words", samples.distinct),
                remedy: "give more text, or a smaller `min_freq`",
            });
        }
        let characters = samples.alphabet.len();
        let room = config.size.pieces(samples.distinct, characters);
        if room <= characters {
            let least = Special::ALL.len() + characters + 1;
            return Err(Error::SubwordTraining {
                expected: format!("a size of {least} or more for {characters} characters"),
                found: format!("{:?}", config.size),
                remedy: "ask for more tokens, or a smaller character coverage",
            });
        }
        let model = layout::unigram(&unigram::learn(&samples, room));
        Self::from_value(layout::file(&model), "the learned model")
    }
}
