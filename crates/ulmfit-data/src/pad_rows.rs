//! Documents of different lengths as one rectangle, padded on the right.

use ulmfit_text::TokenGrid;

/// The padding id of every generation's vocabulary: what loaders use unless told otherwise.
pub(crate) const PAD: u32 = 1;

/// The documents as rows of one grid, each starting at column 0 and followed by `pad`, and their true lengths.
///
/// Right padding is the one layout in which a document's tokens stand where they would stand if it were alone, so a
/// mask by length makes its prediction independent of its neighbors.
///
/// ```
/// use ulmfit_data::pad_rows;
/// let (grid, lengths) = pad_rows(&[&[2, 9, 10], &[2]], 1);
/// assert_eq!((grid.row(0), grid.row(1)), (&[2, 9, 10][..], &[2, 1, 1][..]));
/// assert_eq!(lengths, [3, 1]);
/// ```
pub fn pad_rows(docs: &[&[u32]], pad: u32) -> (TokenGrid, Vec<usize>) {
    let lengths: Vec<usize> = docs.iter().map(|doc| doc.len()).collect();
    let cols = lengths.iter().copied().max().unwrap_or(0);
    let mut ids = Vec::with_capacity(docs.len() * cols);
    for (row, doc) in docs.iter().enumerate() {
        ids.extend_from_slice(doc);
        ids.resize((row + 1) * cols, pad);
    }
    (TokenGrid::new(docs.len(), cols, ids), lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_document_and_empty_documents() {
        assert_eq!(pad_rows(&[], 1), (TokenGrid::new(0, 0, vec![]), vec![]));
        assert_eq!(
            pad_rows(&[&[], &[7]], 0),
            (TokenGrid::new(2, 1, vec![0, 7]), vec![0, 1])
        );
    }
}
