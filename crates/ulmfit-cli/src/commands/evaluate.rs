//! `ulmfit evaluate`: what a classifier scores on labelled documents.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use ulmfit::model::{ModelInfo, ModelKind};
use ulmfit::prelude::*;
use ulmfit::train::{ClassifierScores, evaluate_classifier, steps};
use ulmfit_report::Validation;

use crate::learned::{page, scores, told};
use crate::options::compute::Compute;
use crate::options::labeled::Labeled;
use crate::outputs::Outputs;
use crate::talk::{Talk, path_json};

/// Print accuracy, scores by class and confusion matrix of a classifier on labelled documents, or the errors of a model of
/// numbers; of a data set as published, on its test part.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The classifier's file.
    model: PathBuf,
    #[command(flatten)]
    labeled: Labeled,
    /// Documents of a batch; they change the speed, never the result.
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    batch_size: u16,
    /// Write a report as a web page, with the mistakes.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Replace a report that is there, if it is a regular file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    compute: Compute,
    #[command(flatten)]
    talk: Talk,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let files = Outputs::new(args.force)
        .writing(&args.report)
        .reading([args.labeled.path(), &args.model])
        .check()?;
    let device = args.compute.device()?;
    if ModelInfo::read(&args.model)?.kind == ModelKind::LinearClassifier {
        return args.evaluate_linear(&Predictor::load(&args.model, &device)?);
    }
    let classifier = TextClassifier::load(&args.model, &device)?;
    let task = classifier.model.config().task;
    args.check_labels(task)?;
    let corpus = args.labeled.read_all(&classifier.classes, args.talk)?;
    let mut recipe = Recipe::default();
    recipe.classifier.batch_size = usize::from(args.batch_size);
    recipe.classifier.cut = classifier.model.config().cut;
    let loader = steps::class_loader(&recipe, &classifier.text, &corpus, 0)?;
    let found = evaluate_classifier(&classifier.model, &loader);
    let validation = scores::validation(&found, &corpus)?;
    if let Some(path) = &args.report {
        let subject = page::Subject {
            title: format!(
                "{} on {}",
                args.model.display(),
                args.labeled.path().display()
            ),
            model: &args.model,
            classifier: &classifier,
            train: None,
            valid: &corpus,
            scores: &found,
            validation: &validation,
        };
        let (report, files) = (subject.report()?, files.stage()?);
        files.write(path, |to| page::write(&report, to))?;
        files.commit()?;
        args.talk.note(&format!("report {}", path.display()));
    }
    args.tell(&validation, &found)
}

impl Args {
    /// Refuses options for labels that are not the model's.
    fn check_labels(&self, task: Task) -> anyhow::Result<()> {
        let expected = match (task, self.labeled.label().kind()) {
            (Task::SingleLabel, LabelKind::SingleLabel)
            | (Task::MultiLabel, LabelKind::MultiLabel { .. })
            | (Task::Regression { .. }, LabelKind::Regression) => None,
            (Task::SingleLabel, _) => {
                Some("neither --label-delimiter nor --numbers, as this model predicts one class")
            }
            (Task::MultiLabel, _) => {
                Some("--label-delimiter, as this model predicts several classes")
            }
            (Task::Regression { .. }, _) => Some("--numbers, as this model predicts numbers"),
        };
        if let Some(expected) = expected {
            bail!(
                "{}: expected {expected}, found options for other labels; change them or name another model",
                self.model.display()
            );
        }
        Ok(())
    }

    /// The scores of a linear classifier.
    fn evaluate_linear(&self, predictor: &Predictor) -> anyhow::Result<()> {
        if self.report.is_some() {
            bail!(
                "--report: expected a model with an LSTM, found a linear classifier; leave it out"
            );
        }
        let task = predictor.task();
        self.check_labels(task)?;
        let corpus = self.labeled.read_all(predictor.classes(), self.talk)?;
        let found = predictor.predict_all(&corpus.texts()).into_iter();
        let found = found.map(|prediction| prediction.probabilities).collect();
        let found = ClassifierScores::of(task, found, &corpus.all_labels()?, corpus.n_classes());
        self.tell(&scores::validation(&found, &corpus)?, &found)
    }

    fn tell(&self, validation: &Validation, found: &ClassifierScores) -> anyhow::Result<()> {
        if self.talk.is_json() {
            let mut result = told::json(validation);
            result["report"] = path_json(self.report.as_ref());
            return self.talk.result(result);
        }
        let text = told::text(validation, found);
        Ok(write!(std::io::stdout(), "{text}")?)
    }
}
