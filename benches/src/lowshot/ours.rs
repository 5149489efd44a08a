//! The language models, and the classifier of a cell.

use std::path::Path;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use ulmfit::kernels::MatmulPrecision;
use ulmfit::prelude::*;
use ulmfit::train::observe::Console;
use ulmfit::train::{Run, steps};

use super::cells::{Cell, Column, Line, recorded};
use super::rows::{Rows, SHARED_SEED};
use super::storage::{Storage, checkpoints};
use crate::memory::cpu_seconds;

/// The language models that cells begin with, each made or read once, when it is first asked for.
pub(super) struct Encoders<'a> {
    rows: &'a Rows,
    /// Where the fine-tuned one is stored, and what cells store.
    folder: &'a Path,
    /// The fine-tuned one's file and SHA-256, where it is given.
    given: Option<(&'a Path, String)>,
    device: Device,
    last: Option<(Column, TextLanguageModel)>,
}

impl<'a> Encoders<'a> {
    pub(super) fn new(
        rows: &'a Rows,
        folder: &'a Path,
        given: Option<&'a Path>,
    ) -> anyhow::Result<Self> {
        let given = given.map(|path| anyhow::Ok((path, sha256(path)?)));
        Ok(Self {
            rows,
            folder,
            given: given.transpose()?,
            device: Device::default(),
            last: None,
        })
    }

    /// The SHA-256 of the language model that is given, empty without one.
    pub(super) fn given(&self) -> &str {
        self.given.as_ref().map_or("", |(_, digest)| digest)
    }

    fn of(&mut self, column: Column) -> anyhow::Result<&TextLanguageModel> {
        let model = match self.last.take() {
            Some((known, model)) if known == column => model,
            _ => self.make(column)?,
        };
        Ok(&self.last.insert((column, model)).1)
    }

    fn make(&self, column: Column) -> anyhow::Result<TextLanguageModel> {
        let english = || {
            let model = Pretrained::english().load(&self.device)?;
            model.ok_or_else(|| anyhow::anyhow!("the English model is built in"))
        };
        match column {
            Column::Pretrained => english(),
            Column::SemiSupervised => self.fine_tuned(english),
            Column::Scratch => {
                let texts = self.rows.language_model_texts()?;
                let recipe = Recipe::by_name("english")?;
                let texts = texts.texts();
                let model = steps::new_language_model(&recipe, &texts, &self.device, SHARED_SEED)?;
                Ok(model)
            }
        }
    }

    /// Reads the language model of the domain, or makes it; a run that was cut goes on where it was.
    fn fine_tuned(
        &self,
        english: impl FnOnce() -> anyhow::Result<TextLanguageModel>,
    ) -> anyhow::Result<TextLanguageModel> {
        if let Some((path, _)) = self.given {
            return Ok(TextLanguageModel::load(path, &self.device)?);
        }
        // A later English model makes another one.
        let name = format!("domain-{}", ulmfit_english::TOKENS);
        let path = self.folder.join(format!("{name}.lm.safetensors"));
        if path.exists() {
            eprintln!("language model of the domain: {}", path.display());
            return Ok(TextLanguageModel::load(&path, &self.device)?);
        }
        let texts = self.rows.language_model_texts()?;
        let texts = texts.texts();
        let amount = Amount::of(texts.iter().copied(), []);
        let recipe = Recipe::fitted(amount, &Pretrained::english());
        let mut console = Console::new();
        let mut run = Run::new(&mut console)
            .with_seed(SHARED_SEED)
            .with_checkpoints(checkpoints(self.folder.join(format!("{name}.checkpoints"))));
        let model = steps::adapt(&recipe, &english()?, &texts, &self.device, &mut run)?;
        model.save(&path)?;
        Ok(model)
    }

    /// Trains the classifier of a cell on its labels alone, and scores it once. A cell that was cut goes on at its step;
    /// what it has stored is to be deleted when the line is safe.
    pub(super) fn fill(
        &mut self,
        cell: &Cell,
        train: &Corpus,
        recipe: &Recipe,
    ) -> anyhow::Result<(Line, Storage)> {
        let device = self.device.clone();
        let held_out = &self.rows.held_out;
        let language_model = match cell.column {
            Column::SemiSupervised => self.given().to_owned(),
            Column::Pretrained | Column::Scratch => String::new(),
        };
        let folder = self.folder;
        let encoder = self.of(cell.column)?;
        let storage = Storage::open(folder, cell)?;
        let checkpoints = storage.checkpoints();
        let mut watch = (Console::new(), storage);
        let mut run = Run::new(&mut watch)
            .with_seed(cell.seed)
            .with_checkpoints(checkpoints);
        let model = steps::classify(recipe, encoder, train, None, &device, &mut run)?.model;
        let storage = watch.1;
        let train_cpu_min = storage.cpu_seconds() / 60.0;
        let trained = cpu_seconds();
        let predictions = Predictor::new(&model)?.predict_all(&held_out.texts());
        let pairs = predictions.iter().zip(held_out.labels()?);
        let right = pairs.filter(|(found, label)| found.class == *label as usize);
        let line = Line {
            column: cell.column.name(),
            labels: cell.labels,
            seed: cell.seed,
            accuracy: right.count() as f64 / held_out.len() as f64,
            of: held_out.len(),
            train_cpu_min,
            predict_cpu_min: (cpu_seconds() - trained) / 60.0,
            processor: crate::memory::processor(),
            english_tokens: cell.column.english_tokens(),
            recipe: recorded(recipe)?,
            precision: MatmulPrecision::current().to_string(),
            language_model,
        };
        Ok((line, storage))
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
fn sha256(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let digest = Sha256::digest(bytes);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
