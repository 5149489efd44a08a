//! The stream a language model reads: all documents behind one another, folded into `B` rows, cut into batches.
//!
//! Legend: `N` tokens, `B` rows (`batch_size`), `T` time steps (`seq_len`). Row `r` of a batch continues row `r` of the
//! batch before it, so the hidden state carries over.

use serde::{Deserialize, Serialize};

use crate::lm_rows::{LmBatch, Remainder, Rows};
use crate::random::{Purpose, generator, shuffled};
use crate::step_lengths::Lengths;
use crate::step_lengths::{Step, steps};
use crate::store::TokenDocs;
use crate::{Error, PAD, Result};

/// The order of the documents in the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentOrder {
    /// A new random one each epoch, the first included: fastai's choice for training.
    #[default]
    Shuffled,
    /// As they were given: for validation, and for text whose order matters.
    Kept,
}

/// The settings of an [`LmLoader`](crate::LmLoader).
///
/// | field | default | purpose |
/// |---|---|---|
/// | `batch_size` | 64 (fastai v1, v2) | rows read in parallel; smaller means less memory and more steps |
/// | `seq_len` | 72 (fastai v2; paper and v1: 70) | time steps between updates, through which gradients flow |
/// | `order` | [`DocumentOrder::Shuffled`] (fastai v2) | documents' order in training |
/// | `remainder` | [`Remainder::Keep`] | whether the last tokens count |
/// | `lengths` | [`Lengths::Fixed`] (fastai v1, v2) | whether cuts move from epoch to epoch |
/// | `seed` | 0 | orders and lengths |
/// | `pad` | 1 (all generations) | input where a row ends early |
///
/// ```
/// use ulmfit_data::{DocumentOrder, LmLoaderConfig};
/// let config = LmLoaderConfig::new().with_batch_size(2).with_seq_len(2).with_order(DocumentOrder::Kept);
/// let loader = config.build(vec![vec![2, 9, 10], vec![2, 11, 12, 13]])?;
/// let first = loader.epoch(0).next().unwrap();
/// assert_eq!((first.inputs.row(0), first.targets.row(0)), (&[2, 9][..], &[9, 10][..]));
/// assert_eq!((first.inputs.row(1), first.targets.row(1)), (&[2, 11][..], &[11, 12][..]));
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LmLoaderConfig {
    /// The number of rows, `B`.
    pub batch_size: usize,
    /// The number of time steps of a batch, `T`.
    pub seq_len: usize,
    /// The order of the documents.
    pub order: DocumentOrder,
    /// What happens to the last tokens.
    pub remainder: Remainder,
    /// How batch lengths are chosen.
    pub lengths: Lengths,
    /// The seed of orders and lengths.
    pub seed: u64,
    /// The input id where a row ends early.
    pub pad: u32,
}

impl Default for LmLoaderConfig {
    fn default() -> Self {
        Self {
            batch_size: 64,
            seq_len: 72,
            order: DocumentOrder::default(),
            remainder: Remainder::default(),
            lengths: Lengths::default(),
            seed: 0,
            pad: PAD,
        }
    }
}

impl LmLoaderConfig {
    /// The defaults: 64 rows of 72 steps, documents shuffled, nothing dropped.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this many rows.
    pub fn with_batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// With this many time steps a batch.
    pub fn with_seq_len(mut self, seq_len: usize) -> Self {
        self.seq_len = seq_len;
        self
    }

    /// With the documents in this order.
    pub fn with_order(mut self, order: DocumentOrder) -> Self {
        self.order = order;
        self
    }

    /// With the last tokens kept or dropped.
    pub fn with_remainder(mut self, remainder: Remainder) -> Self {
        self.remainder = remainder;
        self
    }

    /// With batches of fixed or random length.
    pub fn with_lengths(mut self, lengths: Lengths) -> Self {
        self.lengths = lengths;
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
}

impl LmLoaderConfig {
    /// The loader over `docs`: one list of ids per document, or those of a [`TokenStore`](crate::TokenStore). Empty
    /// documents are allowed.
    ///
    /// # Errors
    /// If `batch_size` or `seq_len` is 0, or there are fewer than two tokens.
    pub fn build(&self, docs: impl Into<TokenDocs>) -> Result<LmLoader> {
        for (name, value) in [("batch_size", self.batch_size), ("seq_len", self.seq_len)] {
            if value == 0 {
                return Err(Error::setting(name, "at least 1", "0"));
            }
        }
        let stream = docs.into();
        let found = stream.n_tokens();
        if found < 2 {
            return Err(Error::ShortStream { found });
        }
        Ok(LmLoader {
            rows: Rows::new(found - 1, self.batch_size, self.remainder),
            stream,
            config: self.clone(),
        })
    }
}

/// Batches of a language model's stream, epoch by epoch. Holds each id once, or none if they are in a store.
#[derive(Clone, Debug)]
pub struct LmLoader {
    stream: TokenDocs,
    rows: Rows,
    config: LmLoaderConfig,
}

impl LmLoader {
    /// The number of batches in an epoch; with [`Lengths::Awd`], in epoch 0.
    pub fn n_batches(&self) -> usize {
        self.n_batches_in(0)
    }

    /// The number of batches in the given epoch. It differs between epochs with [`Lengths::Awd`] only.
    pub fn n_batches_in(&self, epoch: usize) -> usize {
        match self.config.lengths {
            Lengths::Fixed => self.rows.len.div_ceil(self.config.seq_len),
            Lengths::Awd => self.steps(epoch).len(),
        }
    }

    /// The number of tokens of all documents, `N`.
    pub fn n_tokens(&self) -> usize {
        self.stream.n_tokens()
    }

    /// The number of rows of each batch: `batch_size`, or less where the stream is too short for it.
    pub fn batch_size(&self) -> usize {
        self.rows.n
    }

    /// The settings that this was built with.
    pub fn config(&self) -> &LmLoaderConfig {
        &self.config
    }

    /// The documents of the stream, in the order in which they were given.
    pub fn docs(&self) -> &TokenDocs {
        &self.stream
    }

    /// The batches of an epoch, each made when it is asked for. The same epoch gives the same batches every time.
    pub fn epoch(&self, epoch: usize) -> impl Iterator<Item = LmBatch> + '_ {
        self.epoch_from(epoch, 0)
    }

    /// As [`Self::epoch`] without its first `batches` batches, which are not made: what a run that is resumed has
    /// before it.
    ///
    /// ```
    /// use ulmfit_data::LmLoaderConfig;
    /// let loader = LmLoaderConfig::new().with_batch_size(2).with_seq_len(3).build(vec![(0..40).collect()])?;
    /// assert!(loader.epoch_from(1, 2).eq(loader.epoch(1).skip(2)));
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    pub fn epoch_from(&self, epoch: usize, batches: usize) -> impl Iterator<Item = LmBatch> + '_ {
        let order = match self.config.order {
            DocumentOrder::Kept => (0..self.stream.len() as u32).collect(),
            DocumentOrder::Shuffled => {
                let mut rng = generator(self.config.seed, Purpose::Stream, epoch as u64);
                shuffled((0..self.stream.len() as u32).collect(), &mut rng)
            }
        };
        let view = self.stream.ordered(order);
        self.steps(epoch)
            .into_iter()
            .skip(batches)
            .map(move |step| self.rows.batch(&view, step, self.config.pad))
    }

    fn steps(&self, epoch: usize) -> Vec<Step> {
        steps(
            self.config.lengths,
            self.rows.len,
            self.config.seq_len,
            self.config.seed,
            epoch as u64,
        )
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::IGNORE;

    fn kept(batch_size: usize, seq_len: usize) -> LmLoaderConfig {
        LmLoaderConfig::new()
            .with_batch_size(batch_size)
            .with_seq_len(seq_len)
            .with_order(DocumentOrder::Kept)
    }

    #[test]
    fn the_last_rows_end_in_one_ignored_position() {
        // 8 tokens, 7 predictions, 3 rows: lengths 3, 2, 2.
        let loader = kept(3, 2).build(vec![(10..18).collect()]).unwrap();
        assert_eq!(
            (loader.n_tokens(), loader.n_batches(), loader.batch_size()),
            (8, 2, 3)
        );
        let batches: Vec<LmBatch> = loader.epoch(0).collect();
        assert_eq!(batches[0].inputs.ids(), [10, 11, 13, 14, 15, 16]);
        assert_eq!(batches[0].targets.ids(), [11, 12, 14, 15, 16, 17]);
        assert_eq!(batches[1].inputs.ids(), [12, 1, 1]);
        assert_eq!(batches[1].targets.ids(), [13, IGNORE, IGNORE]);
    }

    #[test]
    fn a_short_stream_has_fewer_rows() {
        let loader = kept(64, 72).build(vec![vec![5, 6], vec![7]]).unwrap();
        let batch = loader.epoch(0).next().unwrap();
        assert_eq!(
            (batch.inputs.rows(), batch.inputs.ids(), batch.targets.ids()),
            (2, &[5, 6][..], &[6, 7][..])
        );
        assert_eq!(
            kept(64, 72)
                .with_remainder(Remainder::Drop)
                .build(vec![vec![5, 6]])
                .unwrap()
                .n_batches(),
            0
        );
    }

    #[test]
    fn bad_settings_and_empty_corpora_are_errors() {
        assert!(kept(0, 2).build(vec![vec![1, 2]]).is_err());
        assert!(kept(1, 0).build(vec![vec![1, 2]]).is_err());
        let error = kept(1, 2)
            .build(vec![vec![], vec![3]])
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "expected at least 2 tokens for a language model, found 1; give more text"
        );
    }

    #[test]
    fn each_epoch_has_its_own_order() {
        let docs: Vec<Vec<u32>> = (0..50).map(|i| vec![i]).collect();
        let loader = kept(1, 100)
            .with_order(DocumentOrder::Shuffled)
            .build(docs)
            .unwrap();
        let ids = |epoch| loader.epoch(epoch).next().unwrap().inputs.ids().to_vec();
        assert_eq!(ids(3), ids(3));
        assert_ne!(ids(0), ids(1));
        assert_ne!(ids(0), (0..49).collect::<Vec<u32>>());
    }

    #[test]
    fn random_lengths_are_counted_before_they_are_read() {
        let loader = kept(2, 20)
            .with_lengths(Lengths::Awd)
            .build(vec![vec![7; 1_000]])
            .unwrap();
        for epoch in 0..4 {
            assert_eq!(loader.epoch(epoch).count(), loader.n_batches_in(epoch));
            assert!(loader.epoch(epoch).any(|batch| batch.rate_scale != 1.0));
        }
    }
}
