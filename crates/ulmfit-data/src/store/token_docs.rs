//! Documents as ids: in memory or in a mapped file, whole or a choice of them, in any order without a second copy.

use std::sync::Arc;

use super::Mapped;
use crate::digest::Digest;

/// The ids of many documents. A clone shares them; loaders are made of it.
///
/// In memory from lists of ids, or read from a [`TokenStore`](crate::TokenStore) when they are asked for.
///
/// ```
/// use ulmfit_data::TokenDocs;
/// let docs = TokenDocs::from(vec![vec![2, 9], vec![2], vec![2, 11, 12]]);
/// let some = docs.pick(&[2, 0]);
/// assert_eq!((some.len(), some.n_tokens(), some.doc(0)), (2, 5, vec![2, 11, 12]));
/// ```
#[derive(Clone, Debug)]
pub struct TokenDocs {
    ids: Arc<Ids>,
    /// The documents that are chosen; `None` for all, in their order.
    rows: Option<Arc<[u32]>>,
}

#[derive(Debug)]
enum Ids {
    Memory {
        ids: Vec<u32>,
        /// Where each document starts in `ids`, and the end of the last one.
        starts: Vec<usize>,
    },
    Mapped(Mapped),
}

impl TokenDocs {
    pub(crate) fn mapped(mapped: Mapped) -> Self {
        Self {
            ids: Arc::new(Ids::Mapped(mapped)),
            rows: None,
        }
    }

    /// The number of documents.
    pub fn len(&self) -> usize {
        match (&self.rows, &*self.ids) {
            (Some(rows), _) => rows.len(),
            (None, Ids::Memory { starts, .. }) => starts.len() - 1,
            (None, Ids::Mapped(mapped)) => mapped.n_docs(),
        }
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of tokens of all documents.
    pub fn n_tokens(&self) -> usize {
        match (&self.rows, &*self.ids) {
            (Some(_), _) => (0..self.len()).map(|doc| self.len_of(doc)).sum(),
            (None, Ids::Memory { ids, .. }) => ids.len(),
            (None, Ids::Mapped(mapped)) => mapped.n_tokens(),
        }
    }

    /// The number of tokens of a document.
    ///
    /// # Panics
    /// If `doc >= self.len()`.
    pub fn len_of(&self, doc: usize) -> usize {
        let (start, end) = self.span(doc);
        end - start
    }

    /// The ids of a document.
    ///
    /// # Panics
    /// If `doc >= self.len()`.
    pub fn doc(&self, doc: usize) -> Vec<u32> {
        let (start, end) = self.span(doc);
        let mut out = Vec::with_capacity(end - start);
        self.extend(start, end, &mut out);
        out
    }

    /// Some of the documents, in the order of `rows`.
    ///
    /// # Panics
    /// If a row is `self.len()` or more.
    pub fn pick(&self, rows: &[usize]) -> Self {
        // A store holds at most `u32::MAX` documents, and more than that do not fit into memory.
        let row = |&row: &usize| match &self.rows {
            Some(rows) => rows[row],
            None => {
                assert!(row < self.len(), "document {row} of {}", self.len());
                row as u32
            }
        };
        Self {
            ids: self.ids.clone(),
            rows: Some(rows.iter().map(row).collect()),
        }
    }

    /// All documents but every `every`-th, and those: a validation set spread over the whole text.
    ///
    /// # Panics
    /// If `every` is 0.
    pub fn hold_out(&self, every: usize) -> (Self, Self) {
        let held_out = |doc: &usize| doc % every == every - 1;
        let (valid, train): (Vec<usize>, Vec<usize>) = (0..self.len()).partition(held_out);
        (self.pick(&train), self.pick(&valid))
    }

    /// A digest of all ids and of where each document ends, in hexadecimal: equal for equal documents in equal order,
    /// in memory or in a store. Reads every id once.
    ///
    /// ```
    /// use ulmfit_data::TokenDocs;
    /// let of = |docs: Vec<Vec<u32>>| TokenDocs::from(docs).fingerprint();
    /// assert_eq!(of(vec![vec![2, 9], vec![3]]), of(vec![vec![2, 9], vec![3]]));
    /// assert_ne!(of(vec![vec![2, 9], vec![3]]), of(vec![vec![2], vec![9, 3]]));
    /// ```
    pub fn fingerprint(&self) -> String {
        let (mut digest, mut ids) = (Digest::default(), Vec::new());
        for doc in 0..self.len() {
            let (start, end) = self.span(doc);
            ids.clear();
            self.extend(start, end, &mut ids);
            digest.number(ids.len() as u64);
            ids.iter().for_each(|id| digest.bytes(&id.to_le_bytes()));
        }
        digest.hex()
    }

    /// The stream of the documents in `order`.
    pub(crate) fn ordered(&self, order: Vec<u32>) -> OrderedDocs<'_> {
        let mut end = 0;
        let ends = order
            .iter()
            .map(|&doc| {
                end += self.len_of(doc as usize);
                end
            })
            .collect();
        OrderedDocs {
            docs: self,
            order,
            ends,
        }
    }

    /// From where to where the ids of a document lie.
    fn span(&self, doc: usize) -> (usize, usize) {
        let row = self.rows.as_ref().map_or(doc, |rows| rows[doc] as usize);
        match &*self.ids {
            Ids::Memory { starts, .. } => (starts[row], starts[row + 1]),
            Ids::Mapped(mapped) => mapped.span(row),
        }
    }

    fn extend(&self, start: usize, end: usize, out: &mut Vec<u32>) {
        match &*self.ids {
            Ids::Memory { ids, .. } => out.extend_from_slice(&ids[start..end]),
            Ids::Mapped(mapped) => mapped.extend(start, end, out),
        }
    }
}

impl From<Vec<Vec<u32>>> for TokenDocs {
    fn from(docs: Vec<Vec<u32>>) -> Self {
        let mut ids = Vec::with_capacity(docs.iter().map(Vec::len).sum());
        let mut starts = Vec::with_capacity(docs.len() + 1);
        starts.push(0);
        for doc in docs {
            ids.extend_from_slice(&doc);
            starts.push(ids.len());
        }
        Self {
            ids: Arc::new(Ids::Memory { ids, starts }),
            rows: None,
        }
    }
}

/// Documents in some order as one long stream.
pub(crate) struct OrderedDocs<'a> {
    docs: &'a TokenDocs,
    order: Vec<u32>,
    /// Where each document of `order` ends in this stream.
    ends: Vec<usize>,
}

impl OrderedDocs<'_> {
    /// Appends the `n` ids from position `from` on to `out`. Needs `from + n` within the stream.
    pub(crate) fn copy(&self, from: usize, n: usize, out: &mut Vec<u32>) {
        let (mut at, until) = (from, from + n);
        let mut nth = self.ends.partition_point(|&end| end <= from);
        while at < until {
            let (start, end) = self.docs.span(self.order[nth] as usize);
            let offset = end - (self.ends[nth] - at); // Where `at` lies in the ids as they are stored.
            let stop = end.min(offset + (until - at));
            debug_assert!(offset >= start);
            self.docs.extend(offset, stop, out);
            at += stop - offset;
            nth += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_stays_what_it_was() {
        // Stores and checkpoints hold it. Made with Python's hashlib, of the numbers 2, 2, 9, 1 and 3.
        let found = TokenDocs::from(vec![vec![2, 9], vec![3]]).fingerprint();
        let expected = "e3feeb9cd8c2a91842a19e224c79327b1e13013346a9c1418d54d1c8e08b49b5";
        assert_eq!(found, expected);
    }

    #[test]
    fn reads_across_documents_in_any_order() {
        let docs = TokenDocs::from(vec![vec![1, 2, 3], vec![], vec![4], vec![5, 6]]);
        assert_eq!((docs.len(), docs.n_tokens()), (4, 6));
        // In this order the stream is 5 6 1 2 3 4.
        let view = docs.ordered(vec![3, 1, 0, 2]);
        let read = |from, n| {
            let mut out = Vec::new();
            view.copy(from, n, &mut out);
            out
        };
        assert_eq!(read(0, 6), [5, 6, 1, 2, 3, 4]);
        assert_eq!(read(1, 3), [6, 1, 2]);
        assert_eq!(read(2, 1), [1]);
        assert!(read(6, 0).is_empty());
    }

    #[test]
    fn a_choice_of_a_choice() {
        let docs = TokenDocs::from(vec![vec![1], vec![2, 3], vec![4]]);
        let some = docs.pick(&[2, 1]).pick(&[1]);
        assert_eq!(
            (some.len(), some.n_tokens(), some.doc(0)),
            (1, 2, vec![2, 3])
        );
        assert!(docs.pick(&[]).is_empty());
    }
}
