//! The settings of the language model's stream.

use serde::{Deserialize, Serialize};

use crate::{Lengths, PAD};

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

/// What happens to tokens that do not fill all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// Every token but the very first is predicted exactly once. Rows are `ceil((N-1)/B)` long; the last rows lack one
    /// position each where `B` does not divide `N-1`, and there the input is `pad` and the target [`IGNORE`](crate::IGNORE). A stream
    /// too short for `B` rows gets as many rows as it has predictions.
    ///
    /// Deviation: every reference drops up to `B-1` tokens instead.
    #[default]
    Keep,
    /// fastai v2, exactly: rows are `floor((N-1)/B)` long and up to `B-1` tokens at the end are never predicted. With
    /// fewer than `B+1` tokens there is no batch at all.
    Drop,
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
