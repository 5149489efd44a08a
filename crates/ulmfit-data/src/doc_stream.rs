//! Documents as one long stream of ids, in any order, without a second copy of them.

/// All documents' ids behind one another, as they were given.
#[derive(Clone, Debug)]
pub(crate) struct DocStream {
    ids: Vec<u32>,
    /// Where each document starts in `ids`, and the end of the last one.
    starts: Vec<usize>,
}

impl DocStream {
    pub(crate) fn new(docs: Vec<Vec<u32>>) -> Self {
        let mut ids = Vec::with_capacity(docs.iter().map(Vec::len).sum());
        let mut starts = Vec::with_capacity(docs.len() + 1);
        starts.push(0);
        for doc in docs {
            ids.extend_from_slice(&doc);
            starts.push(ids.len());
        }
        Self { ids, starts }
    }

    pub(crate) fn n_docs(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn n_tokens(&self) -> usize {
        self.ids.len()
    }

    /// The stream with its documents in `order`.
    pub(crate) fn ordered(&self, order: Vec<usize>) -> OrderedStream<'_> {
        let mut end = 0;
        let ends = order
            .iter()
            .map(|&doc| {
                end += self.starts[doc + 1] - self.starts[doc];
                end
            })
            .collect();
        OrderedStream {
            stream: self,
            order,
            ends,
        }
    }
}

/// A view of a [`DocStream`] with its documents in another order.
pub(crate) struct OrderedStream<'a> {
    stream: &'a DocStream,
    order: Vec<usize>,
    /// Where each document of `order` ends in this view.
    ends: Vec<usize>,
}

impl OrderedStream<'_> {
    /// Appends the `n` ids from position `from` on to `out`. Needs `from + n` within the stream.
    pub(crate) fn copy(&self, from: usize, n: usize, out: &mut Vec<u32>) {
        let (mut at, until) = (from, from + n);
        let mut nth = self.ends.partition_point(|&end| end <= from);
        while at < until {
            let doc = self.order[nth];
            let (start, end) = (self.stream.starts[doc], self.stream.starts[doc + 1]);
            let offset = end - (self.ends[nth] - at); // Where `at` lies in the ids as they are stored.
            let stop = end.min(offset + (until - at));
            debug_assert!(offset >= start);
            out.extend_from_slice(&self.stream.ids[offset..stop]);
            at += stop - offset;
            nth += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_across_documents_in_any_order() {
        let stream = DocStream::new(vec![vec![1, 2, 3], vec![], vec![4], vec![5, 6]]);
        assert_eq!((stream.n_docs(), stream.n_tokens()), (4, 6));
        // In this order the stream is 5 6 1 2 3 4.
        let view = stream.ordered(vec![3, 1, 0, 2]);
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
}
