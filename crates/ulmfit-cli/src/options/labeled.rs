//! Documents with labels on the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ulmfit::data::ReadReport;
use ulmfit::prelude::*;
use ulmfit::train::Validate;

use super::label::LabelOptions;
use super::source::{Columns, asked_by};
use crate::talk::Talk;

/// Documents with labels.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct Labeled {
    /// A file in .csv, .tsv, .jsonl or .parquet, also compressed; - for the standard input; a folder with a folder for each
    /// class; or a data set in its parts: a folder with train.csv, or with train and test.
    #[arg(help_heading = None::<&'static str>)]
    data: PathBuf,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    label: LabelOptions,
}

/// Which of them are held out.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct HeldOut {
    /// Labeled documents to score on, in one of these formats; nothing is trained on them.
    #[arg(long, value_name = "FILE")]
    valid: Option<PathBuf>,
    /// The share of the documents that is held out to score on, of each class, where there are no others.
    #[arg(
        long,
        default_value_t = 0.1,
        value_name = "SHARE",
        conflicts_with = "valid"
    )]
    valid_share: f64,
    /// A column that says which rows are held out: true, 1, yes, valid, validation or test.
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["valid", "valid_share"], hide_short_help = true)]
    valid_column: Option<String>,
    /// How often they are scored: each-epoch, each-stage or at-end. With many of them scoring takes longer than training
    /// does; the model is the same.
    #[arg(long, hide_short_help = true, value_name = "WHEN", default_value = "each-epoch", value_parser = str::parse::<Validate>)]
    pub(crate) validate: Validate,
}

impl Default for HeldOut {
    /// The share of the options.
    fn default() -> Self {
        Self {
            valid: None,
            valid_share: 0.1,
            valid_column: None,
            validate: Validate::default(),
        }
    }
}

/// The documents of a run.
pub(crate) struct Documents {
    /// With labels, to train on.
    pub(crate) train: Corpus,
    /// With labels, to score on.
    pub(crate) valid: Corpus,
    /// Without labels, for the language model.
    pub(crate) unlabeled: Corpus,
}

impl Labeled {
    /// The documents in their parts.
    ///
    /// # Errors
    /// For files that cannot be read, with the columns that are there; for fewer than two classes; for a part without
    /// documents.
    pub(crate) fn read(
        &self,
        held_out: &HeldOut,
        seed: u64,
        talk: Talk,
    ) -> anyhow::Result<Documents> {
        let parts = self.parts(held_out, talk)?;
        let (all, mut unlabeled) = parts.train.by_label();
        let classes = self.label.least_classes();
        all.require_classes(classes).with_context(|| self.place())?;
        let drawn = parts.valid.is_none() && held_out.valid.is_none();
        let (train, valid) = match (parts.valid, &held_out.valid) {
            (_, Some(path)) => (all.clone(), self.read_valid(path, all.classes(), talk)?),
            // What is set apart to score on trains nothing, with a label or without.
            (Some(valid), None) => (all.clone(), self.scored(valid, talk)),
            (None, None) => {
                let share = held_out.valid_share;
                if !(share > 0.0 && share < 1.0) {
                    bail!("--valid-share: expected a share above 0 and below 1, found {share}");
                }
                all.split(share, seed)
            }
        };
        let one_each = drawn && valid.is_empty();
        for (part, corpus) in [("train on", &train), ("score on", &valid)] {
            if corpus.is_empty() && !one_each {
                bail!(
                    "{}: expected documents to {part}, found none of {}; give more, or a part of them as --valid",
                    self.data.display(),
                    all.len()
                );
            }
        }
        if one_each {
            bail!(
                "{}: expected documents to score on, found none, as each class has one document, which is needed to train \
                 on; add documents of each class, or name others as --valid",
                self.place()
            );
        }
        if train.require_classes(classes).is_err() {
            bail!(
                "{}: expected {classes} classes or more among the documents to train on, found fewer, as {} of {} \
                 documents are held out to score on; add documents of each class",
                self.place(),
                valid.len(),
                all.len()
            );
        }
        talk.note(&format!(
            "{}: {} documents to train on, {} to score on, {}",
            self.data.display(),
            train.len(),
            valid.len(),
            self.label.described(&train)
        ));
        if let Some(unscored) = self.label.unscored(&train, &valid) {
            talk.note(&unscored);
        }
        if let Some(further) = parts.unlabeled {
            unlabeled = Corpus::concat(&[&further, &unlabeled]);
        }
        if !unlabeled.is_empty() {
            talk.note(&format!(
                "{} documents without a label: for the language model only",
                unlabeled.len()
            ));
        }
        if let Some(hint) = self.label.hint(&train) {
            talk.note(&format!("{}: {hint}", self.place()));
        }
        Ok(Documents {
            train,
            valid,
            unlabeled: unlabeled.without_labels(),
        })
    }

    /// All documents of the file that have a label, which is one of `classes`.
    ///
    /// # Errors
    /// As [`Self::read`]; for a label that is not among `classes`.
    pub(crate) fn read_all(&self, classes: &[String], talk: Talk) -> anyhow::Result<Corpus> {
        let Some(set) = self.set()? else {
            return self.read_valid(&self.data, classes, talk);
        };
        self.tell(&self.data, &set.report, talk);
        // The part that nobody trains on.
        let corpus = set.test.unwrap_or(set.train);
        corpus.with_classes(classes).with_context(|| self.place())
    }

    /// The texts alone.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_texts(&self) -> anyhow::Result<Corpus> {
        match self.set()? {
            Some(set) => Ok(set.train.without_labels()),
            None => asked_by("--text-column", self.columns.source(&self.data)?.corpus()),
        }
    }

    /// The file or folder.
    pub(crate) fn path(&self) -> &Path {
        &self.data
    }

    /// The files and folders that are read.
    pub(crate) fn inputs<'a>(&'a self, held_out: &'a HeldOut) -> impl Iterator<Item = &'a PathBuf> {
        std::iter::once(&self.data).chain(&held_out.valid)
    }

    /// What the labels are.
    pub(crate) fn label(&self) -> &LabelOptions {
        &self.label
    }

    /// Documents without labels of further files, in the same column where they are tables.
    ///
    /// # Errors
    /// For files that cannot be read.
    pub(crate) fn read_unlabeled(&self, files: &[PathBuf]) -> anyhow::Result<Vec<Corpus>> {
        let read = |path: &PathBuf| asked_by("--text-column", self.columns.source(path)?.corpus());
        files.iter().map(read).collect()
    }

    /// File and column of the labels, for messages.
    fn place(&self) -> String {
        match self.data.is_dir() {
            true => self.data.display().to_string(),
            false => format!("{}, label `{}`", self.data.display(), self.label.name),
        }
    }

    /// The documents, and those that are to score on where the data has such a part.
    fn parts(&self, held_out: &HeldOut, talk: Talk) -> anyhow::Result<Parts> {
        if let Some(set) = self.set()? {
            self.tell(&self.data, &set.report, talk);
            return Ok(Parts {
                train: set.train,
                valid: set.test,
                unlabeled: set.unlabeled,
            });
        }
        let source = self.source(&self.data)?;
        let (train, valid, report) = match &held_out.valid_column {
            Some(_) if self.data.is_dir() => bail!(
                "--valid-column: expected a file with columns, found a folder, {}; give --valid or --valid-share",
                self.data.display()
            ),
            Some(column) => {
                let split = source.with_split(self.columns.column("--valid-column", column)?);
                let read = asked_by(
                    "--text-column, --label-column and --valid-column",
                    split.read_split(),
                );
                let (train, valid, report) = read?;
                (train, Some(valid), report)
            }
            None => {
                let (corpus, report) = asked_by("--text-column and --label-column", source.read())?;
                (corpus, None, report)
            }
        };
        self.tell(&self.data, &report, talk);
        Ok(Parts {
            train,
            valid,
            unlabeled: None,
        })
    }

    /// The documents of a file that have a label, to score on.
    fn read_valid(&self, path: &Path, classes: &[String], talk: Talk) -> anyhow::Result<Corpus> {
        let source = self.source(path)?.with_classes(classes);
        let (corpus, report) = asked_by("--text-column and --label-column", source.read())
            .with_context(|| format!("{}, label `{}`", path.display(), self.label.name))?;
        self.tell(path, &report, talk);
        let scored = self.scored(corpus, talk);
        if scored.is_empty() {
            bail!(
                "{}: expected documents with a label in `{}`, found none; name another column or file",
                path.display(),
                self.label.name
            );
        }
        Ok(scored)
    }

    /// The documents with a label: the others can neither be scored, nor trained on by whoever set them apart.
    fn scored(&self, corpus: Corpus, talk: Talk) -> Corpus {
        let (with, without) = corpus.by_label();
        if !without.is_empty() {
            talk.note(&format!(
                "{} documents to score on are left out, as they have no label; the first is {}",
                without.len(),
                without.place(0)
            ));
        }
        with
    }

    fn tell(&self, path: &Path, report: &ReadReport, talk: Talk) {
        talk.note(&format!("{}: {report}", path.display()));
    }

    /// The folder as a published data set, if it is one.
    fn set(&self) -> anyhow::Result<Option<ReviewSet>> {
        if !self.data.is_dir() {
            return Ok(None);
        }
        if self.label.kind() != LabelKind::SingleLabel {
            bail!(
                "{}: expected a file with a column of labels for that --task, found a folder; name \
                 the file",
                self.data.display()
            );
        }
        Ok(match ReviewSet::is_at(&self.data) {
            true => Some(ReviewSet::open(&self.data)?),
            false => None,
        })
    }

    /// The source of a file or a folder of classes.
    fn source(&self, path: &Path) -> anyhow::Result<Source> {
        self.label.of(self.columns.source(path)?, &self.columns)
    }
}

/// The documents of the data as it is.
struct Parts {
    train: Corpus,
    /// Those that the data sets apart to score on.
    valid: Option<Corpus>,
    unlabeled: Option<Corpus>,
}
