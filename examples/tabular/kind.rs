//! What a column is: categories or numbers.

use std::collections::{BTreeSet, HashMap};

/// A column of numbers with more distinct values than this is continuous (fastai v2's `cont_cat_split`: 20).
const MAX_CATEGORIES: usize = 20;

/// What a column is.
pub(crate) enum Kind {
    /// Ids of its values from 1 on; 0 is a missing value or one that training never saw (fastai's `#na#`).
    Category(HashMap<String, u32>),
    /// Centered and scaled; the median stands in for what is missing.
    Number {
        median: f32,
        mean: f32,
        deviation: f32,
        /// Whether training rows lack it: then a category says which rows do (fastai's `FillMissing`).
        marked: bool,
    },
}

impl Kind {
    /// What the training rows say of a column.
    pub(crate) fn of(rows: &[Vec<String>], column: usize) -> Self {
        let there = || {
            rows.iter()
                .map(|row| row[column].as_str())
                .filter(|cell| !is_missing(cell))
        };
        let distinct: BTreeSet<&str> = there().collect();
        let numbers: Option<Vec<f32>> = there().map(number).collect();
        match numbers {
            Some(mut values) if distinct.len() > MAX_CATEGORIES => {
                let marked = values.len() < rows.len();
                values.sort_by(f32::total_cmp);
                let middle = values.len() / 2;
                let median = if values.len() % 2 == 1 {
                    values[middle]
                } else {
                    (values[middle - 1] + values[middle]) / 2.0
                };
                // As in fastai, missing cells are filled before mean and deviation are taken.
                values.resize(rows.len(), median);
                let n = values.len() as f64;
                let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
                let spread = values
                    .iter()
                    .map(|&v| (f64::from(v) - mean).powi(2))
                    .sum::<f64>()
                    / n;
                Self::Number {
                    median,
                    mean: mean as f32,
                    deviation: spread.sqrt().max(1e-7) as f32,
                    marked,
                }
            }
            _ => Self::Category(distinct.into_iter().map(str::to_owned).zip(1..).collect()),
        }
    }
}

/// Whether a cell stands for nothing known.
pub(crate) fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | "?" | "NA" | "NaN" | "nan" | "null")
}

/// A finite number.
pub(crate) fn number(cell: &str) -> Option<f32> {
    cell.parse().ok().filter(|value: &f32| value.is_finite())
}
