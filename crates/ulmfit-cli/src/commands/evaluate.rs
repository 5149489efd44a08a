//! `ulmfit evaluate`: what a classifier scores on labeled documents.

use std::path::PathBuf;

use anyhow::bail;
use ulmfit::model::{ModelInfo, ModelKind};
use ulmfit::prelude::*;
use ulmfit::train::ClassifierScores;
use ulmfit_serve::Answer;

use super::Execute;
use crate::learned::{page, scores, told};
use crate::options::common::Common;
use crate::options::labeled::Labeled;
use crate::options::model::ModelFiles;
use crate::outputs::Outputs;
use crate::talk::{path_json, print};

/// Score a model on labeled documents
///
/// Prints accuracy, the scores of each class and the confusion matrix, or the errors of a regression. Of a data set as
/// published it reads the test part.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    model: ModelFiles,
    #[command(flatten)]
    labeled: Labeled,
    /// Write a report as a web page, with the mistakes.
    #[arg(long, help_heading = "Output", value_name = "FILE")]
    report: Option<PathBuf>,
    /// Replace a report that is there, if it is a regular file.
    #[arg(long, help_heading = "Output")]
    force: bool,
}

impl Execute for Args {
    fn run(&self, common: &Common) -> anyhow::Result<()> {
        let files = Outputs::new(self.force)
            .writing(&self.report)
            .reading([self.labeled.path()])
            .reading(self.model.paths())
            .check()?;
        let device = common.device()?;
        let first = self.model.first();
        if self.report.is_some() && ModelInfo::read(first)?.kind == ModelKind::LinearClassifier {
            bail!(
                "--report: expected a model with an LSTM, found a linear classifier; leave it out"
            );
        }
        let model = self.model.load(&device)?;
        let task = match model.task() {
            "regression" => Task::Regression { range: None },
            "multi_label" => Task::MultiLabel,
            _ => Task::SingleLabel,
        };
        self.check_labels(task)?;
        let corpus = self.labeled.read_all(model.names(), common.talk)?;
        let outputs = model.answers(&corpus.texts()).into_iter();
        let outputs = outputs.map(|answer| match answer {
            Answer::Class { prediction, .. } => prediction.probabilities,
            Answer::Numbers(values) => values,
        });
        let labels = corpus.all_labels()?;
        let found = ClassifierScores::of(task, outputs.collect(), &labels, corpus.n_classes());
        let validation = scores::validation(&found, &corpus)?;
        if let Some(path) = &self.report {
            let subject = page::Subject {
                title: format!("{} on {}", first.display(), self.labeled.path().display()),
                model: first,
                classifier: &TextClassifier::load(first, &device)?,
                train: None,
                valid: &corpus,
                scores: &found,
                validation: &validation,
            };
            let (report, files) = (subject.report()?, files.stage()?);
            files.write(path, |to| page::write(&report, to))?;
            files.commit()?;
            common.talk.note(&format!("report {}", path.display()));
        }
        if common.talk.is_json() {
            let mut result = told::json(&validation);
            result["report"] = path_json(self.report.as_ref());
            return common.talk.result(result);
        }
        print(&told::text(&validation, &found))
    }
}

impl Args {
    /// Refuses options for labels that are not the model's.
    fn check_labels(&self, task: Task) -> anyhow::Result<()> {
        let expected = match (task, self.labeled.label().kind()) {
            (Task::SingleLabel, LabelKind::SingleLabel)
            | (Task::MultiLabel, LabelKind::MultiLabel { .. })
            | (Task::Regression { .. }, LabelKind::Regression) => return Ok(()),
            (Task::SingleLabel, _) => "single-label, as this model predicts one class",
            (Task::MultiLabel, _) => "multi-label, as this model predicts several classes",
            (Task::Regression { .. }, _) => "regression, as this model predicts numbers",
        };
        bail!(
            "{}: expected --task {expected}, found another task; change it or name another model",
            self.model.first().display()
        );
    }
}
