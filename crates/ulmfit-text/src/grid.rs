//! A rectangle of token ids: what a batch is before it becomes a tensor.

/// `rows * cols` token ids in row-major order: row `r`, column `c` is `ids[r * cols + c]`.
///
/// Rows are sequences (batch, `B`), columns are time steps (`T`). Both loaders of `ulmfit-data` yield grids and the
/// models of `ulmfit-model` take them, so that neither crate needs the other.
///
/// ```
/// use ulmfit_text::TokenGrid;
/// let grid = TokenGrid::new(2, 3, vec![2, 9, 10, 2, 11, 1]);
/// assert_eq!(grid.row(1), [2, 11, 1]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenGrid {
    rows: usize,
    cols: usize,
    ids: Vec<u32>,
}

impl TokenGrid {
    /// A grid over `ids`.
    ///
    /// # Panics
    /// If `ids.len() != rows * cols`.
    pub fn new(rows: usize, cols: usize, ids: Vec<u32>) -> Self {
        assert_eq!(
            ids.len(),
            rows * cols,
            "a grid of {rows} x {cols} needs {} ids",
            rows * cols
        );
        Self { rows, cols, ids }
    }

    /// The documents as rows of one grid, each from column 0 on and followed by `pad`, and their true lengths.
    ///
    /// Right padding is the one layout in which a document's tokens stand where they would stand if it were alone, so a
    /// mask by length makes its prediction independent of its neighbors.
    ///
    /// ```
    /// use ulmfit_text::TokenGrid;
    /// let (grid, lengths) = TokenGrid::padded(&[&[2, 9, 10][..], &[2]], 1);
    /// assert_eq!((grid.row(0), grid.row(1)), (&[2, 9, 10][..], &[2, 1, 1][..]));
    /// assert_eq!(lengths, [3, 1]);
    /// ```
    pub fn padded<D: AsRef<[u32]>>(docs: &[D], pad: u32) -> (Self, Vec<usize>) {
        let lengths: Vec<usize> = docs.iter().map(|doc| doc.as_ref().len()).collect();
        let cols = lengths.iter().copied().max().unwrap_or(0);
        let mut ids = Vec::with_capacity(docs.len() * cols);
        for (row, doc) in docs.iter().enumerate() {
            ids.extend_from_slice(doc.as_ref());
            ids.resize((row + 1) * cols, pad);
        }
        (Self::new(docs.len(), cols, ids), lengths)
    }

    /// The number of sequences (`B`).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of time steps (`T`).
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// All ids, row after row.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The ids of one row.
    ///
    /// # Panics
    /// If `row >= self.rows()`.
    pub fn row(&self, row: usize) -> &[u32] {
        &self.ids[row * self.cols..(row + 1) * self.cols]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_document_and_empty_documents() {
        let none: &[&[u32]] = &[];
        assert_eq!(
            TokenGrid::padded(none, 1),
            (TokenGrid::new(0, 0, vec![]), vec![])
        );
        assert_eq!(
            TokenGrid::padded(&[&[][..], &[7]], 0),
            (TokenGrid::new(2, 1, vec![0, 7]), vec![0, 1])
        );
    }
}
