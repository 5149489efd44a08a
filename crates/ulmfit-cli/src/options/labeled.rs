//! Documents with labels on the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ulmfit::data::{Source, TextUnit};
use ulmfit::prelude::*;
use ulmfit::train::Validate;

use super::label::LabelOptions;
use super::source::{Columns, asked_by, extension};
use crate::talk::Talk;

/// Documents with labels.
#[derive(Debug, clap::Args)]
pub(crate) struct Labeled {
    /// A file in .csv, .tsv, .jsonl or .parquet, also .gz or .zst; or a folder with a folder for each class; or a data
    /// set as published: a folder with train.csv, or aclImdb.
    data: PathBuf,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    label: LabelOptions,
}

/// Which of them are held out.
#[derive(Debug, clap::Args)]
pub(crate) struct HeldOut {
    /// Labelled documents to score on, in one of these formats; nothing is trained on them.
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
    /// A column of a CSV file that says which rows are held out: true, 1, yes, valid, validation or test.
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["valid", "valid_share"])]
    valid_column: Option<String>,
    /// How often they are scored: each-epoch, each-stage or at-end. With many of them scoring takes longer than training
    /// does; the model is the same.
    #[arg(long, value_name = "WHEN", default_value = "each-epoch", value_parser = str::parse::<Validate>)]
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
        let mut unlabeled = Vec::new();
        let (all, valid) = self.parts(held_out, &mut unlabeled)?;
        let all = labeled_only(all, &mut unlabeled)?;
        let classes = self.label.least_classes();
        all.require_classes(classes).with_context(|| self.place())?;
        let (train, valid) = match valid {
            Some(valid) => {
                let valid = labeled_only(valid, &mut unlabeled)?;
                (all.clone(), valid.with_classes(all.classes())?)
            }
            None => {
                let share = held_out.valid_share;
                if !(share > 0.0 && share < 1.0) {
                    bail!("--valid-share: expected a share above 0 and below 1, found {share}");
                }
                all.split(share, seed)
            }
        };
        for (part, corpus) in [("train on", &train), ("score on", &valid)] {
            if corpus.is_empty() {
                bail!(
                    "{}: expected documents to {part}, found none of {}; give more, or a part of them as --valid",
                    self.data.display(),
                    all.len()
                );
            }
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
        if !unlabeled.is_empty() {
            talk.note(&format!(
                "{} documents without a label: for the language model only",
                unlabeled.len()
            ));
        }
        if let Some(hint) = self.label.hint(&train) {
            talk.note(&format!("{}: {hint}", self.place()));
        }
        let unlabeled = Corpus::new(unlabeled, Vec::new())?;
        Ok(Documents {
            train,
            valid,
            unlabeled,
        })
    }

    /// All documents of the file, with classes in a given order, all of them labelled.
    ///
    /// # Errors
    /// As [`Self::read`]; for a label that is not among `classes`.
    pub(crate) fn read_all(&self, classes: &[String]) -> anyhow::Result<Corpus> {
        let set = self.data.is_dir().then(|| self.set()).transpose()?;
        let corpus = match set.flatten() {
            // The part that nobody trains on.
            Some(set) => set.test.unwrap_or(set.train),
            None => self.corpus(&self.data)?,
        };
        if corpus.is_empty() {
            bail!(
                "{}: expected labelled documents, found none; name another file",
                self.data.display()
            );
        }
        corpus.with_classes(classes).with_context(|| self.place())
    }

    /// The texts alone.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_texts(&self) -> anyhow::Result<Corpus> {
        let set = self.data.is_dir().then(|| self.set()).transpose()?;
        let corpus = match set.flatten() {
            Some(set) => set.train.without_labels(),
            None => asked_by(
                "--text",
                self.columns
                    .source(&self.data, None, TextUnit::Line)?
                    .corpus(),
            )?,
        };
        if corpus.is_empty() {
            bail!(
                "{}: expected documents, found none; name another file",
                self.data.display()
            );
        }
        Ok(corpus)
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

    /// File and column of the labels, for messages.
    fn place(&self) -> String {
        match self.data.is_dir() {
            true => self.data.display().to_string(),
            false => format!("{}, label `{}`", self.data.display(), self.label.name),
        }
    }

    /// Documents without labels of further files, in the same column where they are tables.
    ///
    /// # Errors
    /// For files that cannot be read.
    pub(crate) fn read_unlabeled(&self, files: &[PathBuf]) -> anyhow::Result<Vec<Corpus>> {
        let read =
            |path: &PathBuf| Ok(self.columns.source(path, None, TextUnit::Line)?.corpus()?);
        files.iter().map(read).collect()
    }

    /// The documents, and those that are to score on where they are named; what has no label may go to `unlabeled`.
    fn parts(
        &self,
        held_out: &HeldOut,
        unlabeled: &mut Vec<Document>,
    ) -> anyhow::Result<(Corpus, Option<Corpus>)> {
        if let Some(column) = &held_out.valid_column {
            if !matches!(extension(&self.data).as_str(), "csv" | "tsv") {
                bail!(
                    "--valid-column: expected a CSV or TSV file, found {}; give --valid or --valid-share",
                    self.data.display()
                );
            }
            let columns = self
                .columns
                .csv(Some(&self.label.name))?
                .with_label_kind(self.label.kind())
                .with_split(column.as_str());
            let columns = match extension(&self.data).as_str() {
                "tsv" => columns.with_delimiter(b'\t'),
                _ => columns,
            };
            let (train, valid) = Corpus::from_csv_split(&self.data, &columns)?;
            return Ok((train, Some(valid)));
        }
        let named = held_out
            .valid
            .as_ref()
            .map(|path| self.corpus(path))
            .transpose()?;
        if let Some(set) = self
            .data
            .is_dir()
            .then(|| self.set())
            .transpose()?
            .flatten()
        {
            unlabeled.extend(
                set.unlabeled
                    .iter()
                    .flat_map(|part| part.documents().to_vec()),
            );
            return Ok((set.train, named.or(set.test)));
        }
        Ok((self.corpus(&self.data)?, named))
    }

    /// The folder as a published data set, if it is one.
    fn set(&self) -> anyhow::Result<Option<ReviewSet>> {
        if self.label.kind() != LabelKind::Class {
            bail!(
                "{}: expected a file with a column of labels for --label-delimiter or --numbers, found a folder; name \
                 the file",
                self.data.display()
            );
        }
        let csv = ["train.csv", "train.csv.gz", "train.csv.zst"];
        let published = csv.iter().any(|name| self.data.join(name).is_file())
            || self.data.join("aclImdb").is_dir()
            || self.data.join("train/pos").is_dir();
        Ok(match published {
            true => Some(ReviewSet::open(&self.data)?),
            false => None,
        })
    }

    fn corpus(&self, path: &Path) -> anyhow::Result<Corpus> {
        if path.is_dir() {
            return Ok(Source::folder(path).corpus()?);
        }
        asked_by(
            "--text and --label",
            self.columns
                .source(path, Some(&self.label.name), TextUnit::Line)?
                .with_label_kind(self.label.kind())
                .corpus(),
        )
    }
}

/// The documents that have a label; the others go to `unlabeled`.
fn labeled_only(corpus: Corpus, unlabeled: &mut Vec<Document>) -> anyhow::Result<Corpus> {
    let classes = corpus.classes().to_vec();
    let (with, without): (Vec<_>, Vec<_>) = corpus
        .documents()
        .iter()
        .cloned()
        .partition(|document| document.label.is_some());
    // Their labels are numbers of classes that the list of the others need not have: they have none.
    unlabeled.extend(without);
    Ok(Corpus::new(with, classes)?)
}
