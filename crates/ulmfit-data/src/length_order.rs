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
    tiers: &[Tier],
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<Vec<usize>> {
    let order = permutation(lengths.len(), rng);
    let mut tier_of = vec![0; lengths.len()];
    for (index, tier) in tiers.iter().enumerate() {
        tier.documents.iter().for_each(|&doc| tier_of[doc] = index);
    }
    let mut batches = Vec::new();
    for (index, tier) in tiers.iter().enumerate() {
        let own = order.iter().copied().filter(|&doc| tier_of[doc] == index);
        let own = sort_chunks(own.collect(), lengths, tier.rows);
        let mut own = cut(&own, tier.rows);
        if tier.rows > 1
            && own.len() > 1
            && let Some(single) = own.pop_if(|last| last.len() == 1)
            && let Some(before) = own.last_mut()
        {
            before.extend(single);
            sort_descending(before, lengths);
        }
        batches.extend(own);
    }
    if let [_, middle @ .., _] = batches.as_mut_slice() {
        middle.shuffle(rng);
    }
    batches
}

/// Documents of like cost, and how many of them make a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tier {
    pub(crate) documents: Vec<usize>,
    pub(crate) rows: usize,
}

impl Tier {
    /// The number of batches in every epoch. A single row left over joins the batch before it.
    pub(crate) fn n_batches(&self) -> usize {
        let (n, rows) = (self.documents.len(), self.rows.max(1));
        match n > rows && rows > 1 && n % rows == 1 {
            true => n / rows,
            false => n.div_ceil(rows),
        }
    }
}

/// The documents in tiers, the longest first: `batch_size` to a batch where so many of a document's `cost` stay within
/// `tokens`, half as many where they are up to twice as long, and so on; never fewer than two. All in one tier without
/// a limit.
///
/// Deviation: in fastai a batch has as many documents however long they are.
///
/// The tiers follow from the costs alone, so that every epoch has as many batches.
pub(crate) fn tiers(costs: &[usize], batch_size: usize, tokens: Option<usize>) -> Vec<Tier> {
    let Some(tokens) = tokens else {
        return vec![Tier {
            documents: (0..costs.len()).collect(),
            rows: batch_size,
        }];
    };
    let full = (tokens / batch_size.max(1)).max(1);
    let halvings = |cost: usize| cost.div_ceil(full).max(1).next_power_of_two().ilog2();
    let mut order: Vec<usize> = (0..costs.len()).collect();
    sort_descending(&mut order, costs);
    let mut tiers: Vec<(u32, Tier)> = Vec::new();
    for doc in order {
        let level = halvings(costs[doc]);
        let least = batch_size.min(2);
        match tiers.last_mut() {
            // Batch normalization needs two rows: a document alone in its tier has the next one for company.
            Some((last, tier)) if *last == level || tier.documents.len() < least => {
                tier.documents.push(doc);
            }
            _ => tiers.push((
                level,
                Tier {
                    documents: vec![doc],
                    rows: (batch_size >> level.min(63)).max(least),
                },
            )),
        }
    }
    let mut tiers: Vec<Tier> = tiers.into_iter().map(|(_, tier)| tier).collect();
    if batch_size > 1
        && tiers.len() > 1
        && let Some(alone) = tiers.pop_if(|last| last.documents.len() == 1)
        && let Some(before) = tiers.last_mut()
    {
        before.documents.extend(alone.documents);
    }
    tiers
}

/// Cuts batches further, so that a rectangle around each holds no more than `tokens`, unless one document has more.
pub(crate) fn within(
    batches: Vec<Vec<usize>>,
    lengths: &[usize],
    tokens: usize,
) -> Vec<Vec<usize>> {
    let mut out = Vec::with_capacity(batches.len());
    for batch in batches {
        let mut part: Vec<usize> = Vec::new();
        let mut longest = 0;
        for doc in batch {
            let wider = longest.max(lengths[doc]);
            if !part.is_empty() && wider * (part.len() + 1) > tokens {
                out.push(std::mem::take(&mut part));
                longest = 0;
            }
            longest = longest.max(lengths[doc]);
            part.push(doc);
        }
        if !part.is_empty() {
            out.push(part);
        }
    }
    out
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
        let whole = tiers(&lengths, 4, None);
        let batches = training_batches(&lengths, &whole, &mut generator(0, Purpose::Rows, 0));
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
    fn batches_of_long_documents_have_fewer_rows_and_every_epoch_as_many_batches() {
        for n in 1..70 {
            let lengths: Vec<usize> = (0..n).map(|i| (i * i * 37) % 900 + 1).collect();
            let tiers = tiers(&lengths, 8, Some(800));
            let expected: usize = tiers.iter().map(Tier::n_batches).sum();
            for epoch in 0..3 {
                let mut rng = generator(0, Purpose::Rows, epoch);
                let batches = training_batches(&lengths, &tiers, &mut rng);
                assert_eq!(batches.len(), expected, "{n} documents");
                for batch in &batches {
                    assert!(batch.len() > 1 || n == 1, "{n} documents");
                    let longest = lengths[batch[0]];
                    // A row left over joins another batch; two rows may have any length.
                    assert!(batch.len() <= 3 || longest * (batch.len() - 1) <= 800);
                }
                let mut all = batches.concat();
                all.sort_unstable();
                assert_eq!(all, (0..n).collect::<Vec<_>>());
            }
        }
        // What is short enough is as without a limit.
        let lengths = [9, 3, 7, 100, 1, 2];
        let unlimited = tiers(&lengths, 4, None);
        assert_eq!(tiers(&lengths, 4, Some(400)).len(), 1);
        let limited = tiers(&lengths, 4, Some(400));
        let batches =
            |tiers: &[Tier]| training_batches(&lengths, tiers, &mut generator(3, Purpose::Rows, 1));
        assert_eq!(batches(&limited), batches(&unlimited));
    }

    #[test]
    fn a_rectangle_around_a_batch_has_a_limit() {
        let lengths = [100, 30, 20, 10, 1];
        let cut = within(vec![vec![0, 1, 2, 3, 4], vec![]], &lengths, 60);
        assert_eq!(cut, [vec![0], vec![1, 2], vec![3, 4]]);
    }

    #[test]
    fn few_documents() {
        let batches = |lengths: &[usize], size| {
            let whole = tiers(lengths, size, None);
            training_batches(lengths, &whole, &mut generator(0, Purpose::Rows, 0))
        };
        assert_eq!(batches(&[], 4), Vec::<Vec<usize>>::new());
        assert_eq!(batches(&[7], 4), [[0]]);
        assert_eq!(batches(&[7, 9, 8], 2), [[1, 2, 0]]);
        assert_eq!(batches(&[7, 9, 8], 1).len(), 3);
    }
}
