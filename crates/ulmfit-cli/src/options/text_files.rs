//! Files of text on the command line: read one document at a time, and turned into ids once for all runs of a folder.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ulmfit::data::{DocumentSource as _, PreparedText, Sources, TextUnit, TokenDocs};
use ulmfit::prelude::*;
use ulmfit::text::{SubwordConfig, SubwordModel, SubwordSize, WordSplit};

use super::source::{Columns, asked_by};
use crate::talk::Talk;

/// One document of this many is held out where no validation text is given (as in the recipe).
const VALID_EVERY: usize = 20;

/// The text that is read.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct TextFiles {
    #[command(flatten)]
    given: Given,
    /// Text to validate on after each epoch, in one of these formats [default: every 20th document].
    #[arg(long, value_name = "FILE")]
    valid: Option<PathBuf>,
}

/// Text in files.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct Given {
    /// Files or folders of plain text, or files in .csv, .tsv, .jsonl or .parquet; .gz and .zst are decompressed.
    #[arg(required = true, value_name = "FILE", help_heading = None::<&'static str>)]
    texts: Vec<PathBuf>,
    /// What a document is in plain text.
    #[arg(long, value_enum, default_value_t = Unit::Line)]
    unit: Unit,
    #[command(flatten)]
    columns: Columns,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Unit {
    Line,
    /// Begun by a line `= Title =`: WikiText.
    Article,
    File,
}

/// Documents as ids.
pub(crate) struct Texts {
    pub(crate) train: TokenDocs,
    pub(crate) valid: Option<TokenDocs>,
}

impl TextFiles {
    /// The files and folders that are read.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &PathBuf> {
        self.given.texts.iter().chain(&self.valid)
    }

    /// The vocabulary of the training text, counted or as it was counted before.
    pub(crate) fn vocabulary(
        &self,
        folder: &PreparedText,
        tokenizer: &TokenizerConfig,
        config: &VocabConfig,
    ) -> anyhow::Result<Vocab> {
        let sources = self.given.sources()?;
        asked_by(
            "--text-column",
            folder.vocabulary(&sources, &tokenizer.init(), config),
        )
    }

    /// The tokenizer with words cut into pieces that are learned from the text, at most so many.
    pub(crate) fn subwords(
        &self,
        tokenizer: TokenizerConfig,
        size: usize,
    ) -> anyhow::Result<TokenizerConfig> {
        let (sources, mut failed) = (self.given.sources()?, None);
        let documents = sources.documents_iter()?;
        let texts = documents.map_while(|document| match document {
            Ok(document) => Some(document.text),
            Err(error) => {
                failed = Some(error);
                None
            }
        });
        let config = SubwordConfig::new().with_size(SubwordSize::AtMost(size));
        let model = SubwordModel::train(texts, &tokenizer, &config).context("--subwords");
        match failed {
            Some(error) => asked_by("--text-column", Err(error)),
            None => Ok(tokenizer.with_words(WordSplit::Subword(model?))),
        }
    }

    /// The ids of all documents, from stores in the folder, which are made unless they are of this very text.
    pub(crate) fn encode(
        &self,
        folder: &PreparedText,
        text: &TextEncoding,
        talk: Talk,
    ) -> anyhow::Result<Texts> {
        let ids = |name: &str, sources: Sources| {
            let ids = folder.ids(name, &sources, text.tokenizer(), text.vocab());
            let ids = asked_by("--text-column", ids)?;
            let report = sources.report();
            if report.rows > 0 {
                talk.note(&format!("{name}: {report}"));
            }
            anyhow::Ok(ids)
        };
        let all = ids("train", self.given.sources()?)?;
        if let Some(path) = &self.valid {
            let valid = ids("valid", Sources::new(vec![self.given.source(path)?])?)?;
            let valid = Some(valid);
            return Ok(Texts { train: all, valid });
        }
        let (train, valid) = all.hold_out(VALID_EVERY);
        // A prediction needs two tokens.
        let valid = (valid.n_tokens() >= 2).then_some(valid);
        Ok(Texts { train, valid })
    }
}

impl Given {
    /// The ids of all documents, in memory.
    pub(crate) fn ids(&self, text: &TextEncoding) -> anyhow::Result<Vec<Vec<u32>>> {
        let mut ids = Vec::new();
        for document in self.sources()?.documents_iter()? {
            ids.push(text.encode(&document?.text));
        }
        Ok(ids)
    }

    fn sources(&self) -> anyhow::Result<Sources> {
        let sources = self.texts.iter().map(|path| self.source(path));
        Ok(Sources::new(sources.collect::<anyhow::Result<_>>()?)?)
    }

    fn source(&self, path: &Path) -> anyhow::Result<Source> {
        self.columns.text(path, self.unit.unit())
    }
}

impl Unit {
    fn unit(self) -> TextUnit {
        match self {
            Self::Line => TextUnit::Line,
            Self::Article => TextUnit::Article,
            Self::File => TextUnit::File,
        }
    }
}
