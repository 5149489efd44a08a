//! `ulmfit evaluate`: what a classifier scores on labelled documents.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use ulmfit::prelude::*;
use ulmfit::train::{evaluate_classifier, steps};

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
    let classifier = TextClassifier::load(&args.model, &device)?;
    let task = classifier.model.config().task;
    let expected = match (task, args.labeled.label().kind()) {
        (Task::SingleLabel, LabelKind::Class)
        | (Task::MultiLabel, LabelKind::Set { .. })
        | (Task::Regression { .. }, LabelKind::Number) => None,
        (Task::SingleLabel, _) => {
            Some("neither --label-delimiter nor --numbers, as this model predicts one class")
        }
        (Task::MultiLabel, _) => Some("--label-delimiter, as this model predicts several classes"),
        (Task::Regression { .. }, _) => Some("--numbers, as this model predicts numbers"),
    };
    if let Some(expected) = expected {
        bail!(
            "{}: expected {expected}, found options for other labels; change them or name another model",
            args.model.display()
        );
    }
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
    if args.talk.is_json() {
        let mut result = told::json(&validation);
        result["report"] = path_json(args.report.as_ref());
        return args.talk.result(result);
    }
    Ok(write!(
        std::io::stdout(),
        "{}",
        told::text(&validation, &found)
    )?)
}
