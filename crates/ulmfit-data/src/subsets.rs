//! Other corpora of the same documents: shuffled, cut short, balanced, joined. Which documents one holds depends on the
//! seed alone.

use crate::corpus::Corpus;
use crate::document::{Document, Place};
use crate::random::{Purpose, generator, permutation};
use crate::strata::draw;
use crate::{Error, Result};

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
            let number = |class: u32| Ok(numbers[class as usize] as u32);
            let renumber = |d: &Document| Document {
                text: d.text.clone(),
                // No class lacks a number, so that this does not fail.
                label: d
                    .label
                    .as_ref()
                    .and_then(|label| label.renumbered(number).ok()),
            };
            documents.extend(part.documents().iter().map(renumber));
        }
        let places = parts
            .iter()
            .flat_map(|part| (0..part.len()).map(|at| part.place_of(at)));
        // A document that is in memory goes by its number, which is another one here.
        let places = places.enumerate().map(|(at, place)| match place.file {
            Some(_) => place,
            None => Place {
                line: at as u64 + 1,
                ..place
            },
        });
        let places = places.collect();
        Self::from_valid(documents, classes).with_places(places)
    }

    /// The same documents without their labels; the list of classes stays.
    pub fn without_labels(&self) -> Self {
        let documents = self
            .documents()
            .iter()
            .map(|d| Document::unlabeled(d.text.clone()))
            .collect();
        Self::from_valid(documents, self.classes().to_vec()).with_places_of(self, 0..self.len())
    }
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::strata::examples::{corpus, counts, rows};

    #[test]
    fn shares() {
        assert_eq!(even_shares(&[10, 10, 10], 7), [3, 2, 2]);
        assert_eq!(even_shares(&[1, 10, 3], 12), [1, 8, 3]);
        assert_eq!(even_shares(&[5, 0], 0), [0, 0]);
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
