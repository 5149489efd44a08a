//! Encoding whole documents: chunks from the document's own start, state carried between them.
//!
//! Deviation: fastai pads documents to the batch's width and runs the leading rows of a chunk, so that a prediction
//! depends on the other documents of its batch, and some tokens are lost. Here every document starts at column 0, its
//! chunks are counted from its own start, its window is its own last `max_len` tokens, and a document that has ended
//! leaves the batch. A backward direction starts at the document's own last token in the chunk, where fastai starts it
//! at the padding. Nothing depends on the batch's width, order or size.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use ulmfit_text::TokenGrid;

use crate::classify::pooling::{ConcatPool, Pooling, Window};
use crate::encoder::awd_lstm::AwdLstm;
use crate::encoder::dropout::{Dropouts, Mode};
use crate::go_on::GoOn;
use crate::language_model::Regularization;
use crate::random::int_tensor;

/// How documents are cut.
///
/// | field | default | source |
/// |---|---|---|
/// | `bptt` | 72 | fastai v2 (`seq_len`); v1 has 70 |
/// | `max_len` | 1440 | fastai v2 (20 chunks) |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentWindow {
    /// Tokens in a chunk; back-propagation stops at its start.
    pub bptt: usize,
    /// Pooling reads a document's last `max_len` tokens.
    pub max_len: usize,
}

impl Default for DocumentWindow {
    fn default() -> Self {
        Self {
            bptt: 72,
            max_len: 1440,
        }
    }
}

/// The encoded documents of a batch.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The pooled vector of each document, rows in the order of the batch: `[B, 3E]` with [`Pooling::Concat`].
    pub pooled: Tensor<2>,
    /// AR and TAR over the pooled positions, `[1]`; absent outside of training.
    pub penalty: Option<Tensor<1>>,
}

/// Encodes right-padded documents of `lengths` tokens; columns from a row's length on are never read. None if `go_on`,
/// which is asked before each chunk, says no.
#[expect(
    clippy::too_many_arguments,
    reason = "a batch, a model's settings, and whether to go on"
)]
pub(crate) fn encode(
    encoder: &AwdLstm,
    tokens: &TokenGrid,
    lengths: &[usize],
    (window, pooling): (DocumentWindow, Pooling),
    dropouts: &Dropouts,
    regularization: Regularization,
    mode: &mut Mode,
    go_on: GoOn<'_>,
) -> Option<Encoded> {
    assert_eq!(tokens.rows(), lengths.len(), "one length for each row");
    assert!(
        lengths
            .iter()
            .all(|&len| (1..=tokens.cols()).contains(&len)),
        "a document has at least one token and no more than the grid is wide"
    );
    // Longest first, so that the documents that are still running are the first rows.
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&row| std::cmp::Reverse(lengths[row]));
    let lengths: Vec<usize> = order.iter().map(|&row| lengths[row]).collect();

    let mut alive = lengths.len();
    let mut state = encoder.initial_state(alive);
    let mut pool: Option<ConcatPool> = None;
    let mut finished = Vec::new();
    let mut penalty = Penalty::new(regularization);
    let longest = lengths.first().copied().unwrap_or(0);
    let words = order.iter().zip(&lengths).flat_map(|(&row, &len)| {
        let read = longest.min(len.next_multiple_of(window.bptt));
        tokens.row(row)[..read].iter().copied()
    });
    let words = encoder.words(words, mode);
    let tracked = encoder.embedding.device().is_autodiff();
    let mut plain = None;
    for from in (0..longest).step_by(window.bptt) {
        if !go_on() {
            return None;
        }
        let running = lengths.partition_point(|&len| len > from);
        if running < alive {
            if let Some(pool) = &mut pool {
                finished.push(pool.finish_rows(running));
            }
            state = state.resized(running);
            alive = running;
        }
        let to = longest.min(from + window.bptt);
        let chunk = cut(tokens, &order[..alive], from, to);
        let here: Vec<usize> = lengths[..alive]
            .iter()
            .map(|&len| len.min(to) - from)
            .collect();
        let pooled = chunk_window(&lengths[..alive], from, to, window.max_len);
        if tracked && !pooled.is_needed() {
            // Only its state is used, and no gradient flows into that: a graph would fill the memory until the batch ends.
            let (encoder, words) = plain.get_or_insert_with(|| (encoder.valid(), words.inner()));
            let before = state.inner();
            let (_, next) = encoder.forward_words(words, &chunk, &here, &before, dropouts, mode);
            state = next.within_autodiff();
            continue;
        }
        let (hidden, next) = encoder.forward_words(&words, &chunk, &here, &state, dropouts, mode);
        state = next;
        if pooled.is_needed() {
            if mode.is_train() {
                penalty.add(&hidden, &pooled);
            }
            let pool = pool.get_or_insert_with(|| ConcatPool::new(pooling, &hidden));
            pool.add(hidden, &pooled);
        }
    }
    if let Some(pool) = &mut pool {
        finished.push(pool.finish_rows(0));
    }
    finished.reverse();
    let sorted = Tensor::cat(finished, 0);
    // Row `order[k]` of the batch is row `k` of the sorted one.
    let mut back = vec![0; order.len()];
    for (k, &row) in order.iter().enumerate() {
        back[row] = k as u32;
    }
    let device = sorted.device();
    Some(Encoded {
        pooled: sorted.select(0, int_tensor(&back, &device)),
        penalty: penalty.finish(),
    })
}

/// Columns `from..to` of some rows.
fn cut(tokens: &TokenGrid, rows: &[usize], from: usize, to: usize) -> TokenGrid {
    let ids = rows
        .iter()
        .flat_map(|&row| tokens.row(row)[from..to].iter().copied())
        .collect();
    TokenGrid::new(rows.len(), to - from, ids)
}

/// The part of each document's window that lies in the chunk `from..to`.
pub(crate) fn chunk_window(lengths: &[usize], from: usize, to: usize, max_len: usize) -> Window {
    let span = |&len: &usize| {
        let first = len.saturating_sub(max_len).clamp(from, to);
        first - from..len.clamp(first, to) - from
    };
    let end = |&len: &usize| (from < len && len <= to).then(|| len - 1 - from);
    Window {
        spans: lengths.iter().map(span).collect(),
        ends: lengths.iter().map(end).collect(),
    }
}

/// AR and TAR of the encoder's output over the pooled positions.
///
/// Deviation: fastai v2 averages over padding and zero-filled positions too, so that the penalty depends on the
/// batch's shape; here only positions of documents count, and changes across the border of two chunks do not.
struct Penalty {
    weights: Regularization,
    activation: Option<Tensor<1>>,
    change: Option<Tensor<1>>,
    activations: usize,
    changes: usize,
}

impl Penalty {
    fn new(weights: Regularization) -> Self {
        Self {
            weights,
            activation: None,
            change: None,
            activations: 0,
            changes: 0,
        }
    }

    fn add(&mut self, hidden: &Tensor<3>, window: &Window) {
        let [steps, rows, width] = hidden.dims();
        let device = hidden.device();
        let mask = |steps: usize, inside: &dyn Fn(usize, usize) -> bool| -> Tensor<3> {
            let values = (0..steps)
                .flat_map(|t| (0..rows).map(move |b| (t, b)))
                .map(|(t, b)| f32::from(inside(t, b) as u8))
                .collect();
            crate::random::from_values(values, [steps, rows, 1], &device)
        };
        let inside = |t: usize, b: usize| window.spans[b].contains(&t);
        if self.weights.alpha != 0.0 {
            let kept = hidden.clone() * mask(steps, &inside);
            add(&mut self.activation, (kept.clone() * kept).sum());
            self.activations += width
                * window
                    .spans
                    .iter()
                    .map(ExactSizeIterator::len)
                    .sum::<usize>();
        }
        if self.weights.beta != 0.0 && steps > 1 {
            let later = hidden.clone().slice([1..steps, 0..rows, 0..width]);
            let earlier = hidden.clone().slice([0..steps - 1, 0..rows, 0..width]);
            let both = |t: usize, b: usize| inside(t, b) && inside(t + 1, b);
            let kept = (later - earlier) * mask(steps - 1, &both);
            add(&mut self.change, (kept.clone() * kept).sum());
            let pairs = window
                .spans
                .iter()
                .map(|span| span.len().saturating_sub(1))
                .sum::<usize>();
            self.changes += width * pairs;
        }
    }

    fn finish(self) -> Option<Tensor<1>> {
        let mean = |sum: Option<Tensor<1>>, n: usize, weight: f64| {
            sum.map(|sum| sum * (weight / n.max(1) as f64))
        };
        let activation = mean(self.activation, self.activations, self.weights.alpha);
        let change = mean(self.change, self.changes, self.weights.beta);
        match (activation, change) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        }
    }
}

fn add(sum: &mut Option<Tensor<1>>, part: Tensor<1>) {
    *sum = Some(match sum.take() {
        Some(before) => before + part,
        None => part,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_of_a_document_longer_than_max_len() {
        // 10 tokens, window of 4: positions 6..10. Chunks of 4: none, 6..8, 8..10.
        let spans: Vec<_> = [(0, 4), (4, 8), (8, 10)]
            .map(|(from, to)| chunk_window(&[10], from, to, 4))
            .map(|w| (w.spans[0].clone(), w.ends[0]))
            .to_vec();
        assert!(spans[0].0.is_empty() && spans[0].1.is_none());
        assert_eq!(spans[1], (2..4, None));
        assert_eq!(spans[2], (0..2, Some(1)));
    }

    /// The pooled features of documents of these lengths, read in chunks of 4 tokens, as bits.
    #[cfg(feature = "flex")]
    fn features(encoder: &AwdLstm, lengths: &[usize]) -> Vec<Vec<u32>> {
        let wide = lengths.iter().copied().max().unwrap_or(1);
        // A document's tokens follow from its length alone.
        let ids = lengths
            .iter()
            .flat_map(|&len| (0..wide).map(move |at| 2 + ((len * 31 + at * 7) % 28) as u32));
        let window = DocumentWindow {
            bptt: 4,
            max_len: 1440,
        };
        let encoded = encode(
            encoder,
            &TokenGrid::new(lengths.len(), wide, ids.collect()),
            lengths,
            (window, Pooling::Concat),
            &Dropouts::none(),
            Regularization::default(),
            &mut Mode::Eval,
            &|| true,
        );
        let encoded = encoded.expect("nobody gives up");
        let [_, width] = encoded.pooled.dims();
        let values: Vec<f32> = encoded.pooled.into_data().iter::<f32>().collect();
        let rows = values.chunks_exact(width);
        rows.map(|row| row.iter().map(|x| x.to_bits()).collect())
            .collect()
    }

    #[cfg(feature = "flex")]
    #[test]
    fn a_document_has_the_same_bits_alone_and_in_a_batch_at_any_width() {
        // One token more than a chunk, whole chunks, a single token; with sizes of no instruction set.
        let lengths = [5, 9, 4, 1, 13, 5, 30, 2, 3, 8, 6];
        for (embed, hidden) in [(16, 32), (7, 13), (33, 50), (1, 3)] {
            let config = crate::AwdLstmConfig::new(30).with_sizes(embed, hidden, 2);
            let encoder = config
                .init(&mut crate::Random::new(3), &burn::tensor::Device::flex())
                .expect("sizes");
            let together = features(&encoder, &lengths);
            for (len, row) in lengths.iter().zip(&together) {
                let alone = features(&encoder, &[*len]);
                assert_eq!(&alone[0], row, "{len} tokens, {embed}/{hidden}");
            }
        }
    }

    #[cfg(feature = "flex")]
    #[test]
    fn what_is_not_pooled_has_the_same_values_and_gradients_without_a_graph() {
        use burn::tensor::Device;

        let device = Device::flex().autodiff();
        let config = crate::AwdLstmConfig::new(30).with_sizes(6, 9, 2);
        let encoder = config
            .init(&mut crate::Random::new(3), &device)
            .expect("sizes");
        let dropouts = Dropouts::language_model();
        let ids: Vec<u32> = (0..2 * 22).map(|at| 2 + (at * 7 % 28)).collect();
        let tokens = TokenGrid::new(2, 22, ids);
        let run = |max_len, mode: &mut Mode| {
            let window = DocumentWindow { bptt: 4, max_len };
            let (settings, weights) = ((window, Pooling::Concat), Regularization::default());
            let out = encode(
                &encoder,
                &tokens,
                &[22, 20],
                settings,
                &dropouts,
                weights,
                mode,
                &|| true,
            );
            out.expect("nobody gives up").pooled
        };
        // The last state depends on every token and on every mask, whether the chunks before the window keep a graph or not.
        let gradient = |max_len| {
            let pooled = run(max_len, &mut Mode::train(5));
            let last = pooled.slice([0..2, 0..6]);
            let values: Vec<f32> = last.clone().into_data().iter::<f32>().collect();
            let gradient = encoder.embedding.val().grad(&last.sum().backward());
            let gradient = gradient.expect("it is trained").into_data();
            (values, gradient.iter::<f32>().collect::<Vec<f32>>())
        };
        assert_eq!(gradient(5), gradient(1440));
    }
}
