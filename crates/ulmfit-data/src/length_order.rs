//! Orders of documents in which a batch's lengths are alike, so that little of it is padding.

use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::random::permutation;

/// Batches of at most `batch_size` documents (their indices) in descending order of length; documents of equal length
/// keep their order. Every document is in exactly one batch. A `batch_size` of 0 counts as 1.
///
/// ```
/// use ulmfit_data::batches_by_length;
/// assert_eq!(batches_by_length(&[3, 9, 5, 9], 3), [vec![1, 3, 2], vec![0]]);
/// ```
pub fn batches_by_length(lengths: &[usize], batch_size: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    sort_descending(&mut order, lengths);
    cut(&order, batch_size)
}

/// fastai's partly sorted order (`SortedDL`) before its batches are shuffled: `order` with its longest document swapped
/// to the front, then each run of `50 * batch_size` sorted by descending length.
///
/// ```
/// use ulmfit_data::sort_chunks;
/// assert_eq!(sort_chunks(vec![0, 1, 2, 3], &[3, 9, 5, 7], 1), [1, 3, 2, 0]);
/// ```
pub fn sort_chunks(mut order: Vec<usize>, lengths: &[usize], batch_size: usize) -> Vec<usize> {
    // The first of equally long documents, as `argmax` has it.
    let longest = (0..lengths.len()).rev().max_by_key(|&doc| lengths[doc]);
    if let Some(at) = order.iter().position(|&doc| Some(doc) == longest) {
        order.swap(0, at);
    }
    for chunk in order.chunks_mut(batch_size.max(1).saturating_mul(50)) {
        sort_descending(chunk, lengths);
    }
    order
}

/// fastai's training order: partly sorted documents cut into batches. The first batch, with the longest document, stays
/// first, so that memory runs out at once or never; the last, which may be short, stays last; the others are shuffled.
///
/// Deviation: fastai drops the last batch if it is short. Here only a single row moves, into the batch before it,
/// because batch normalization needs two rows.
pub(crate) fn training_batches(
    lengths: &[usize],
    batch_size: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<Vec<usize>> {
    let order = sort_chunks(permutation(lengths.len(), rng), lengths, batch_size);
    let mut batches = cut(&order, batch_size);
    if batch_size > 1
        && batches.len() > 1
        && let Some(single) = batches.pop_if(|last| last.len() == 1)
        && let Some(before) = batches.last_mut()
    {
        before.extend(single);
        sort_descending(before, lengths);
    }
    if let [_, middle @ .., _] = batches.as_mut_slice() {
        middle.shuffle(rng);
    }
    batches
}

fn sort_descending(order: &mut [usize], lengths: &[usize]) {
    order.sort_by_key(|&doc| std::cmp::Reverse(lengths[doc]));
}

fn cut(order: &[usize], batch_size: usize) -> Vec<Vec<usize>> {
    order
        .chunks(batch_size.max(1))
        .map(<[usize]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, generator};

    #[test]
    fn each_batch_is_sorted_and_the_longest_comes_first() {
        let lengths: Vec<usize> = (0..1_001).map(|i| (i * 37) % 211 + 1).collect();
        let batches = training_batches(&lengths, 4, &mut generator(0, Purpose::Rows, 0));
        assert_eq!(lengths[batches[0][0]], 211);
        assert!(
            batches
                .iter()
                .all(|b| b.is_sorted_by_key(|&doc| std::cmp::Reverse(lengths[doc])))
        );
        assert_eq!(batches.len(), 250); // 1,001 = 250 * 4 + 1: the single row joined the last full batch.
        assert_eq!(batches[249].len(), 5);
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..1_001).collect::<Vec<_>>());
    }

    #[test]
    fn few_documents() {
        let batches = |lengths: &[usize], size| {
            training_batches(lengths, size, &mut generator(0, Purpose::Rows, 0))
        };
        assert_eq!(batches(&[], 4), Vec::<Vec<usize>>::new());
        assert_eq!(batches(&[7], 4), [[0]]);
        assert_eq!(batches(&[7, 9, 8], 2), [[1, 2, 0]]);
        assert_eq!(batches(&[7, 9, 8], 1).len(), 3);
    }
}
