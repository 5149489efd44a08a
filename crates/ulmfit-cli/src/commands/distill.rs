//! `ulmfit distill`: a linear classifier taught by a trained one.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use ulmfit::prelude::*;
use ulmfit::train::ClassifierScores;

use super::Execute;
use crate::learned::fast::{self, Teacher};
use crate::options::common::Common;
use crate::options::label::LabelOptions;
use crate::options::source::{Columns, asked_by};
use crate::outputs::Outputs;

/// Teach a linear classifier by a trained one: thousands of texts a second
///
/// The texts need no labels; the more of the domain, the closer the linear classifier comes to its teacher. predict, serve
/// and evaluate read its file as any other.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file of the classifier that teaches.
    model: PathBuf,
    /// Texts of the domain, whose labels are not read: plain text with a document a line, or .csv, .tsv, .jsonl or .parquet.
    #[arg(long, help_heading = "Data", value_name = "FILE", num_args = 1.., required = true)]
    unlabeled: Vec<PathBuf>,
    /// Labeled documents to score both on; nothing is learned from them.
    #[arg(long, help_heading = "Data", value_name = "FILE")]
    score_on: Option<PathBuf>,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    label: LabelOptions,
    /// The file of the linear classifier.
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "fast.safetensors",
        help_heading = "Output"
    )]
    out: PathBuf,
    /// Replace a file that is there.
    #[arg(long, help_heading = "Output")]
    force: bool,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let talk = common.talk;
        let files = Outputs::new(self.force)
            .writing([&self.out])
            .reading([&self.model])
            .reading(&self.unlabeled)
            .reading(&self.score_on)
            .check()?;
        let device = common.device()?;
        let classifier = TextClassifier::load(&self.model, &device)?;
        let task = classifier.model.config().task;
        if let Task::Regression { .. } = task {
            bail!(
                "{}: expected a classifier, found a model of numbers, of which no linear one can be made; name another",
                self.model.display()
            );
        }
        let scored = self.scored(&classifier.classes)?;
        let texts = self.texts(scored.as_ref())?;
        talk.note(&format!("{} texts to learn from", texts.len()));
        let predictor = Predictor::new(&classifier)?;
        let read = |texts: &[&str]| predictor.predict_all(texts);
        let teacher = Teacher {
            tokenizer: classifier.text.tokenizer_config(),
            task,
            classes: &classifier.classes,
            read: &read,
        };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let student = teacher.teach(&texts, None, talk)?;
        let scores = scored.as_ref().map(|corpus| {
            let found = teacher.probabilities(&corpus.texts(), talk);
            let labels = corpus.all_labels()?;
            anyhow::Ok(ClassifierScores::of(
                task,
                found,
                &labels,
                classifier.classes.len(),
            ))
        });
        let scores = scores.transpose()?;
        let files = files.stage()?;
        let scored = scored.as_ref().zip(scores.as_ref());
        let result = fast::write(&student, &self.out, &files, scored, talk)?;
        files.commit()?;
        talk.note(&format!("saved {}", self.out.display()));
        talk.result(result)
    }
}

impl Args {
    fn scored(&self, classes: &[String]) -> anyhow::Result<Option<Corpus>> {
        let Some(path) = &self.score_on else {
            return Ok(None);
        };
        let source = self.label.of(self.columns.source(path)?, &self.columns)?;
        let corpus = asked_by("--text-column and --label-column", source.corpus())?;
        let corpus = corpus
            .with_classes(classes)
            .with_context(|| path.display().to_string())?;
        corpus
            .all_labels()
            .with_context(|| path.display().to_string())?;
        Ok(Some(corpus))
    }

    /// The texts to learn from, but for those that are scored.
    fn texts(&self, scored: Option<&Corpus>) -> anyhow::Result<Vec<String>> {
        let scored: HashSet<&str> = scored.iter().flat_map(|corpus| corpus.texts()).collect();
        let mut texts = Vec::new();
        for path in &self.unlabeled {
            let source = self.columns.source(path)?;
            let corpus = asked_by("--text-column", source.corpus())?;
            let further = corpus.documents().iter().map(|document| &document.text);
            texts.extend(
                further
                    .filter(|text| !scored.contains(text.as_str()))
                    .cloned(),
            );
        }
        if texts.is_empty() {
            bail!("--unlabeled: expected texts to learn from, found none; name other files");
        }
        Ok(texts)
    }
}
