//! Which reviews are used for what.

use std::fmt;
use std::path::{Path, PathBuf};

use ulmfit::data::{write_classes, write_split};
use ulmfit::prelude::*;

use crate::options::{LmText, Options};

/// The share of the training set that is held out where there is no test set.
const HELD_OUT: f64 = 0.1;

/// The rows of a run.
pub(crate) struct Rows {
    source: PathBuf,
    /// Labeled, for step 3; its texts for the language model too.
    pub(crate) train: Corpus,
    /// Held out: scored, never trained on.
    pub(crate) valid: Corpus,
    /// For the language model.
    pub(crate) unlabeled: Option<Corpus>,
    lm_text: LmText,
}

impl Rows {
    /// Reads the data set and chooses the rows, all by the seed.
    pub(crate) fn read(options: &Options) -> anyhow::Result<Self> {
        let bundled = || Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
        let source = options.data.clone().unwrap_or_else(bundled);
        let set = ReviewSet::open(&source)?;
        let seed = options.seed;
        let (train, valid) = match set.test {
            Some(test) => (set.train, test),
            None => {
                let tenth = (set.train.len() as f64 * HELD_OUT).ceil() as usize;
                set.train.split_off(options.valid.unwrap_or(tenth), seed)?
            }
        };
        let train = match options.labels {
            Some(n) => train.balanced(n, seed)?.shuffled(seed),
            None => train.shuffled(seed),
        };
        let unlabeled = set.unlabeled.map(|corpus| match options.unlabeled {
            Some(n) => corpus.shuffled(seed).take(n),
            None => corpus.shuffled(seed),
        });
        train.require_classes(2)?;
        let rows = Self {
            source,
            train,
            valid,
            unlabeled,
            lm_text: options.lm_text,
        };
        if let Some(folder) = &options.write_split {
            rows.write(folder)?;
        }
        Ok(rows)
    }

    /// The texts without labels.
    pub(crate) fn unlabeled_texts(&self) -> Vec<&str> {
        self.unlabeled.iter().flat_map(Corpus::texts).collect()
    }

    /// The texts of steps 1 and 2.
    pub(crate) fn language_model_texts(&self) -> Vec<&str> {
        let mut texts = self.train.texts();
        texts.extend(self.unlabeled_texts());
        if self.lm_text == LmText::All {
            texts.extend(self.valid.texts());
        }
        texts
    }

    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)?;
        write_split(folder, "train", &self.train)?;
        write_split(folder, "test", &self.valid)?;
        if let Some(unlabeled) = &self.unlabeled {
            write_split(folder, "unsup", unlabeled)?;
        }
        write_classes(folder, self.train.classes())?;
        Ok(())
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unlabeled = self.unlabeled.as_ref().map_or(0, Corpus::len);
        write!(
            f,
            "Reviews from {}: {} labeled for training ({}), {unlabeled} unlabeled, {} held out",
            self.source.display(),
            self.train.len(),
            self.train.classes().join(", "),
            self.valid.len(),
        )
    }
}
