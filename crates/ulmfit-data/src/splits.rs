//! A corpus in two: training and validation documents. Both parts keep the order of the corpus.

use crate::corpus::Corpus;
use crate::labels::Label;
use crate::strata::draw;
use crate::{Error, Result};

impl Corpus {
    /// Training and validation parts; the second holds `valid_fraction` of the documents, rounded, and of each class.
    ///
    /// fastai's default fraction is 0.2, its course's 0.1. Both parts keep the order of this corpus. A fraction outside
    /// 0 to 1 counts as the nearer end. In between, the second part has a document if there are two of one class or
    /// without one, and a document of every class stays in the first: a class with a single document is trained and not
    /// scored.
    ///
    /// Deviation: stratified, and rounded to nearest; fastai's `RandomSplitter` does not look at the classes and rounds down.
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
        let n = self.share(valid_fraction);
        let most = match valid_fraction < 1.0 {
            true => spare(&self.strata_sizes()).iter().sum(),
            false => n,
        };
        self.halves(n.min(most), seed)
    }

    /// What remains, and `n` documents split off, drawn from each class in proportion to its size; as long as there are
    /// others, not the last one of a class. Both parts keep the order of this corpus.
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

    /// A fraction of the documents as a number, with neither part empty unless that was asked for.
    fn share(&self, fraction: f64) -> usize {
        let n = (fraction.clamp(0.0, 1.0) * self.len() as f64).round() as usize;
        let inside = fraction > 0.0 && fraction < 1.0 && self.len() > 1;
        if inside {
            n.clamp(1, self.len() - 1)
        } else {
            n.min(self.len())
        }
    }

    fn halves(&self, n: usize, seed: u64) -> (Self, Self) {
        let mut strata = self.strata();
        // The only document of one of its several classes stays, too.
        let counts = self.class_counts();
        let only = |row: usize| match &self.documents()[row].label {
            Some(Label::MultiLabel(set)) => set.iter().any(|&class| counts[class as usize] == 1),
            _ => false,
        };
        let n_left = |strata: &[Vec<usize>]| strata.iter().map(Vec::len).sum::<usize>();
        let movable: Vec<Vec<usize>> = strata
            .iter()
            .map(|rows| rows.iter().copied().filter(|&row| !only(row)).collect())
            .collect();
        if n_left(&movable) >= n {
            strata = movable;
        }
        let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
        let shares = limited(proportional_shares(&sizes, n), &spare(&sizes), &sizes);
        let taken = draw(strata, &shares, seed);
        self.parts(&taken)
    }

    /// The number of documents of each class, and last of those without a label.
    fn strata_sizes(&self) -> Vec<usize> {
        self.strata().iter().map(Vec::len).collect()
    }

    /// The other rows, and `taken`, which are in ascending order.
    fn parts(&self, taken: &[usize]) -> (Self, Self) {
        let mut rest: Vec<usize> = Vec::with_capacity(self.len() - taken.len());
        let mut next = taken.iter().peekable();
        for row in 0..self.len() {
            if next.next_if(|&&t| t == row).is_none() {
                rest.push(row);
            }
        }
        (self.pick(&rest), self.pick(taken))
    }
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

/// How many documents of each class can go with one staying; those without a label, in the last place, can all go.
fn spare(sizes: &[usize]) -> Vec<usize> {
    let Some((unlabeled, classes)) = sizes.split_last() else {
        return Vec::new();
    };
    let spare = classes.iter().map(|size| size.saturating_sub(1));
    spare.chain([*unlabeled]).collect()
}

/// Shares of the same sum, of which none is above its limit as long as others are below theirs. What is above goes to
/// the largest strata first; where all limits are reached, beyond them, up to the sizes.
fn limited(mut shares: Vec<usize>, limits: &[usize], sizes: &[usize]) -> Vec<usize> {
    let mut above = 0;
    for (share, &limit) in shares.iter_mut().zip(limits) {
        above += share.saturating_sub(limit);
        *share = (*share).min(limit);
    }
    let mut by_size: Vec<usize> = (0..sizes.len()).collect();
    by_size.sort_by_key(|&i| std::cmp::Reverse(sizes[i]));
    for most in [limits, sizes] {
        // Round after round, so that no stratum gives all of it.
        while above > 0 && by_size.iter().any(|&i| shares[i] < most[i]) {
            for &i in by_size.iter().filter(|&&i| most[i] > 0) {
                if above > 0 && shares[i] < most[i] {
                    shares[i] += 1;
                    above -= 1;
                }
            }
        }
    }
    shares
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::Document;
    use crate::strata::examples::{corpus, counts, rows};

    #[test]
    fn shares() {
        // 3 * 4 / 10 = 1.2, 7 * 4 / 10 = 2.8: the second remainder is larger.
        assert_eq!(proportional_shares(&[3, 7], 4), [1, 3]);
        assert_eq!(proportional_shares(&[0, 0], 0), [0, 0]);
    }

    #[test]
    fn a_class_is_never_held_out_as_a_whole() {
        // 2 of 4 by largest remainders would be one of each of the first two.
        assert_eq!(limited(vec![1, 1, 0], &[0, 0, 3], &[1, 1, 4]), [0, 0, 2]);
        assert_eq!(limited(vec![2, 1], &[1, 0], &[2, 1]), [2, 1]);
        let mut sizes = vec![1; 57];
        sizes.extend([62, 61]);
        let (train, valid) = corpus(&sizes).split(0.1, 0);
        assert_eq!((train.len(), valid.len()), (162, 18));
        assert!(counts(&train).iter().all(|&n| n > 0));
        assert_eq!(counts(&valid)[..57], [0; 57]);
        // With one document for each class none can be scored.
        assert_eq!(corpus(&[1; 8]).split(0.2, 0).1.len(), 0);
        // Of several classes, too.
        let sets =
            (0..10).map(|i| Document::labeled("", if i == 3 { vec![0, 1] } else { vec![0] }));
        let tagged = Corpus::new(sets.collect(), vec!["often".into(), "once".into()]).unwrap();
        for seed in 0..20 {
            assert_eq!(tagged.split(0.5, seed).0.class_counts(), [5, 1]);
        }
        // As many as were asked for, though.
        assert_eq!(corpus(&[1; 8]).split_off(3, 0).unwrap().1.len(), 3);
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
            (1, 2) // One of each class.
        );
        assert!(corpus.split_off(51, 0).is_err());
        assert_eq!(
            corpus.without_labels().split_off(13, 0).unwrap().1.len(),
            13
        );
    }
}
