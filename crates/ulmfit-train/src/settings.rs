//! What every number of a run follows from: whether a checkpoint is of this run.

use std::fmt::Debug;

use sha2::{Digest, Sha256};

use crate::tensors::hex;

/// Longer values are stored as their digest.
const LONGEST: usize = 2_000;

/// Settings of a run by name. What a message should name first stands before the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// Adds a setting: its text where it is short, its SHA-256 where it is long, as that of whole data is.
    pub fn add(&mut self, name: &str, value: &(impl Debug + ?Sized)) {
        let mut text = format!("{value:?}");
        if text.len() > LONGEST {
            text = format!("sha256 {}", hex(Sha256::new().chain_update(text)));
        }
        self.0.push((name.to_owned(), text));
    }

    pub(crate) fn of(list: Vec<(String, String)>) -> Self {
        Self(list)
    }

    pub(crate) fn list(&self) -> &[(String, String)] {
        &self.0
    }

    /// The names under which two runs differ.
    pub(crate) fn differences<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let names = self.0.iter().chain(&other.0).map(|(name, _)| name.as_str());
        let mut differ: Vec<&str> = Vec::new();
        for name in names {
            if self.get(name) != other.get(name) && !differ.contains(&name) {
                differ.push(name);
            }
        }
        differ
    }

    /// The value of a setting, `nothing` where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("nothing", |(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn long_values_are_told_apart_by_their_digest() {
        let of = |value: &[u32]| {
            let mut settings = Settings::default();
            settings.add("seed", &1);
            settings.add("data", value);
            settings
        };
        let mut data = vec![7; 5_000];
        let first = of(&data);
        data[4_999] = 8;
        assert!(first.get("data").len() < 100);
        assert_eq!(first.differences(&of(&data)), ["data"]);
        assert!(first.differences(&first.clone()).is_empty());
        assert_eq!(first.get("rate"), "nothing");
    }
}
