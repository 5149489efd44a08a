//! Files of text on the command line: read one document at a time, and turned into ids once for all runs of a folder.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};
use ulmfit::data::{
    DocumentSource as _, Source, Sources, TextUnit, TokenDocs, TokenStore, count_tokens,
};
use ulmfit::prelude::*;
use ulmfit::text::write_beside;

use super::source::Columns;

/// One document of this many is held out where no validation text is given (as in the recipe).
const VALID_EVERY: usize = 20;

/// The text that is read.
#[derive(Debug, clap::Args)]
pub(crate) struct TextFiles {
    #[command(flatten)]
    given: Given,
    /// Text to validate on after each epoch, in one of these formats [default: every 20th document].
    #[arg(long, value_name = "FILE")]
    valid: Option<PathBuf>,
}

/// Text in files.
#[derive(Debug, clap::Args)]
pub(crate) struct Given {
    /// Files or folders of plain text, or files in .csv, .tsv, .jsonl or .parquet; .gz and .zst are decompressed.
    #[arg(required = true, value_name = "TEXT")]
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
        folder: &Folder,
        tokenizer: &TokenizerConfig,
        config: &VocabConfig,
    ) -> anyhow::Result<Vocab> {
        let (splitter, sources) = (tokenizer.init(), self.given.sources()?);
        if let Some(vocab) = splitter.fixed_vocab() {
            return Ok(vocab);
        }
        let of = json!([sources.fingerprint()?, tokenizer, config]);
        let path = folder.0.join("vocabulary.json");
        if let Some(vocab) = stored_vocabulary(&path, &of) {
            return Ok(vocab);
        }
        let vocab = config.build_from_counts(&count_tokens(&sources, &splitter)?);
        let file = json!({ "of": of, "vocabulary": vocab }).to_string();
        write_beside(&path, file.as_bytes()).with_context(|| path.display().to_string())?;
        Ok(vocab)
    }

    /// The ids of all documents, from stores in the folder, which are made unless they are of this very text.
    pub(crate) fn encode(&self, folder: &Folder, text: &TextEncoding) -> anyhow::Result<Texts> {
        let store = |name: &str, sources: &Sources| {
            TokenStore::create(folder.0.join(name), sources, text.tokenizer(), text.vocab())
        };
        let all = store("train.tokens", &self.given.sources()?)?
            .docs()
            .clone();
        if let Some(path) = &self.valid {
            let valid = Sources::new(vec![self.given.source(path)?])?;
            let valid = store("valid.tokens", &valid)?;
            let valid = Some(valid.docs().clone());
            return Ok(Texts { train: all, valid });
        }
        let held_out = |doc: &usize| doc % VALID_EVERY == VALID_EVERY - 1;
        let (valid, train): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(held_out);
        let valid = all.pick(&valid);
        Ok(Texts {
            train: all.pick(&train),
            // A prediction needs two tokens.
            valid: (valid.n_tokens() >= 2).then_some(valid),
        })
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

/// A vocabulary that was counted for exactly this; else it is counted again.
fn stored_vocabulary(path: &Path, of: &Value) -> Option<Vocab> {
    let mut file: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    if file.get("of") != Some(of) {
        return None;
    }
    serde_json::from_value(file.get_mut("vocabulary")?.take()).ok()
}

/// The folder of a run: its checkpoints, and its text as ids.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes it if it is not there.
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }
}
