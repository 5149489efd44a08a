//! The cells of the study, and the file that holds those that are done.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulmfit::prelude::*;

/// How many labels, and how many subsets of so many are drawn.
const SUBSETS: [(usize, u64); 4] = [(100, 5), (500, 5), (2_000, 3), (20_000, 1)];

/// What is compared. The names are those in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Column {
    /// The English model, fine-tuned as a language model on unlabeled texts of the domain.
    SemiSupervised,
    /// The English model as it comes: it has read nothing of the domain but the labeled texts.
    Pretrained,
    /// A new encoder of the same size, which has read nothing.
    Scratch,
}

/// One classifier: so many labels, drawn by a seed, which is that of the training too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) column: Column,
    pub(crate) labels: usize,
    pub(crate) seed: u64,
}

impl Cell {
    /// All cells, the most telling first.
    pub(crate) fn all() -> Vec<Self> {
        let [hundred, five_hundred, two_thousand, all] = SUBSETS;
        let first = [hundred, five_hundred, all, two_thousand];
        let columns = [Column::SemiSupervised, Column::Pretrained, Column::Scratch];
        let cells = columns.into_iter().flat_map(|column| {
            first.into_iter().flat_map(move |(labels, subsets)| {
                (0..subsets).map(move |seed| Self {
                    column,
                    labels,
                    seed,
                })
            })
        });
        cells.collect()
    }

    /// How its classifier is trained. It follows from its labeled texts alone.
    pub(crate) fn recipe(&self, train: &Corpus) -> Recipe {
        let start = match self.column {
            Column::Scratch => Pretrained::None,
            Column::Pretrained | Column::SemiSupervised => Pretrained::english(),
        };
        Recipe::fitted(Amount::of([], train.texts()), &start)
    }
}

/// A line of the file: what a cell read and what it cost. Lines of the baselines have the same first five fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    /// A [`Column`]'s name, or that of a baseline.
    pub(crate) column: String,
    pub(crate) labels: usize,
    pub(crate) seed: u64,
    /// Share of the held-out texts whose class was found.
    pub(crate) accuracy: f64,
    /// How many those are.
    pub(crate) of: usize,
    /// CPU minutes of training, all threads, with the batches that a cut made it train on twice.
    #[serde(default)]
    pub(crate) train_cpu_min: f64,
    /// CPU minutes of predicting the held-out texts.
    #[serde(default)]
    pub(crate) predict_cpu_min: f64,
    /// Which processor.
    #[serde(default)]
    pub(crate) processor: String,
    /// Tokens that the English model had read, where the cell begins with it: a later model fills the cell anew.
    #[serde(default)]
    pub(crate) english_tokens: u64,
    /// How the classifier was trained, every number: a changed recipe fills the cell anew.
    #[serde(default)]
    pub(crate) recipe: Value,
    /// Operands of the matrix products; empty for a line older than the choice, all of which are fp32.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) precision: String,
    /// The SHA-256 of the domain's language model where it was [given](super::Args), empty where this command made it:
    /// another model fills the cell anew.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) language_model: String,
}

/// The part of a recipe that a cell's line records.
pub(crate) fn recorded(recipe: &Recipe) -> anyhow::Result<Value> {
    serde_json::to_value(&recipe.classifier).context("the classifier's recipe")
}

impl Line {
    /// Whether the line is that of a cell, with the English model as it is now, this [recipe](recorded) and,
    /// where the cell has one, this language model of the domain.
    pub(crate) fn is(&self, cell: &Cell, recipe: &Value, language_model: &str) -> bool {
        self.column == cell.column.name()
            && (self.labels, self.seed) == (cell.labels, cell.seed)
            && (cell.column != Column::SemiSupervised || self.language_model == language_model)
            && self.english_tokens == cell.column.english_tokens()
            && self.recipe == *recipe
    }

    /// The lines of a file without those that a later line replaces.
    pub(crate) fn newest(lines: Vec<Self>) -> Vec<Self> {
        let cell = |line: &Self| (line.column.clone(), line.labels, line.seed);
        let last: HashMap<_, _> = lines.iter().map(cell).zip(0..).collect();
        let kept = lines.into_iter().enumerate();
        kept.filter(|(n, line)| last[&cell(line)] == *n)
            .map(|(_, line)| line)
            .collect()
    }

    /// The lines of a file, none where there is no file.
    pub(crate) fn read_all(path: &Path) -> anyhow::Result<Vec<Self>> {
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let lines = text.lines().enumerate();
        lines
            .map(|(number, line)| {
                serde_json::from_str(line)
                    .with_context(|| format!("{} line {}", path.display(), number + 1))
            })
            .collect()
    }

    /// Adds the line at the end of a file.
    pub(crate) fn append(&self, path: &Path) -> anyhow::Result<()> {
        let line = serde_json::to_string(self)? + "\n";
        let file = OpenOptions::new().create(true).append(true).open(path);
        let mut file = file.with_context(|| format!("cannot open {}", path.display()))?;
        file.write_all(line.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Column {
    /// Tokens that the English model has read, 0 where a cell does not begin with it.
    pub(crate) fn english_tokens(self) -> u64 {
        match self {
            Self::SemiSupervised | Self::Pretrained => ulmfit_english::TOKENS,
            Self::Scratch => 0,
        }
    }

    /// The name on the command line and in the file.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_an_earlier_model_or_recipe_is_not_done_and_gives_way_to_a_later_one()
    -> anyhow::Result<()> {
        let cell = Cell {
            column: Column::Pretrained,
            labels: 100,
            seed: 0,
        };
        let recipe = recorded(&Recipe::by_name("english")?)?;
        assert!(recipe.is_object());
        let line = |accuracy, english_tokens, recipe: &Value| Line {
            column: Column::Pretrained.name(),
            labels: 100,
            seed: 0,
            accuracy,
            of: 10,
            train_cpu_min: 0.0,
            predict_cpu_min: 0.0,
            processor: String::new(),
            english_tokens,
            recipe: recipe.clone(),
            precision: String::new(),
            language_model: String::new(),
        };
        let before = line(0.5, 1, &recipe);
        let other = line(0.55, ulmfit_english::TOKENS, &Value::Null);
        let now = line(0.6, ulmfit_english::TOKENS, &recipe);
        let is = |line: &Line| line.is(&cell, &recipe, "");
        assert!(!is(&before) && !is(&other) && is(&now));
        // As it comes back from the file.
        let read: Line = serde_json::from_str(&serde_json::to_string(&now)?)?;
        assert!(is(&read));
        // Another language model of the domain fills the cells that begin with it, and no others.
        assert!(read.is(&cell, &recipe, "another"));
        let cell = Cell {
            column: Column::SemiSupervised,
            ..cell
        };
        let read = Line {
            column: cell.column.name(),
            ..read
        };
        assert!(read.is(&cell, &recipe, "") && !read.is(&cell, &recipe, "another"));
        let newest = Line::newest(vec![before, other, now]);
        assert_eq!((newest.len(), newest[0].accuracy), (1, 0.6));
        Ok(())
    }
}
