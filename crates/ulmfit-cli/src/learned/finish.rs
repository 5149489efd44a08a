//! The end of a training run: the report is written, people and programs are told.

use std::path::PathBuf;

use serde_json::Value;
use ulmfit::prelude::*;
use ulmfit::train::ClassifierScores;
use ulmfit::train::linear::Comparison;
use ulmfit::train::observe::Curves;
use ulmfit_report::Report;

use super::page::{self, Subject};
use super::{beside, scores, told};
use crate::options::labeled::{Documents, Labeled};
use crate::options::output::Output;
use crate::outputs::Staged;
use crate::talk::{Talk, path_json};

/// A classifier that was trained and saved.
pub(crate) struct Finished<'a> {
    pub(crate) labeled: &'a Labeled,
    pub(crate) documents: &'a Documents,
    pub(crate) output: &'a Output,
    /// The files of the run, with the models written and the report to come.
    pub(crate) files: Staged,
    /// Where the report goes, if one is wanted.
    pub(crate) page: Option<PathBuf>,
    pub(crate) recipe: &'a Recipe,
    pub(crate) classifier: &'a TextClassifier,
    /// Its scores on the held-out documents.
    pub(crate) scores: &'a ClassifierScores,
    pub(crate) curves: &'a Curves,
    /// Further facts of the report.
    pub(crate) facts: Vec<(&'a str, String)>,
    /// What a reader of the report should know.
    pub(crate) notes: Vec<String>,
    /// Further fields of the result for programs.
    pub(crate) result: Value,
}

impl Finished<'_> {
    /// Writes the report, puts all files in place and tells of them.
    ///
    /// # Errors
    /// If report or standard output cannot be written. Before all files are in place, none is, and the run is in its
    /// checkpoints.
    pub(crate) fn finish(self, talk: Talk) -> anyhow::Result<()> {
        let valid = &self.documents.valid;
        let validation = scores::validation(self.scores, valid)?;
        let tokenizer = self.classifier.text.tokenizer_config();
        let Documents {
            train, unlabeled, ..
        } = self.documents;
        let probabilities = &self.scores.probabilities;
        let beside =
            Comparison::measure(tokenizer, train, &unlabeled.texts(), valid, probabilities)?;
        if let Some(path) = &self.page {
            let subject = Subject {
                title: self.title(),
                model: self.output.path(),
                classifier: self.classifier,
                train: Some(&self.documents.train),
                valid,
                scores: self.scores,
                validation: &validation,
            };
            let report = self.report(&subject, beside.as_ref())?;
            self.files.write(path, |to| page::write(&report, to))?;
        }
        self.files.commit()?;
        talk.scores(&told::text(&validation, self.scores))?;
        if let Some(comparison) = &beside {
            talk.scores(&format!("\n{comparison}\n"))?;
        }
        self.output.saved(talk);
        if let Some(path) = &self.page {
            talk.note(&format!("report {}", path.display()));
        }
        let mut result = told::json(&validation);
        if let Some(comparison) = &beside {
            result["beside"] = beside::json(comparison);
        }
        if let (Value::Object(fields), Value::Object(more)) = (&mut result, self.result) {
            fields.extend(more);
            fields.insert("report".to_owned(), path_json(self.page.as_ref()));
        }
        talk.result(result)
    }

    /// The label and the name of the data, as `stars of reviews.csv`.
    fn title(&self) -> String {
        let path = self.labeled.path();
        let name = path.file_name().unwrap_or(path.as_os_str());
        format!(
            "{} of {}",
            self.labeled.label().name,
            name.to_string_lossy()
        )
    }

    fn report(&self, subject: &Subject<'_>, beside: Option<&Comparison>) -> anyhow::Result<Report> {
        let mut report = subject.report()?;
        report.beside = beside.map(beside::page);
        let facts = self
            .facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        report.facts.extend(facts);
        report.notes.clone_from(&self.notes);
        report.recipe = self.recipe.to_toml()?;
        page::add_training(&mut report, self.curves);
        Ok(report)
    }
}
