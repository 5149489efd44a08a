//! Confusion matrix of a classifier, and what can be read from it.
//!
//! Legend: `tp` rows of a class that were predicted as it, `fp` rows of other classes predicted as
//! it, `fn` rows of it predicted as others. A class without predictions has precision 0, one
//! without rows has recall 0, and F1 is 0 where both are, as in scikit-learn.

use std::collections::BTreeMap;

use super::share;

/// Counts of rows by true and predicted class.
///
/// It prints as a table whose rows are the true classes.
///
/// ```
/// use ulmfit_train::metrics::ConfusionMatrix;
///
/// let mut matrix = ConfusionMatrix::new(2).with_names(["neg", "pos"]);
/// for (truth, predicted) in [(0, 0), (0, 0), (0, 1), (1, 1)] {
///     matrix.add(truth, predicted);
/// }
/// assert_eq!(matrix.accuracy(), 0.75);
/// assert_eq!(matrix.precision(1), 0.5);
/// let lines = [
///     "true \\ predicted  neg  pos",
///     "             neg    2    1",
///     "             pos    0    1",
/// ];
/// assert!(matrix.to_string().lines().eq(lines));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfusionMatrix {
    n_classes: usize,
    names: Vec<String>,
    /// Only pairs that occurred, so a large vocabulary costs no more than its rows.
    counts: BTreeMap<(usize, usize), u64>,
    n_outside: u64,
}

impl ConfusionMatrix {
    /// Returns an empty matrix of `n_classes` classes.
    pub fn new(n_classes: usize) -> Self {
        Self {
            n_classes,
            ..Self::default()
        }
    }

    /// Sets the names the table shows, in class order; a class without one shows its number.
    #[must_use]
    pub fn with_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Counts one row. A row whose truth or prediction is no class counts as a miss in the accuracy
    /// and nowhere else.
    pub fn add(&mut self, truth: usize, predicted: usize) {
        if truth < self.n_classes && predicted < self.n_classes {
            *self.counts.entry((truth, predicted)).or_default() += 1;
        } else {
            self.n_outside += 1;
        }
    }

    /// Returns the number of classes.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// Returns how many rows of class `truth` were predicted as `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts.get(&(truth, predicted)).copied().unwrap_or(0)
    }

    /// Returns the number of rows, those outside the classes included.
    pub fn total(&self) -> u64 {
        self.counts.values().sum::<u64>() + self.n_outside
    }

    /// Returns the share of rows on the diagonal, from 0 to 1; NaN without rows.
    pub fn accuracy(&self) -> f64 {
        let hits = self
            .counts
            .iter()
            .filter(|((truth, predicted), _)| truth == predicted);
        share(hits.map(|(_, n)| n).sum(), self.total())
    }

    /// Returns `tp / (tp + fp)` of a class.
    pub fn precision(&self, class: usize) -> f64 {
        let predicted = self
            .counts
            .iter()
            .filter(|((_, predicted), _)| *predicted == class);
        share_or_0(self.count(class, class), predicted.map(|(_, n)| n).sum())
    }

    /// Returns `tp / (tp + fn)` of a class.
    pub fn recall(&self, class: usize) -> f64 {
        let rows = self.counts.range((class, 0)..=(class, usize::MAX));
        share_or_0(self.count(class, class), rows.map(|(_, n)| n).sum())
    }

    /// Returns the harmonic mean of precision and recall of a class, `2 tp / (2 tp + fp + fn)`.
    pub fn f1(&self, class: usize) -> f64 {
        let (precision, recall) = (self.precision(class), self.recall(class));
        let sum = precision + recall;
        if sum > 0.0 {
            2.0 * precision * recall / sum
        } else {
            0.0
        }
    }

    /// Returns the mean F1 of the classes that occur as truth or prediction, each weighing the
    /// same; NaN without rows.
    pub fn macro_f1(&self) -> f64 {
        let mut either = vec![0; self.n_classes]; // truth and prediction, 2 tp + fp + fn
        for (&(truth, predicted), &n) in &self.counts {
            either[truth] += n;
            either[predicted] += n;
        }
        let occurring = (0..).zip(either).filter(|&(_, either)| either > 0);
        let f1 = occurring.map(|(class, either)| share(2 * self.count(class, class), either));
        let (sum, n) = f1.fold((0.0, 0), |(sum, n), f1| (sum + f1, n + 1));
        sum / f64::from(n)
    }

    /// Returns the confusions with at least `min` rows as `(truth, predicted, rows)`, the most
    /// frequent first.
    pub fn most_confused(&self, min: u64) -> Vec<(usize, usize, u64)> {
        let wrong = self
            .counts
            .iter()
            .filter(|((truth, predicted), _)| truth != predicted);
        let mut pairs: Vec<_> = wrong
            .map(|(&(truth, predicted), &n)| (truth, predicted, n))
            .collect();
        pairs.retain(|&(_, _, n)| n >= min);
        pairs.sort_by_key(|&(_, _, n)| std::cmp::Reverse(n));
        pairs
    }

    fn name_of(&self, class: usize) -> String {
        self.names
            .get(class)
            .cloned()
            .unwrap_or_else(|| class.to_string())
    }
}

impl std::fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let corner = "true \\ predicted";
        let names: Vec<String> = (0..self.n_classes)
            .map(|class| self.name_of(class))
            .collect();
        let longest = names
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        let digits = self
            .counts
            .values()
            .max()
            .map_or(1, |n| n.to_string().len());
        let (first, width) = (longest.max(corner.len()), longest.max(digits));

        write!(f, "{corner:>first$}")?;
        names
            .iter()
            .try_for_each(|name| write!(f, "  {name:>width$}"))?;
        writeln!(f)?;
        for (truth, name) in names.iter().enumerate() {
            write!(f, "{name:>first$}")?;
            for predicted in 0..self.n_classes {
                write!(f, "  {:>width$}", self.count(truth, predicted))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn share_or_0(part: u64, whole: u64) -> f64 {
    if whole > 0 { share(part, whole) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows are the truth: class 0 has 5 rows, class 1 has 3, class 2 has 2.
    fn example() -> ConfusionMatrix {
        let mut matrix = ConfusionMatrix::new(3);
        for (truth, row) in [[4, 1, 0], [0, 2, 1], [1, 0, 1]].into_iter().enumerate() {
            for (predicted, n) in row.into_iter().enumerate() {
                (0..n).for_each(|_| matrix.add(truth, predicted));
            }
        }
        matrix
    }

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} against {expected}"
        );
    }

    #[test]
    fn by_class() {
        let matrix = example();
        close(matrix.accuracy(), 0.7); // (4 + 2 + 1) / 10
        close(matrix.precision(0), 0.8); // 4 of column 4 + 0 + 1
        close(matrix.recall(0), 0.8); // 4 of row 4 + 1 + 0
        close(matrix.precision(1), 2.0 / 3.0);
        close(matrix.recall(1), 2.0 / 3.0);
        close(matrix.precision(2), 0.5);
        close(matrix.recall(2), 0.5);
        close(matrix.macro_f1(), (0.8 + 2.0 / 3.0 + 0.5) / 3.0);
        close(
            matrix.macro_f1(),
            (0..3).map(|class| matrix.f1(class)).sum::<f64>() / 3.0,
        );
    }

    #[test]
    fn classes_that_never_occur() {
        let mut matrix = ConfusionMatrix::new(4);
        matrix.add(0, 0);
        matrix.add(1, 0);
        // Class 0: 2*1 / (1 + 2) = 2/3. Class 1: 0 / (1 + 0) = 0. Classes 2 and 3 do not occur.
        close(matrix.macro_f1(), 1.0 / 3.0);
        assert_eq!(
            (matrix.precision(1), matrix.recall(2), matrix.f1(9)),
            (0.0, 0.0, 0.0)
        );
    }

    #[test]
    fn rows_outside_the_classes_are_misses() {
        let mut matrix = ConfusionMatrix::new(2);
        matrix.add(0, 0);
        matrix.add(7, 1);
        assert_eq!((matrix.total(), matrix.accuracy()), (2, 0.5));
    }

    #[test]
    fn confusions_by_frequency() {
        let mut matrix = example();
        matrix.add(1, 2);
        assert_eq!(matrix.most_confused(2), [(1, 2, 2)]);
        assert_eq!(matrix.most_confused(1), [(1, 2, 2), (0, 1, 1), (2, 0, 1)]);
    }

    #[test]
    fn the_table_is_aligned() {
        let table = example().with_names(["très positif", "b"]).to_string();
        let widths: Vec<_> = table.lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [16 + 3 * 14; 4]);
        assert_eq!(
            ConfusionMatrix::default().to_string(),
            "true \\ predicted\n"
        );
    }
}
