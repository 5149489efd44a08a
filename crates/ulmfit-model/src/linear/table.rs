//! Which words and pairs a linear model knows, and what each counts in a document.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a word or pair counts in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureValue {
    /// `(1 + ln(occurrences)) * idf`, documents scaled to length 1 (scikit-learn's `TfidfVectorizer` with `sublinear_tf`).
    TfIdf,
    /// 1 if it occurs.
    Present,
}

/// The words and pairs that a linear model knows, by their keys, with the inverse document frequency of each.
///
/// A clone shares its entries.
#[derive(Clone, Debug)]
pub struct FeatureTable {
    value: FeatureValue,
    entries: Arc<Entries>,
}

#[derive(Debug)]
struct Entries {
    keys: Vec<u32>,
    idf: Vec<f32>,
    places: HashMap<u32, u32, BuildHasherDefault<Spread>>,
}

impl FeatureTable {
    /// A table of keys in ascending order, with an inverse document frequency for each; none if they are not that.
    ///
    /// ```
    /// use ulmfit_model::{FeatureTable, FeatureValue};
    /// let table = FeatureTable::new(FeatureValue::TfIdf, vec![3, 8], vec![1.0, 2.0]).unwrap();
    /// // Two of the one key and one of a key that is unknown.
    /// assert_eq!(table.vector(&[8, 8, 9]), [(1, 1.0)]);
    /// ```
    pub fn new(value: FeatureValue, keys: Vec<u32>, idf: Vec<f32>) -> Option<Self> {
        let valid = keys.len() == idf.len() && keys.is_sorted_by(|a, b| a < b);
        if !valid || u32::try_from(keys.len()).is_err() {
            return None;
        }
        let places = keys.iter().copied().zip(0..).collect();
        let entries = Entries { keys, idf, places };
        Some(Self {
            value,
            entries: Arc::new(entries),
        })
    }

    /// The number of words and pairs.
    pub fn len(&self) -> usize {
        self.entries.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.keys.is_empty()
    }

    /// What a word or pair counts.
    pub fn value(&self) -> FeatureValue {
        self.value
    }

    /// The keys, in ascending order.
    pub fn keys(&self) -> &[u32] {
        &self.entries.keys
    }

    /// The inverse document frequency of each key; 1 for each with [`FeatureValue::Present`].
    pub fn idf(&self) -> &[f32] {
        &self.entries.idf
    }

    /// The place of a key.
    pub fn place(&self, key: u32) -> Option<u32> {
        self.entries.places.get(&key).copied()
    }

    /// The known words and pairs of a document and what each counts, from its [keys](crate::ngram_keys).
    pub fn vector(&self, keys: &[u32]) -> Vec<(u32, f32)> {
        let runs = keys.chunk_by(|a, b| a == b);
        let known = runs.filter_map(|run| Some((self.place(run[0])?, run.len())));
        match self.value {
            FeatureValue::Present => known.map(|(place, _)| (place, 1.0)).collect(),
            FeatureValue::TfIdf => {
                let idf = self.idf();
                let weighed = known.map(|(place, n)| {
                    let frequency = 1.0 + (n as f32).ln();
                    (place, frequency * idf[place as usize])
                });
                let mut vector: Vec<(u32, f32)> = weighed.collect();
                let squares: f32 = vector.iter().map(|(_, value)| value * value).sum();
                if squares > 0.0 {
                    let scale = squares.sqrt().recip();
                    vector.iter_mut().for_each(|(_, value)| *value *= scale);
                }
                vector
            }
        }
    }
}

/// Keys are hashes already: their bits need only be spread to where the map looks.
#[derive(Clone, Copy, Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte) ^ self.0 as u32);
        }
    }

    fn write_u32(&mut self, key: u32) {
        self.0 = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_a_word_counts() {
        let table =
            |value| FeatureTable::new(value, vec![1, 5, u32::MAX], vec![1.0, 2.0, 3.0]).unwrap();
        let keys = [1, 5, 5, 5, 7];
        assert_eq!(
            table(FeatureValue::Present).vector(&keys),
            [(0, 1.0), (1, 1.0)]
        );
        let found = table(FeatureValue::TfIdf).vector(&keys);
        let (a, b) = (1.0_f32, 2.0 * (1.0 + 3.0_f32.ln()));
        let length = (a * a + b * b).sqrt();
        assert_eq!((found[0].0, found[1].0), (0, 1));
        assert!((found[0].1 - a / length).abs() < 1e-6 && (found[1].1 - b / length).abs() < 1e-6);
        assert!(table(FeatureValue::TfIdf).vector(&[7]).is_empty());
    }

    #[test]
    fn keys_that_are_no_table_are_refused() {
        let table = |keys: &[u32], idf: &[f32]| {
            FeatureTable::new(FeatureValue::TfIdf, keys.to_vec(), idf.to_vec()).is_some()
        };
        assert!(table(&[], &[]) && table(&[1, 2], &[1.0, 1.0]));
        assert!(
            !table(&[2, 1], &[1.0, 1.0])
                && !table(&[1, 1], &[1.0, 1.0])
                && !table(&[1], &[1.0, 1.0])
        );
    }
}
