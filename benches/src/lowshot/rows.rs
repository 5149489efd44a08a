//! Which texts are used for what: the same for every cell, and for the baselines.

use std::path::Path;

use ulmfit::data::{write_classes, write_split};
use ulmfit::prelude::*;

/// The seed of everything that is the same for all cells.
pub(super) const SHARED_SEED: u64 = 0;

/// Labeled texts that the language model reads beside the unlabeled ones, without their labels.
const LABELED_READ: usize = 2_000;

/// The texts of the study.
pub(super) struct Rows {
    /// Labeled texts that subsets are drawn from.
    pub(super) pool: Corpus,
    /// Labeled texts that are scored, once for each cell.
    pub(super) held_out: Corpus,
    unlabeled: Corpus,
}

impl Rows {
    /// Reads the data set. Where it has no test set, `held_out` texts are held out of the training set: those, and the
    /// texts of the language model, are the ones that the example `imdb` takes with
    /// `--labels 2000 --unlabeled <N> --valid <held_out> --seed 0`.
    pub(super) fn read(data: &Path, held_out: usize, unlabeled: usize) -> anyhow::Result<Self> {
        let set = ReviewSet::open(data)?;
        let (pool, held_out) = match set.test {
            Some(test) => (set.train, test),
            None => set.train.split_off(held_out, SHARED_SEED)?,
        };
        pool.require_classes(2)?;
        let texts = set
            .unlabeled
            .unwrap_or_else(|| pool.take(0).without_labels());
        Ok(Self {
            pool,
            held_out,
            unlabeled: texts.shuffled(SHARED_SEED).take(unlabeled),
        })
    }

    /// The labeled texts of a cell: no other label enters its training.
    pub(super) fn subset(&self, labels: usize, seed: u64) -> anyhow::Result<Corpus> {
        let labels = labels.min(self.pool.len());
        Ok(self.pool.balanced(labels, seed)?.shuffled(seed))
    }

    /// What the language model of the domain reads.
    pub(super) fn language_model_texts(&self) -> anyhow::Result<Corpus> {
        let labeled = self.subset(LABELED_READ, SHARED_SEED)?.without_labels();
        Ok(Corpus::concat(&[&labeled, &self.unlabeled]))
    }

    /// Writes the rows as CSV for any other tool: `held_out.csv`, `unlabeled.csv`, and a file for each subset.
    pub(super) fn write(&self, folder: &Path, subsets: &[(usize, u64)]) -> anyhow::Result<()> {
        write_split(folder, "held_out", &self.held_out)?;
        write_split(folder, "unlabeled", &self.language_model_texts()?)?;
        for &(labels, seed) in subsets {
            let name = format!("{labels}_{seed}");
            write_split(folder, &name, &self.subset(labels, seed)?)?;
        }
        Ok(write_classes(folder, self.pool.classes())?)
    }
}
