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
