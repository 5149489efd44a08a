//! The text, its parts, and how well counting alone predicts it.

use std::fmt;
use std::path::Path;

use anyhow::ensure;
use ulmfit::data::{Format, Source, TextUnit};
use ulmfit::prelude::*;

use crate::alphabet::Alphabet;

/// The fewest characters that give every model a batch.
const LEAST: usize = 2000;

/// A text as ids, its last tenth held out.
pub(crate) struct Text {
    name: String,
    pub(crate) alphabet: Alphabet,
    pub(crate) train: Vec<u32>,
    pub(crate) valid: Vec<u32>,
}

impl Text {
    /// Reads a file, or the bundled reviews.
    ///
    /// # Errors
    /// If it cannot be read or is shorter than 2,000 characters.
    pub(crate) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let (name, text) = match path {
            Some(path) => {
                let corpus = Source::new(path)
                    .with_format(Format::Text)
                    .with_unit(TextUnit::File)
                    .corpus()?;
                (path.display().to_string(), corpus.texts().join("\n"))
            }
            None => {
                let set =
                    ReviewSet::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data"))?;
                let name = "the bundled reviews".to_owned();
                (name, set.train.texts().join("\n"))
            }
        };
        let alphabet = Alphabet::of(&text)?;
        let mut train = alphabet.ids(&text)?;
        let found = train.len();
        ensure!(
            found >= LEAST,
            "{name}: expected at least {LEAST} characters, found {found}; give more text"
        );
        let valid = train.split_off(found / 10 * 9);
        Ok(Self {
            name,
            alphabet,
            train,
            valid,
        })
    }

    /// The entropy of a character in the whole text, in nats.
    pub(crate) fn entropy(&self) -> f64 {
        entropy(self.ids().map(u64::from))
    }

    /// The entropy of a character where the one before it is known, in nats: what the best table of pairs leaves open,
    /// even if it is made from this very text. (That of a pair less that of its first character.)
    pub(crate) fn pair_entropy(&self) -> f64 {
        let pairs = || self.ids().zip(self.ids().skip(1));
        entropy(pairs().map(|(a, b)| u64::from(a) << 32 | u64::from(b)))
            - entropy(pairs().map(|(a, _)| u64::from(a)))
    }

    fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.train.iter().chain(&self.valid).copied()
    }
}

/// The entropy of things by their counts, in nats.
fn entropy(things: impl Iterator<Item = u64>) -> f64 {
    let mut counts = std::collections::BTreeMap::<u64, u64>::new();
    things.for_each(|thing| *counts.entry(thing).or_default() += 1);
    let total = counts.values().sum::<u64>() as f64;
    counts
        .values()
        .map(|&n| n as f64 / total)
        .map(|p| -p * p.ln())
        .sum()
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (train, valid) = (self.train.len(), self.valid.len());
        let different = self.alphabet.len() - 1;
        write!(
            f,
            "{}: {train} characters, and {valid} held out; {different} different ones",
            self.name
        )
    }
}
