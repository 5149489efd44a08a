//! The stream a language model reads: all documents behind one another, folded into `B` rows, cut into batches.
//!
//! Legend: `N` tokens, `B` rows (`batch_size`), `T` time steps (`seq_len`). Row `r` of a batch continues row `r` of the
//! batch before it, so the hidden state carries over.

use crate::lm_rows::{LmBatch, Rows};
use crate::random::{Purpose, generator, shuffled};
use crate::step_lengths::{Step, steps};
use crate::{DocumentOrder, Error, Lengths, LmLoaderConfig, Result, TokenDocs};

impl LmLoaderConfig {
    /// The loader over `docs`: one list of ids per document, or those of a [`TokenStore`](crate::TokenStore). Empty
    /// documents are allowed.
    ///
    /// # Errors
    /// If `batch_size` or `seq_len` is 0, or there are fewer than two tokens.
    pub fn build(&self, docs: impl Into<TokenDocs>) -> Result<LmLoader> {
        for (name, value) in [("batch_size", self.batch_size), ("seq_len", self.seq_len)] {
            if value == 0 {
                return Err(Error::Setting {
                    name,
                    expected: "at least 1",
                    found: "0".into(),
                });
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
    use crate::{IGNORE, Remainder};

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
