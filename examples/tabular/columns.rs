//! From the cells of a table to ids and numbers. Everything is learned from the training rows alone.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use anyhow::{Context as _, bail, ensure};

use crate::kind::{Kind, is_missing, number};
use crate::table::Table;

/// What was learned from the training rows.
pub(crate) struct Encoder {
    columns: Vec<(usize, String, Kind)>,
    classes: Vec<String>,
    target: usize,
}

/// Rows of a table as a model reads them.
#[derive(Debug)]
pub(crate) struct Rows {
    /// For each category column an id a row.
    pub(crate) categories: Vec<Vec<u32>>,
    /// The numbers of each row.
    pub(crate) numbers: Vec<Vec<f32>>,
    /// The class of each row.
    pub(crate) labels: Vec<u32>,
}

impl Rows {
    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The most frequent class and its share.
    pub(crate) fn most_frequent(&self) -> (u32, f64) {
        let count = |class: u32| self.labels.iter().filter(|&&label| label == class).count();
        let classes: BTreeSet<u32> = self.labels.iter().copied().collect();
        let best = classes
            .into_iter()
            .max_by_key(|&class| count(class))
            .unwrap_or(0);
        (best, count(best) as f64 / self.len().max(1) as f64)
    }
}

impl Encoder {
    /// Learns from the first `n_train` rows; the column `target` is predicted.
    ///
    /// # Errors
    /// For too few rows, a target of one class or with missing cells, and a table without other columns.
    pub(crate) fn learn(table: &Table, n_train: usize, target: usize) -> anyhow::Result<Self> {
        let rows = &table.rows[..n_train];
        ensure!(
            n_train >= 20,
            "expected at least 25 rows, found {}; give a larger table",
            table.rows.len()
        );
        ensure!(
            table.names.len() > 1,
            "expected columns beside the target, found none; add some"
        );
        if let Some(row) = table.rows.iter().position(|row| is_missing(&row[target])) {
            let (line, name) = (row + 2, &table.names[target]);
            bail!("line {line}: expected a class in column `{name}`, found none; remove the row");
        }
        let classes: BTreeSet<&str> = rows.iter().map(|row| row[target].as_str()).collect();
        let name = &table.names[target];
        ensure!(
            classes.len() >= 2,
            "target `{name}`: expected at least 2 classes, found 1; choose another target"
        );
        let most = n_train / 10;
        ensure!(
            classes.len() <= most.max(2),
            "target `{name}`: expected at most {} classes for {n_train} rows, found {}; choose a target of classes",
            most.max(2),
            classes.len()
        );
        let others = (0..table.names.len()).filter(|&column| column != target);
        let columns = others
            .map(|i| (i, table.names[i].clone(), Kind::of(rows, i)))
            .collect();
        Ok(Self {
            columns,
            classes: classes.into_iter().map(str::to_owned).collect(),
            target,
        })
    }

    /// The names of the classes.
    pub(crate) fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The number of ids of each category, those of missing numbers last.
    pub(crate) fn cardinalities(&self) -> Vec<usize> {
        let categories = self.columns.iter().filter_map(|(_, _, kind)| match kind {
            Kind::Category(ids) => Some(ids.len() + 1),
            Kind::Number { .. } => None,
        });
        categories.chain(vec![2; self.n_marked()]).collect()
    }

    /// The number of continuous columns.
    pub(crate) fn n_numbers(&self) -> usize {
        self.columns
            .iter()
            .filter(|(_, _, kind)| matches!(kind, Kind::Number { .. }))
            .count()
    }

    fn n_marked(&self) -> usize {
        self.columns
            .iter()
            .filter(|(_, _, kind)| matches!(kind, Kind::Number { marked: true, .. }))
            .count()
    }

    /// Encodes some rows.
    ///
    /// # Errors
    /// With line and column for a class that training has not, and for a cell that is no number.
    pub(crate) fn rows(&self, table: &Table, range: Range<usize>) -> anyhow::Result<Rows> {
        let mut rows = Rows {
            categories: Vec::new(),
            numbers: vec![Vec::new(); range.len()],
            labels: Vec::new(),
        };
        let mut marks = Vec::new();
        for (column, name, kind) in &self.columns {
            let cells = table.rows[range.clone()]
                .iter()
                .map(|row| row[*column].as_str());
            match kind {
                Kind::Category(ids) => {
                    rows.categories.push(
                        cells
                            .map(|cell| ids.get(cell).copied().unwrap_or(0))
                            .collect(),
                    );
                }
                Kind::Number {
                    median,
                    mean,
                    deviation,
                    marked,
                } => {
                    let mut missing = Vec::new();
                    for (row, cell) in cells.enumerate() {
                        missing.push(u32::from(is_missing(cell)));
                        let value = if is_missing(cell) {
                            Some(*median)
                        } else {
                            number(cell)
                        };
                        let value = value.with_context(|| {
                            let line = range.start + row + 2; // The header is line 1.
                            format!("line {line}, column `{name}`: expected a number, found `{cell}`; mend the cell")
                        })?;
                        rows.numbers[row].push((value - mean) / deviation);
                    }
                    if *marked {
                        marks.push(missing);
                    }
                }
            }
        }
        rows.categories.append(&mut marks);
        for (row, cells) in table.rows[range.clone()].iter().enumerate() {
            let Some(class) = self
                .classes
                .iter()
                .position(|class| *class == cells[self.target])
            else {
                let (line, found) = (range.start + row + 2, &cells[self.target]);
                let known = self.classes.join(", ");
                bail!(
                    "line {line}: expected one of the training rows' classes {known}, found `{found}`; shuffle the rows"
                );
            };
            rows.labels.push(class as u32);
        }
        Ok(rows)
    }
}

impl fmt::Display for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (numbers, marked) = (self.n_numbers(), self.n_marked());
        let categories = self.columns.len() - numbers;
        write!(
            f,
            "columns: {categories} of categories, {numbers} of numbers ({marked} with missing cells); "
        )?;
        write!(f, "{} classes", self.classes.len())
    }
}
