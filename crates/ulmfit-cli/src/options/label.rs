//! The field of the label, and what it holds: a class, several or a number.

use ulmfit::prelude::*;

use super::source::Columns;

/// The field of the label, and what it holds.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct LabelOptions {
    /// The column or field of the label; without a header its number from 0.
    #[arg(
        long = "label-column",
        alias = "label",
        default_value = "label",
        value_name = "COLUMN"
    )]
    pub(crate) name: String,
    /// What a label is: one class, any number of classes, or a number to be predicted. For numbers, --config with
    /// classifier.range = [low, high] bounds the predictions.
    #[arg(long, value_enum, value_name = "TASK", default_value_t = TaskName::SingleLabel, default_value_if("label_delimiter", clap::builder::ArgPredicate::IsPresent, "multi-label"))]
    task: TaskName,
    /// What separates the names of several classes in a label [default: ';']; implies --task multi-label.
    #[arg(long, value_name = "TEXT")]
    label_delimiter: Option<String>,
    /// What stands for no label, with commas between [default: nan, NULL, None, NA and the like]; '' for an empty label
    /// alone, where a class has such a name.
    #[arg(
        long,
        value_name = "TEXTS",
        value_delimiter = ',',
        hide_short_help = true
    )]
    missing_label: Option<Vec<String>>,
}

/// The tasks of a classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TaskName {
    SingleLabel,
    MultiLabel,
    Regression,
}

impl LabelOptions {
    /// What the field holds.
    pub(crate) fn kind(&self) -> LabelKind {
        match self.task {
            TaskName::SingleLabel => LabelKind::SingleLabel,
            TaskName::MultiLabel => {
                LabelKind::multi_label(self.label_delimiter.as_deref().unwrap_or(";"))
            }
            TaskName::Regression => LabelKind::Regression,
        }
    }

    /// The source with these labels.
    ///
    /// # Errors
    /// For a name where columns have none.
    pub(crate) fn of(&self, source: Source, columns: &Columns) -> anyhow::Result<Source> {
        let source = source
            .with_label(columns.column("--label-column", &self.name)?)
            .with_label_kind(self.kind());
        Ok(match &self.missing_label {
            Some(texts) => source.with_missing(texts),
            None => source,
        })
    }

    /// The classes that there must be.
    pub(crate) fn least_classes(&self) -> usize {
        match self.kind() {
            LabelKind::SingleLabel => 2,
            LabelKind::MultiLabel { .. } => 1,
            LabelKind::Regression => 0,
        }
    }

    /// What the labels of documents are, in words: classes with the number of their documents.
    pub(crate) fn described(&self, train: &Corpus) -> String {
        /// More names do not help.
        const SHOWN: usize = 12;
        let counts = train.class_counts();
        let names = train.classes().iter().zip(&counts);
        let mut names: Vec<String> = names.map(|(name, n)| format!("{name} {n}")).collect();
        if names.len() > SHOWN {
            let more = names.len() - SHOWN;
            names.truncate(SHOWN);
            names.push(format!("and {more} more"));
        }
        match self.kind() {
            LabelKind::SingleLabel => {
                format!("{} classes ({})", train.n_classes(), names.join(", "))
            }
            LabelKind::MultiLabel { .. } => format!(
                "{} classes, any number of them each ({})",
                train.n_classes(),
                names.join(", ")
            ),
            LabelKind::Regression => "a number each".to_owned(),
        }
    }

    /// The classes that are trained and not scored, in words.
    pub(crate) fn unscored(&self, train: &Corpus, valid: &Corpus) -> Option<String> {
        const SHOWN: usize = 12;
        let (trained, scored) = (train.class_counts(), valid.class_counts());
        let counts = train.classes().iter().zip(trained.iter().zip(&scored));
        let only = counts.filter(|(_, (trained, scored))| **trained > 0 && **scored == 0);
        let names: Vec<&str> = only.map(|(name, _)| name.as_str()).collect();
        let first = names[..names.len().min(SHOWN)].join(", ");
        let more = match names.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        match (self.kind(), names.len()) {
            (LabelKind::Regression, _) | (_, 0) => None,
            (_, 1) => Some(format!(
                "1 class cannot be scored, as no document of it is held out: {first}"
            )),
            (_, n) => Some(format!(
                "{n} classes cannot be scored, as no documents of them are held out: {first}{more}"
            )),
        }
    }

    /// What to try where hardly a class comes twice: numbers and lists are names unless an option says what they are.
    pub(crate) fn hint(&self, train: &Corpus) -> Option<String> {
        /// With fewer documents it is no sign.
        const DOCUMENTS: usize = 20;
        let (classes, documents) = (train.n_classes(), train.len());
        let odd = self.kind() == LabelKind::SingleLabel
            && documents > DOCUMENTS
            && 2 * classes > documents;
        odd.then(|| {
            format!(
                "{classes} classes are too many to learn from {documents} documents; for numbers pass --task regression, \
                 for several classes in a field --task multi-label, or name another column as --label-column"
            )
        })
    }
}
