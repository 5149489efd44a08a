//! Characters and their numbers.

use anyhow::{Context as _, ensure};

/// The characters of a text in order, numbered from 1; 0 is padding (fast.ai's lesson puts it first, too).
#[derive(Debug)]
pub(crate) struct Alphabet(Vec<char>);

impl Alphabet {
    /// The characters of `text`.
    ///
    /// # Errors
    /// For fewer than two: there would be nothing to predict.
    pub(crate) fn of(text: &str) -> anyhow::Result<Self> {
        let mut chars: Vec<char> = text.chars().collect();
        chars.sort_unstable();
        chars.dedup();
        let found = chars.len();
        ensure!(
            found >= 2,
            "the text: expected at least 2 different characters, found {found}; give another text"
        );
        Ok(Self(chars))
    }

    /// The number of ids, padding included.
    pub(crate) fn len(&self) -> usize {
        self.0.len() + 1
    }

    /// The ids of a text.
    ///
    /// # Errors
    /// For a character that the alphabet does not have.
    pub(crate) fn ids(&self, text: &str) -> anyhow::Result<Vec<u32>> {
        let id = |c: char| {
            let place = self.0.binary_search(&c).ok();
            let place = place.with_context(|| {
                format!("expected characters of the text, found {c:?}; leave it out")
            })?;
            Ok(place as u32 + 1)
        };
        text.chars().map(id).collect()
    }

    /// The character of an id; none for padding.
    pub(crate) fn char(&self, id: u32) -> Option<char> {
        self.0.get((id as usize).checked_sub(1)?).copied()
    }

    /// All characters, in the order of their ids from 1.
    pub(crate) fn chars(&self) -> &[char] {
        &self.0
    }
}
