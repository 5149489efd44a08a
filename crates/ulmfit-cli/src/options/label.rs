//! The field of the label, and what it holds: a class, several or a number.

use ulmfit::prelude::*;

/// The field of the label, and what it holds.
#[derive(Debug, clap::Args)]
pub(crate) struct LabelOptions {
    /// The column or field of the label; without a header its number from 0.
    #[arg(id = "label", long, default_value = "label", value_name = "COLUMN")]
    pub(crate) name: String,
    /// A document is of any number of classes: their names stand in the label with this between them, as in ';'.
    #[arg(long, value_name = "TEXT", conflicts_with = "numbers")]
    label_delimiter: Option<String>,
    /// The label is a number, to be predicted as such; --config with classifier.range = [low, high] bounds the predictions.
    #[arg(long)]
    numbers: bool,
}

impl LabelOptions {
    /// What the field holds.
    pub(crate) fn kind(&self) -> LabelKind {
        match &self.label_delimiter {
            Some(delimiter) => LabelKind::set(delimiter),
            None if self.numbers => LabelKind::Number,
            None => LabelKind::Class,
        }
    }

    /// The classes that there must be.
    pub(crate) fn least_classes(&self) -> usize {
        match self.kind() {
            LabelKind::Class => 2,
            LabelKind::Set { .. } => 1,
            LabelKind::Number => 0,
        }
    }

    /// What the labels of documents are, in words.
    pub(crate) fn described(&self, train: &Corpus) -> String {
        match self.kind() {
            LabelKind::Class => format!("{} classes", train.n_classes()),
            LabelKind::Set { .. } => {
                format!("{} classes, any number of them each", train.n_classes())
            }
            LabelKind::Number => "a number each".to_owned(),
        }
    }

    /// What to try where hardly a class comes twice: numbers and lists are names unless an option says what they are.
    pub(crate) fn hint(&self, train: &Corpus) -> Option<String> {
        /// With fewer documents it is no sign.
        const DOCUMENTS: usize = 20;
        let (classes, documents) = (train.n_classes(), train.len());
        let odd =
            self.kind() == LabelKind::Class && documents > DOCUMENTS && 2 * classes > documents;
        odd.then(|| {
            format!(
                "{classes} classes are too many to learn from {documents} documents; for numbers pass --numbers, for \
                 several classes in a field --label-delimiter, or name another column as --label"
            )
        })
    }
}
