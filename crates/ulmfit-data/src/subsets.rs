//! Parts of a corpus: shuffled, balanced, split. Each is a copy; which documents it holds depends on the seed alone.

use rand::seq::SliceRandom;

use crate::random::{Purpose, generator, permutation};
use crate::{Corpus, Document, Error, Result};

impl Corpus {
    /// The documents in random order.
    pub fn shuffled(&self, seed: u64) -> Self {
        self.pick(&permutation(
            self.len(),
            &mut generator(seed, Purpose::Shuffle, 0),
        ))
    }

    /// The first `n` documents, or all if there are fewer.
    pub fn take(&self, n: usize) -> Self {
        let rows: Vec<usize> = (0..n.min(self.len())).collect();
        self.pick(&rows)
    }

    /// `n` labeled documents, as evenly from the classes as they allow, in the order of this corpus: few-shot subsets.
    ///
    /// A class too small for its share gives what it has, and the others make up for it.
    ///
    /// ```
    /// use ulmfit_data::{Corpus, Document};
    /// let documents = (0..10).map(|i| Document::labeled(format!("text {i}"), u32::from(i >= 7))).collect();
    /// let corpus = Corpus::new(documents, vec!["a".into(), "b".into()])?;
    /// let few = corpus.balanced(4, 0)?;
    /// assert_eq!(few.labels()?, [0, 0, 1, 1]);
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If fewer than `n` documents are labeled; the message says how many are.
    pub fn balanced(&self, n: usize, seed: u64) -> Result<Self> {
        let mut strata = self.strata();
        strata.pop(); // The unlabeled documents.
        let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
        let there = sizes.iter().sum();
        if there < n {
            return Err(Error::TooFewDocuments {
                asked: n,
                what: "labeled documents",
                there,
            });
        }
        let rows = draw(strata, &even_shares(&sizes, n), seed);
        Ok(self.pick(&rows))
    }

    /// Training and validation parts; the second holds `valid_fraction` of the documents, rounded, and of each class.
    ///
    /// fastai's default fraction is 0.2, its course's 0.1. Both parts keep the order of this corpus. A fraction outside
    /// 0 to 1 counts as the nearer end; in between, neither part of two documents or more is empty.
    ///
    /// Deviation: fastai's `RandomSplitter` ignores the classes and rounds down.
    ///
    /// ```
    /// use ulmfit_data::{Corpus, Document};
    /// let documents = (0..10).map(|i| Document::labeled(format!("text {i}"), i % 2)).collect();
    /// let corpus = Corpus::new(documents, vec!["a".into(), "b".into()])?;
    /// let (train, valid) = corpus.split(0.2, 0);
    /// assert_eq!((train.len(), valid.len()), (8, 2));
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    pub fn split(&self, valid_fraction: f64, seed: u64) -> (Self, Self) {
        let n = (valid_fraction.clamp(0.0, 1.0) * self.len() as f64).round() as usize;
        let inside = valid_fraction > 0.0 && valid_fraction < 1.0 && self.len() > 1;
        let n = if inside {
            n.clamp(1, self.len() - 1)
        } else {
            n.min(self.len())
        };
        self.halves(n, seed)
    }

    /// What remains, and `n` documents split off, drawn from each class in proportion to its size. Both parts keep the
    /// order of this corpus.
    ///
    /// # Errors
    /// If there are fewer than `n` documents.
    pub fn split_off(&self, n: usize, seed: u64) -> Result<(Self, Self)> {
        if n > self.len() {
            return Err(Error::TooFewDocuments {
                asked: n,
                what: "documents",
                there: self.len(),
            });
        }
        Ok(self.halves(n, seed))
    }

    /// All documents of `parts`, one part after another. Classes are matched by name; new ones go to the end of the
    /// list.
    ///
    /// ```
    /// use ulmfit_data::{Corpus, Document};
    /// let a = Corpus::new(vec![Document::labeled("x", 0)], vec!["neg".into()])?;
    /// let b = Corpus::new(vec![Document::labeled("y", 0)], vec!["pos".into()])?;
    /// let both = Corpus::concat(&[&a, &b]);
    /// assert_eq!((both.classes(), both.labels()?), (&["neg".into(), "pos".into()][..], vec![0, 1]));
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    pub fn concat(parts: &[&Self]) -> Self {
        let mut classes: Vec<String> = Vec::new();
        let mut documents = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            let mut numbers = Vec::with_capacity(part.n_classes());
            for name in part.classes() {
                numbers.push(
                    classes
                        .iter()
                        .position(|known| known == name)
                        .unwrap_or_else(|| {
                            classes.push(name.clone());
                            classes.len() - 1
                        }),
                );
            }
            let renumber = |d: &Document| Document {
                text: d.text.clone(),
                label: d.label.map(|label| numbers[label as usize] as u32),
            };
            documents.extend(part.documents().iter().map(renumber));
        }
        Self::from_valid(documents, classes)
    }

    /// The same documents without their labels; the list of classes stays.
    pub fn without_labels(&self) -> Self {
        let documents = self
            .documents()
            .iter()
            .map(|d| Document::unlabeled(d.text.clone()))
            .collect();
        Self::from_valid(documents, self.classes().to_vec())
    }

    fn halves(&self, n: usize, seed: u64) -> (Self, Self) {
        let strata = self.strata();
        let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
        let taken = draw(strata, &proportional_shares(&sizes, n), seed);
        let mut rest: Vec<usize> = Vec::with_capacity(self.len() - n);
        let mut next = taken.iter().peekable();
        for row in 0..self.len() {
            if next.next_if(|&&t| t == row).is_none() {
                rest.push(row);
            }
        }
        (self.pick(&rest), self.pick(&taken))
    }

    /// The rows of each class, and last those without a label.
    fn strata(&self) -> Vec<Vec<usize>> {
        let mut strata = vec![Vec::new(); self.n_classes() + 1];
        for (row, document) in self.documents().iter().enumerate() {
            strata[document
                .label
                .map_or(self.n_classes(), |label| label as usize)]
            .push(row);
        }
        strata
    }
}

/// `shares[i]` random rows of stratum `i`, all in ascending order.
fn draw(strata: Vec<Vec<usize>>, shares: &[usize], seed: u64) -> Vec<usize> {
    let mut rng = generator(seed, Purpose::Split, 0);
    let mut rows = Vec::new();
    for (mut stratum, &share) in strata.into_iter().zip(shares) {
        stratum.shuffle(&mut rng);
        rows.extend_from_slice(&stratum[..share]);
    }
    rows.sort_unstable();
    rows
}

/// `n` dealt out one by one to all strata in turn that still have some. Needs `n <= sizes.sum()`.
fn even_shares(sizes: &[usize], n: usize) -> Vec<usize> {
    let mut shares = vec![0; sizes.len()];
    let mut left = n;
    while left > 0 {
        let open: Vec<usize> = (0..sizes.len()).filter(|&i| shares[i] < sizes[i]).collect();
        let round = (left / open.len().max(1)).max(1);
        for i in open {
            let more = round.min(sizes[i] - shares[i]).min(left);
            shares[i] += more;
            left -= more;
        }
    }
    shares
}

/// `n` in proportion to the sizes, by largest remainders; ties go to the first. Needs `n <= sizes.sum()`.
fn proportional_shares(sizes: &[usize], n: usize) -> Vec<usize> {
    let total = sizes.iter().sum::<usize>().max(1) as u128;
    let scaled = |size: usize| size as u128 * n as u128;
    let mut shares: Vec<usize> = sizes
        .iter()
        .map(|&size| (scaled(size) / total) as usize)
        .collect();
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|&i| std::cmp::Reverse(scaled(sizes[i]) % total));
    let missing = n - shares.iter().sum::<usize>();
    for &i in by_remainder.iter().take(missing) {
        shares[i] += 1;
    }
    shares
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    /// `sizes[c]` documents of each class `c`, the classes mixed, each text its own row number.
    fn corpus(sizes: &[usize]) -> Corpus {
        let labels = sizes
            .iter()
            .zip(0..)
            .flat_map(|(&n, c)| std::iter::repeat_n(c, n));
        let documents: Vec<Document> = labels
            .map(|label| Document::labeled(String::new(), label))
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

    fn counts(corpus: &Corpus) -> Vec<usize> {
        let labels = corpus.labels().unwrap();
        (0..corpus.n_classes() as u32)
            .map(|c| labels.iter().filter(|&&l| l == c).count())
            .collect()
    }

    fn rows(corpus: &Corpus) -> Vec<usize> {
        corpus.texts().iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn shares() {
        assert_eq!(even_shares(&[10, 10, 10], 7), [3, 2, 2]);
        assert_eq!(even_shares(&[1, 10, 3], 12), [1, 8, 3]);
        assert_eq!(even_shares(&[5, 0], 0), [0, 0]);
        // 3 * 4 / 10 = 1.2, 7 * 4 / 10 = 2.8: the second remainder is larger.
        assert_eq!(proportional_shares(&[3, 7], 4), [1, 3]);
        assert_eq!(proportional_shares(&[0, 0], 0), [0, 0]);
    }

    #[test]
    fn balanced_subsets_are_even() {
        let corpus = corpus(&[20, 30, 4]);
        assert_eq!(counts(&corpus.balanced(9, 1).unwrap()), [3, 3, 3]);
        assert_eq!(counts(&corpus.balanced(24, 1).unwrap()), [10, 10, 4]);
        assert_ne!(
            corpus.balanced(9, 1).unwrap(),
            corpus.balanced(9, 2).unwrap()
        );
        let error = corpus.balanced(55, 0).unwrap_err().to_string();
        assert!(
            error.starts_with("expected at least 55 labeled documents, found 54;"),
            "{error}"
        );
    }

    #[test]
    fn splits_are_stratified_and_lose_nothing() {
        let corpus = corpus(&[20, 30]);
        let (train, valid) = corpus.split(0.2, 5);
        assert_eq!((counts(&train), counts(&valid)), (vec![16, 24], vec![4, 6]));
        assert!(rows(&train).is_sorted() && rows(&valid).is_sorted());
        let mut all = [rows(&train), rows(&valid)].concat();
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<_>>());
        assert_eq!(corpus.split(f64::NAN, 0).1.len(), 0);
        assert_eq!(corpus.split(7.0, 0).0.len(), 0);
        let three = corpus.take(3);
        assert_eq!(
            (three.split(0.01, 0).1.len(), three.split(0.99, 0).0.len()),
            (1, 1)
        );
        assert!(corpus.split_off(51, 0).is_err());
        assert_eq!(
            corpus.without_labels().split_off(13, 0).unwrap().1.len(),
            13
        );
    }

    #[test]
    fn shuffling_keeps_all_documents() {
        let corpus = corpus(&[8, 8]);
        let shuffled = corpus.shuffled(4);
        assert_ne!(shuffled, corpus);
        let mut order = rows(&shuffled);
        order.sort_unstable();
        assert_eq!(order, rows(&corpus));
        assert_eq!(corpus.take(3).len(), 3);
        assert_eq!(corpus.take(99).len(), 16);
    }
}
