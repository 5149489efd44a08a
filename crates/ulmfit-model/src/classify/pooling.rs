//! From the hidden states of a document to one vector: pooling over its own last tokens.
//!
//! A document's states arrive chunk by chunk (see [`crate::document`]), and rows of the batch end one after another.
//! The pooled values are therefore accumulated, and a row's result is taken out when the row ends.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::random::from_values;

/// What a document's vector is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Last state, maximum and mean (paper section 3.3; all fastai generations).
    #[default]
    Concat,
    /// The maximum alone.
    Max,
    /// The mean alone.
    Mean,
}

impl Pooling {
    /// Returns the width of the vector for states of width `embed`.
    pub fn width(self, embed: usize) -> usize {
        match self {
            Self::Concat => 3 * embed,
            Self::Max | Self::Mean => embed,
        }
    }

    /// Whether it is what serde fills in, and so left out of files.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Which positions of a chunk belong to each row's window, and where rows end.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// For each row the positions `from..to` of this chunk that are pooled; empty where there is none.
    pub(crate) spans: Vec<std::ops::Range<usize>>,
    /// For each row the position of its document's last token, where it lies in this chunk.
    pub(crate) ends: Vec<Option<usize>>,
}

impl Window {
    /// Whether any position of the chunk is pooled.
    pub(crate) fn is_needed(&self) -> bool {
        self.spans.iter().any(|span| !span.is_empty())
    }

    /// 1 at pooled positions, `[steps, B, 1]` in row-major order.
    fn mask(&self, steps: usize) -> Vec<f32> {
        let at = |t: usize| move |span: &std::ops::Range<usize>| f32::from(span.contains(&t) as u8);
        (0..steps)
            .flat_map(|t| self.spans.iter().map(at(t)))
            .collect()
    }

    /// 1 at each row's last token.
    fn end_mask(&self, steps: usize) -> Vec<f32> {
        let at = |t: usize| move |end: &Option<usize>| f32::from((*end == Some(t)) as u8);
        (0..steps)
            .flat_map(|t| self.ends.iter().map(at(t)))
            .collect()
    }
}

/// `[last, max, mean]` of the pooled positions so far (paper section 3.3), for the rows that are still alive.
pub(crate) struct ConcatPool {
    pooling: Pooling,
    last: Tensor<2>,
    max: Tensor<2>,
    sum: Tensor<2>,
    counts: Vec<usize>,
}

/// Far below every hidden state (they lie in (-1, 1)), and finite, so that no `inf - inf` can arise.
const BELOW_ALL: f32 = -1e4;

impl ConcatPool {
    /// Nothing pooled yet, for the rows of `like` (`[steps, B, E]`).
    pub(crate) fn new(pooling: Pooling, like: &Tensor<3>) -> Self {
        let [_, rows, width] = like.dims();
        let zeros = Tensor::zeros([rows, width], &like.device());
        let max = zeros.clone() + BELOW_ALL;
        Self {
            pooling,
            last: zeros.clone(),
            max,
            sum: zeros,
            counts: vec![0; rows],
        }
    }

    /// Adds a chunk `[steps, B, E]`.
    pub(crate) fn add(&mut self, hidden: Tensor<3>, window: &Window) {
        let [steps, rows, width] = hidden.dims();
        let device = hidden.device();
        let flat = |x: Tensor<3>| x.reshape([rows, width]);
        let mask: Tensor<3> = from_values(window.mask(steps), [steps, rows, 1], &device);
        let masked = hidden.clone() * mask.clone();
        self.sum = self.sum.clone() + flat(masked.clone().sum_dim(0));
        // Outside of the window every value is pushed below all others.
        let pushed = masked + (mask - 1.0) * -BELOW_ALL;
        self.max = self.max.clone().max_pair(flat(pushed.max_dim(0)));
        if window.ends.iter().any(Option::is_some) {
            let ends: Tensor<3> = from_values(window.end_mask(steps), [steps, rows, 1], &device);
            self.last = self.last.clone() + flat((hidden * ends).sum_dim(0));
        }
        for (count, span) in self.counts.iter_mut().zip(&window.spans) {
            *count += span.len();
        }
    }

    /// Takes the rows from `alive` on out, pooled: `[rows - alive, 3E]`, or `[rows - alive, E]`.
    pub(crate) fn finish_rows(&mut self, alive: usize) -> Tensor<2> {
        let [rows, width] = self.sum.dims();
        let counts = self.counts.split_off(alive);
        let counts = counts.iter().map(|&count| count.max(1) as f32).collect();
        let counts = from_values(counts, [rows - alive, 1], &self.sum.device());
        let cut = |x: &Tensor<2>| x.clone().slice([alive..rows, 0..width]);
        let mean = cut(&self.sum) / counts;
        let pooled = match self.pooling {
            Pooling::Concat => vec![cut(&self.last), cut(&self.max), mean],
            Pooling::Max => vec![cut(&self.max)],
            Pooling::Mean => vec![mean],
        };
        for x in [&mut self.last, &mut self.max, &mut self.sum] {
            if alive > 0 {
                *x = x.clone().slice([0..alive, 0..width]);
            }
        }
        Tensor::cat(pooled, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn two_rows_of_different_length_by_hand() {
        // Row 0: 1, -2, 3; row 1: 5 (then padding 9, 9, which must not count).
        let hidden = Tensor::<1>::from_floats([1.0, 5.0, -2.0, 9.0, 3.0, 9.0], &Device::default());
        let hidden = hidden.reshape([3, 2, 1]);
        let mut pool = ConcatPool::new(Pooling::Concat, &hidden);
        let window = Window {
            spans: vec![0..3, 0..1],
            ends: vec![Some(2), Some(0)],
        };
        pool.add(hidden, &window);
        let short: Vec<f32> = pool.finish_rows(1).into_data().iter::<f32>().collect();
        assert_eq!(short, [5.0, 5.0, 5.0]);
        let long: Vec<f32> = pool.finish_rows(0).into_data().iter::<f32>().collect();
        assert_eq!(long[..2], [3.0, 3.0]);
        assert!((long[2] - 2.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn the_others_are_parts_of_it() {
        let hidden = Tensor::<1>::from_floats([1.0, -2.0, 4.0], &Device::default());
        let hidden = hidden.reshape([3, 1, 1]);
        let window = Window {
            spans: std::iter::once(0..3).collect(),
            ends: vec![Some(2)],
        };
        for (pooling, expected) in [(Pooling::Max, 4.0), (Pooling::Mean, 1.0)] {
            let mut pool = ConcatPool::new(pooling, &hidden);
            pool.add(hidden.clone(), &window);
            let found = pool.finish_rows(0);
            assert_eq!(found.dims(), [1, pooling.width(1)]);
            assert_eq!(found.into_scalar::<f32>(), expected);
        }
    }
}
