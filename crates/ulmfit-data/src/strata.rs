//! The documents of each class, and random choices among them.

use rand::seq::SliceRandom;

use crate::corpus::Corpus;
use crate::random::{Purpose, generator};

impl Corpus {
    /// The rows of each class, and last those without a label. Lists of classes and numbers are no strata: their rows
    /// are all in the first.
    pub(crate) fn strata(&self) -> Vec<Vec<usize>> {
        let mut strata = vec![Vec::new(); self.n_classes() + 1];
        for (row, document) in self.documents().iter().enumerate() {
            let stratum = match &document.label {
                None => self.n_classes(),
                Some(label) => label.class().unwrap_or(0) as usize,
            };
            strata[stratum].push(row);
        }
        strata
    }
}

/// `shares[i]` random rows of stratum `i`, all in ascending order.
pub(crate) fn draw(strata: Vec<Vec<usize>>, shares: &[usize], seed: u64) -> Vec<usize> {
    let mut rng = generator(seed, Purpose::Split, 0);
    let mut rows = Vec::new();
    for (mut stratum, &share) in strata.into_iter().zip(shares) {
        stratum.shuffle(&mut rng);
        rows.extend_from_slice(&stratum[..share]);
    }
    rows.sort_unstable();
    rows
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
pub(crate) mod examples {
    use super::*;
    use crate::Document;

    /// `sizes[c]` documents of each class `c`, the classes mixed, each text its own row number.
    pub(crate) fn corpus(sizes: &[usize]) -> Corpus {
        let labels = sizes
            .iter()
            .zip(0..)
            .flat_map(|(&n, c)| std::iter::repeat_n(c, n));
        let documents: Vec<Document> = labels
            .map(|label: u32| Document::labeled(String::new(), label))
            .collect();
        let classes = (0..sizes.len()).map(|c| format!("class {c}")).collect();
        let mut mixed = Corpus::new(documents, classes)
            .unwrap()
            .shuffled(9)
            .documents()
            .to_vec();
        mixed
            .iter_mut()
            .enumerate()
            .for_each(|(row, d)| d.text = row.to_string());
        Corpus::from_valid(
            mixed,
            (0..sizes.len()).map(|c| format!("class {c}")).collect(),
        )
    }

    pub(crate) fn counts(corpus: &Corpus) -> Vec<usize> {
        let labels = corpus.labels().unwrap();
        (0..corpus.n_classes() as u32)
            .map(|c| labels.iter().filter(|&&l| l == c).count())
            .collect()
    }

    pub(crate) fn rows(corpus: &Corpus) -> Vec<usize> {
        corpus.texts().iter().map(|t| t.parse().unwrap()).collect()
    }
}
