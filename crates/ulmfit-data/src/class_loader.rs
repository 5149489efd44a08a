//! Batches for a classifier: documents of like length, padded on the right, with their labels of whatever kind.

use serde::{Deserialize, Serialize};
use ulmfit_text::TokenGrid;

use crate::digest::Digest;
use crate::length_order::{Tier, batches_by_length, tiers, training_batches, within};
use crate::random::{Purpose, generator};
use crate::{Error, Labels, PAD, Result, TokenDocs};

/// The settings of a [`ClassLoader`].
///
/// | field | default | purpose |
/// |---|---|---|
/// | `batch_size` | 64 (fastai v1, v2) | documents per step; smaller means less memory and more steps |
/// | `seed` | 0 | the order of documents and batches |
/// | `pad` | 1 (all generations) | the id that fills short rows; a loader over another vocabulary must be told its own |
/// | `budget` | none (all generations) | a limit of a training batch's tokens: batches of long documents have fewer rows |
///
/// ```
/// use ulmfit_data::ClassLoaderConfig;
/// let docs = vec![vec![2, 9], vec![2, 9, 10, 11], vec![2, 12, 13]];
/// let loader = ClassLoaderConfig::new().with_batch_size(3).build(docs, vec![0, 1, 1])?;
/// let batch = loader.epoch(0).next().unwrap();
/// assert_eq!((batch.rows, batch.lengths), (vec![1, 2, 0], vec![4, 3, 2]));
/// assert_eq!(batch.labels, vec![1, 1, 0].into());
/// assert_eq!(batch.inputs.row(2), [2, 9, 1, 1]);
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassLoaderConfig {
    /// The number of documents per batch.
    pub batch_size: usize,
    /// The seed of the order.
    pub seed: u64,
    /// The id that fills short rows.
    pub pad: u32,
    /// The most tokens of a training batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<TokenBudget>,
}

/// The most tokens of a training batch, whose memory grows with them. Two documents make a batch in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenBudget {
    /// Tokens of a batch.
    pub tokens: usize,
    /// Of a document no more than so many count: those that are back-propagated, the last `max_len`.
    pub of_document: usize,
}

/// Tokens in an evaluated batch, padding included, unless a single document has more.
const EVALUATED: usize = 1 << 17;

impl Default for ClassLoaderConfig {
    fn default() -> Self {
        Self {
            batch_size: 64,
            seed: 0,
            pad: PAD,
            budget: None,
        }
    }
}

impl ClassLoaderConfig {
    /// The defaults: 64 documents per batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this many documents per batch.
    pub fn with_batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// With this seed.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// With this padding id.
    pub fn with_pad(mut self, pad: u32) -> Self {
        self.pad = pad;
        self
    }

    /// With training batches of at most so many tokens.
    pub fn with_budget(mut self, budget: Option<TokenBudget>) -> Self {
        self.budget = budget;
        self
    }

    /// The loader over `docs`, one list of ids per document or those of a [`TokenStore`](crate::TokenStore), and the label
    /// of each: a class, a list of classes or a list of numbers.
    ///
    /// # Errors
    /// If `batch_size` or a number of `budget` is 0, there is not one label per document, or a document is empty.
    pub fn build(
        &self,
        docs: impl Into<TokenDocs>,
        labels: impl Into<Labels>,
    ) -> Result<ClassLoader> {
        let (docs, labels) = (docs.into(), labels.into());
        let budget = self.budget.map_or([1, 1], |b| [b.tokens, b.of_document]);
        for (name, value) in [
            ("batch_size", self.batch_size),
            ("budget.tokens", budget[0]),
            ("budget.of_document", budget[1]),
        ] {
            if value == 0 {
                return Err(Error::setting(name, "at least 1", "0"));
            }
        }
        if docs.len() != labels.len() {
            return Err(Error::LabelCount {
                documents: docs.len(),
                labels: labels.len(),
            });
        }
        let lengths: Vec<usize> = (0..docs.len()).map(|doc| docs.len_of(doc)).collect();
        if let Some(document) = lengths.iter().position(|&length| length == 0) {
            return Err(Error::EmptyDocument { document });
        }
        let costs = match self.budget {
            None => lengths.clone(),
            Some(budget) => {
                let counted = lengths.iter().map(|len| (*len).min(budget.of_document));
                counted.collect()
            }
        };
        Ok(ClassLoader {
            docs,
            labels,
            tiers: tiers(&costs, self.batch_size, self.budget.map(|b| b.tokens)),
            lengths,
            config: self.clone(),
        })
    }
}

/// Padded batches of labeled documents, epoch by epoch.
#[derive(Clone, Debug)]
pub struct ClassLoader {
    docs: TokenDocs,
    labels: Labels,
    lengths: Vec<usize>,
    tiers: Vec<Tier>,
    config: ClassLoaderConfig,
}

impl ClassLoader {
    /// The number of training batches in an epoch; the same in each.
    pub fn n_batches(&self) -> usize {
        self.tiers.iter().map(Tier::n_batches).sum()
    }

    /// The number of documents.
    pub fn len(&self) -> usize {
        self.docs.len()
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.docs.is_empty()
    }

    /// An epoch of training batches, each made when it is asked for: random, but of like length within a batch, the
    /// longest document in the first. The same epoch gives the same batches every time.
    ///
    /// Every document comes exactly once, and no batch but that of a one-document corpus or of `batch_size` 1 has a
    /// single row.
    ///
    /// Deviation: fastai drops the last batch if it is short.
    pub fn epoch(&self, epoch: usize) -> impl Iterator<Item = ClassBatch> + '_ {
        self.epoch_from(epoch, 0)
    }

    /// As [`Self::epoch`] without its first `batches` batches, which are not made: what a run that is resumed has
    /// before it.
    pub fn epoch_from(
        &self,
        epoch: usize,
        batches: usize,
    ) -> impl Iterator<Item = ClassBatch> + '_ {
        let mut rng = generator(self.config.seed, Purpose::Rows, epoch as u64);
        let mut all = training_batches(&self.lengths, &self.tiers, &mut rng);
        self.batches(all.split_off(batches.min(all.len())))
    }

    /// The label of each document, in the order in which they were given.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The settings that this was built with.
    pub fn config(&self) -> &ClassLoaderConfig {
        &self.config
    }

    /// A digest of all ids and labels, in hexadecimal: equal for equal documents in equal order.
    pub fn fingerprint(&self) -> String {
        let mut digest = Digest::default();
        digest.bytes(self.docs.fingerprint().as_bytes());
        self.labels.digest(|bytes| digest.bytes(bytes));
        digest.hex()
    }

    /// All documents from the longest to the shortest: the fastest way through an evaluation. Put results back in order
    /// by [`ClassBatch::rows`].
    pub fn sorted(&self) -> impl Iterator<Item = ClassBatch> + '_ {
        let batches = batches_by_length(&self.lengths, self.config.batch_size);
        self.batches(within(batches, &self.lengths, EVALUATED))
    }

    /// All documents in the order in which they were given.
    pub fn in_order(&self) -> impl Iterator<Item = ClassBatch> + '_ {
        let rows: Vec<usize> = (0..self.len()).collect();
        let batches = rows.chunks(self.config.batch_size);
        let batches = batches.map(<[usize]>::to_vec).collect();
        self.batches(within(batches, &self.lengths, EVALUATED))
    }

    fn batches(&self, batches: Vec<Vec<usize>>) -> impl Iterator<Item = ClassBatch> + '_ {
        batches.into_iter().map(|rows| {
            let docs: Vec<Vec<u32>> = rows.iter().map(|&row| self.docs.doc(row)).collect();
            let (inputs, lengths) = TokenGrid::padded(&docs, self.config.pad);
            let labels = self.labels.pick(&rows);
            ClassBatch {
                inputs,
                lengths,
                labels,
                rows,
            }
        })
    }
}

/// Documents of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassBatch {
    /// The documents, each from column 0 on, padded on the right, `[B, T]`.
    pub inputs: TokenGrid,
    /// The number of tokens of each row.
    pub lengths: Vec<usize>,
    /// The label of each row.
    pub labels: Labels,
    /// Which document each row is: an index into what [`ClassLoaderConfig::build`] was given.
    pub rows: Vec<usize>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn loader(n: usize, batch_size: usize) -> ClassLoader {
        let docs: Vec<_> = (0..n).map(|i| vec![i as u32 + 2; i * 7 % 5 + 1]).collect();
        let labels: Vec<u32> = (0..n as u32).map(|i| i % 3).collect();
        ClassLoaderConfig::new()
            .with_batch_size(batch_size)
            .build(docs, labels)
            .unwrap()
    }

    #[test]
    fn counts_its_batches() {
        for (n, size, expected) in [
            (0, 4, 0),
            (1, 4, 1),
            (4, 4, 1),
            (5, 4, 1),
            (6, 4, 2),
            (9, 4, 2),
            (3, 1, 3),
        ] {
            let loader = loader(n, size);
            assert_eq!(
                (loader.n_batches(), loader.epoch(0).count()),
                (expected, expected),
                "{n} by {size}"
            );
        }
    }

    #[test]
    fn rows_labels_and_lengths_belong_together() {
        let loader = loader(23, 4);
        for batch in loader
            .epoch(2)
            .chain(loader.sorted())
            .chain(loader.in_order())
        {
            let labels = batch.labels.classes().unwrap();
            for (at, &row) in batch.rows.iter().enumerate() {
                assert_eq!(
                    (labels[at], batch.lengths[at]),
                    (row as u32 % 3, row * 7 % 5 + 1)
                );
                let (doc, padding) = batch.inputs.row(at).split_at(batch.lengths[at]);
                assert!(
                    doc.iter().all(|&id| id == row as u32 + 2) && padding.iter().all(|&id| id == 1)
                );
            }
        }
        let order: Vec<usize> = loader.in_order().flat_map(|b| b.rows).collect();
        assert_eq!(order, (0..23).collect::<Vec<_>>());
        assert!(
            loader
                .sorted()
                .flat_map(|b| b.lengths)
                .is_sorted_by(|a, b| a >= b)
        );
        assert!(loader.epoch_from(1, 2).eq(loader.epoch(1).skip(2)));
        assert_eq!(loader.epoch_from(1, 99).count(), 0);
        assert_ne!(
            loader.epoch(0).collect::<Vec<_>>(),
            loader.epoch(1).collect::<Vec<_>>()
        );
    }

    #[test]
    fn batches_carry_labels_of_every_kind() {
        let docs = vec![vec![2], vec![2, 9, 9], vec![2, 9]];
        let sets = Labels::from(vec![vec![], vec![0, 1], vec![1]]);
        let values = Labels::from(vec![vec![0.5], vec![1.5], vec![-2.0]]);
        for (labels, sorted) in [
            (sets, Labels::from(vec![vec![0, 1], vec![1], vec![]])),
            (values, vec![vec![1.5], vec![-2.0], vec![0.5]].into()),
        ] {
            let loader = ClassLoaderConfig::new()
                .build(docs.clone(), labels)
                .unwrap();
            let batch = loader.sorted().next().unwrap();
            assert_eq!((batch.rows, batch.labels), (vec![1, 2, 0], sorted));
        }
    }

    #[test]
    fn bad_input_is_named() {
        let build = |docs, labels: Vec<u32>| {
            ClassLoaderConfig::new()
                .build(docs, labels)
                .unwrap_err()
                .to_string()
        };
        assert!(build(vec![vec![2]], vec![]).contains("0 labels for 1 documents"));
        assert!(
            build(vec![vec![2], vec![]], vec![0, 0])
                .starts_with("document 1: expected at least one token")
        );
    }
}
