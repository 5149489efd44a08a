//! The report: gathered from what was trained, and written.

use std::path::Path;

use anyhow::Context as _;
use ulmfit::burn::module::Module as _;
use ulmfit::prelude::*;
use ulmfit::text::write_beside;
use ulmfit::train::ClassifierScores;
use ulmfit::train::observe::Curves;
use ulmfit_report::{EpochRow, Point, Report, Snippet, StageCurve, Validation, count, page};

use super::{coverage, mistakes};

/// What a report is about.
pub(crate) struct Subject<'a> {
    /// The heading.
    pub(crate) title: String,
    /// The file of the model.
    pub(crate) model: &'a Path,
    /// The classifier whose words are looked at.
    pub(crate) classifier: &'a TextClassifier,
    /// The documents that were trained on, where they are known.
    pub(crate) train: Option<&'a Corpus>,
    /// The documents that were scored on.
    pub(crate) valid: &'a Corpus,
    /// Their scores.
    pub(crate) scores: &'a ClassifierScores,
    /// The same for the page.
    pub(crate) validation: &'a Validation,
}

impl Subject<'_> {
    /// Everything but the training itself.
    ///
    /// # Errors
    /// For a document without a label.
    pub(crate) fn report(&self) -> anyhow::Result<Report> {
        let text = &self.classifier.text;
        let mut report = Report::new(self.title.as_str());
        report.facts = self.facts();
        report.validation = Some(self.validation.clone());
        report.mistakes = mistakes::find(self.scores, self.valid, self.classifier)?;
        if let Some(train) = self.train {
            report
                .coverage
                .push(coverage::of("training", train, text).0);
        }
        let (part, words) = coverage::of("validation", self.valid, text);
        report.coverage.push(part);
        report.unknown_words = words;
        report.snippets = snippets(self.model, self.classifier.model.config().task);
        Ok(report)
    }

    fn facts(&self) -> Vec<(String, String)> {
        let sizes = self.classifier.model.encoder.config();
        let mut facts = vec![("model", self.model.display().to_string())];
        if let Some(train) = self.train {
            facts.push(("training documents", count(train.len() as u64)));
        }
        facts.extend([
            ("validation documents", count(self.valid.len() as u64)),
            match self.classifier.model.config().task {
                Task::Regression { .. } => ("predicted", self.classifier.classes.join(", ")),
                Task::SingleLabel | Task::MultiLabel => {
                    ("classes", self.classifier.classes.len().to_string())
                }
            },
            (
                "sizes",
                format!(
                    "embed {}, hidden {}, layers {}",
                    sizes.embed, sizes.hidden, sizes.layers
                ),
            ),
            (
                "vocabulary",
                format!(
                    "{} tokens",
                    count(self.classifier.text.vocab().len() as u64)
                ),
            ),
            (
                "text rules",
                self.classifier.text.tokenizer_config().rules.to_string(),
            ),
            (
                "parameters",
                count(self.classifier.model.num_params() as u64),
            ),
        ]);
        facts
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// The stages of a run for the page, with a note where their beginning is missing.
pub(crate) fn add_training(report: &mut Report, curves: &Curves) {
    let stage = |stage: &ulmfit::train::observe::StageCurve| StageCurve {
        name: stage.stage.clone(),
        metric: stage.metric().to_owned(),
        batches: stage.batches,
        points: stage
            .points
            .iter()
            .map(|point| Point {
                batch: point.batch,
                loss: point.loss,
                rate: point.rate,
                momentum: point.momentum,
            })
            .collect(),
        epochs: stage
            .epochs
            .iter()
            .map(|(batch, epoch)| EpochRow {
                batch: *batch,
                train_loss: epoch.train_loss,
                valid_loss: epoch.valid_loss,
                metric: epoch.metric().map(|(_, value)| value),
                seconds: epoch.time.as_secs_f64(),
            })
            .collect(),
    };
    report.stages = curves.stages.iter().map(stage).collect();
    let seconds: f64 = report
        .stages
        .iter()
        .flat_map(|stage| &stage.epochs)
        .map(|epoch| epoch.seconds)
        .sum();
    report
        .facts
        .push(("time of all epochs".to_owned(), duration(seconds)));
    if report
        .stages
        .iter()
        .any(|stage| stage.points.is_empty() && !stage.epochs.is_empty())
    {
        report.notes.push(
            "The run was resumed: the curves of single batches begin where it went on; the epochs are complete.".to_owned(),
        );
    }
}

/// Seconds, or minutes where they are many.
fn duration(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        _ => format!("{:.0} min", seconds / 60.0),
    }
}

/// Writes the page.
///
/// # Errors
/// If it cannot be written; a file that was there stays as it was.
pub(crate) fn write(report: &Report, path: &Path) -> anyhow::Result<()> {
    write_beside(path, page::html(report).as_bytes())
        .context("cannot write the report; free space or choose another --report")
}

/// How the model is used, in a shell and in Rust.
fn snippets(model: &Path, task: Task) -> Vec<Snippet> {
    let (model, name) = (
        model.display(),
        format!("{:?}", model.display().to_string()),
    );
    let shell = format!(
        "ulmfit predict '{model}' --text 'A text to classify.'\n\
         ulmfit predict '{model}' new.csv --out labeled.csv"
    );
    let (reader, shown) = match task {
        Task::SingleLabel => (
            "Predictor",
            "\"{} {:.2}\", prediction.label, prediction.confidence()",
        ),
        Task::MultiLabel => ("Predictor", "\"{:?}\", prediction.labels"),
        Task::Regression { .. } => ("Regressor", "\"{prediction:?}\""),
    };
    let rust = format!(
        "use ulmfit::prelude::*;\n\n\
         let predictor = {reader}::load({name}, &Device::default())?;\n\
         let prediction = predictor.predict(\"A text to classify.\");\n\
         println!({shown});"
    );
    [("On the command line", shell), ("In Rust", rust)]
        .map(|(title, text)| Snippet {
            title: title.to_owned(),
            text,
        })
        .into()
}
