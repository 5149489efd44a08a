//! `None` as the word `"none"`, for `#[serde(with = "...")]`: TOML has no empty value, and a recipe shows every field.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NONE: &str = "none";

pub(crate) fn serialize<T: Serialize, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(serializer),
        None => serializer.serialize_str(NONE),
    }
}

/// Reads JSON's `null` as well.
pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a number or \"none\"")]
    enum Either<T> {
        Value(T),
        Word(String),
        Null(()),
    }
    match Either::deserialize(deserializer)? {
        Either::Value(value) => Ok(Some(value)),
        Either::Null(()) => Ok(None),
        Either::Word(word) if word == NONE => Ok(None),
        Either::Word(word) => Err(D::Error::custom(format!(
            "expected a number or \"{NONE}\", found \"{word}\""
        ))),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Held(#[serde(with = "crate::none")] Option<f64>);

    #[test]
    fn none_is_a_word_and_null_is_read() {
        assert_eq!(serde_json::to_string(&Held(None)).unwrap(), r#""none""#);
        assert_eq!(serde_json::to_string(&Held(Some(0.5))).unwrap(), "0.5");
        let read = |json| serde_json::from_str::<Held>(json);
        assert_eq!(read(r#""none""#).unwrap(), Held(None));
        assert_eq!(read("null").unwrap(), Held(None));
        assert_eq!(read("2").unwrap(), Held(Some(2.0)));
        let message = read(r#""off""#).unwrap_err().to_string();
        assert!(message.contains("found \"off\""), "{message}");
        assert!(read("[]").is_err());
    }
}
