//! Without the cargo feature `subwords`: the type is there, so that the same programs compile; no value of it is.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Vocab;

/// A model that cuts words into pieces. Its methods need the cargo feature `subwords`; without it there is no value of
/// this type, and reading one is an error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SubwordModel {}

impl SubwordModel {
    pub(crate) fn cut(&self, _: &[String], _: &[&str]) -> Vec<String> {
        match *self {}
    }

    pub(crate) fn join(&self, _: &[&str], _: &[&str]) -> String {
        match *self {}
    }

    pub(crate) fn vocab_behind(&self, _: &[&str]) -> Vocab {
        match *self {}
    }
}

impl Serialize for SubwordModel {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}

impl<'de> Deserialize<'de> for SubwordModel {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(
            "this tokenizer cuts words with a subword model, which this build cannot read: build the program with the \
             cargo feature `subwords`",
        ))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use crate::TokenizerConfig;

    #[test]
    fn the_error_names_the_feature() {
        let json = r#"{"words":{"subword":{"model":{"type":"Unigram"}}}}"#;
        let error = serde_json::from_str::<TokenizerConfig>(json).unwrap_err();
        assert!(
            error.to_string().contains("the cargo feature `subwords`"),
            "{error}"
        );
    }
}
