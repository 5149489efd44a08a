//! Softmax over a vocabulary that is cut into blocks: what a block can do alone, and what joins the blocks.
//!
//! Logits are kept transposed, `[words, positions]`: a row of the block belongs to one word, a column to one position of
//! the text. A block leaves `e^(x - its own maximum)`; once the maxima of all blocks are known, one factor for each
//! column turns that into probabilities.

use crate::cpu::isa::best_isa;
use crate::cpu::math::exp;

/// Adds `bias` and turns the logits of a block into `e^(x - top)`; `tops` and `sums` get the maximum and the sum of each
/// column.
pub(super) fn exponentials(block: &mut [f32], bias: &[f32], tops: &mut [f32], sums: &mut [f32]) {
    best_isa!(
        fused exponentials_any;
        block: &mut [f32],
        bias: &[f32],
        tops: &mut [f32],
        sums: &mut [f32],
    );
}

#[inline(always)]
fn exponentials_any<const FUSED: bool>(
    block: &mut [f32],
    bias: &[f32],
    tops: &mut [f32],
    sums: &mut [f32],
) {
    let n = tops.len();
    tops.fill(f32::NEG_INFINITY);
    for (row, &bias) in block.chunks_exact_mut(n).zip(bias) {
        for (x, top) in row.iter_mut().zip(tops.iter_mut()) {
            *x += bias;
            *top = if *x > *top { *x } else { *top };
        }
    }
    sums.fill(0.0);
    for row in block.chunks_exact_mut(n) {
        for ((x, &top), sum) in row.iter_mut().zip(tops.iter()).zip(sums.iter_mut()) {
            *x = exp::<FUSED>(*x - top);
            *sum += *x;
        }
    }
}

/// Multiplies each column by its factor.
pub(super) fn scale(block: &mut [f32], factors: &[f32]) {
    best_isa!(
        scale_any;
        block: &mut [f32],
        factors: &[f32],
    );
}

#[inline(always)]
fn scale_any(block: &mut [f32], factors: &[f32]) {
    for row in block.chunks_exact_mut(factors.len()) {
        for (x, factor) in row.iter_mut().zip(factors) {
            *x *= factor;
        }
    }
}

/// Adds the sum of each row of `columns` values to `sums`.
pub(super) fn add_row_sums(block: &[f32], columns: usize, sums: &mut [f32]) {
    best_isa!(
        add_row_sums_any;
        block: &[f32],
        columns: usize,
        sums: &mut [f32],
    );
}

#[inline(always)]
fn add_row_sums_any(block: &[f32], columns: usize, sums: &mut [f32]) {
    /// Independent partial sums, so that the compiler can use vector registers.
    const LANES: usize = 16;
    for (row, total) in block.chunks_exact(columns).zip(sums) {
        let mut parts = [0.0; LANES];
        for row in row.chunks(LANES) {
            for (part, x) in parts.iter_mut().zip(row) {
                *part += x;
            }
        }
        *total += parts.iter().sum::<f32>();
    }
}

/// Joins the blocks: `tops` and `sums` hold a row of `columns` values for each block. Returns the maximum of each column
/// and the sum of its `e^(x - maximum)`; `tops` becomes what a block's exponentials must be multiplied with to stand
/// against that maximum.
pub(super) fn join(tops: &mut [f32], sums: &[f32], columns: usize) -> (Vec<f32>, Vec<f32>) {
    let mut top = vec![f32::NEG_INFINITY; columns];
    for tops in tops.chunks_exact(columns) {
        for (top, &x) in top.iter_mut().zip(tops) {
            *top = if x > *top { x } else { *top };
        }
    }
    let mut total = vec![0.0; columns];
    for (tops, sums) in tops
        .chunks_exact_mut(columns)
        .zip(sums.chunks_exact(columns))
    {
        for (j, (x, sum)) in tops.iter_mut().zip(sums).enumerate() {
            *x = exp::<false>(*x - top[j]);
            total[j] += *x * sum;
        }
    }
    (top, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words_in_two_blocks_by_hand() {
        // Logits 0 and ln 3, the second one through its bias: probabilities 1/4 and 3/4.
        let (mut first, mut second) = ([0.0], [0.0]);
        let (mut tops, mut sums) = ([0.0; 2], [0.0; 2]);
        exponentials(&mut first, &[0.0], &mut tops[..1], &mut sums[..1]);
        exponentials(&mut second, &[3f32.ln()], &mut tops[1..], &mut sums[1..]);
        let (top, total) = join(&mut tops, &sums, 1);
        assert!((top[0] - 3f32.ln()).abs() < 1e-6 && (total[0] - 4.0 / 3.0).abs() < 1e-6);
        scale(&mut first, &[tops[0] / total[0]]);
        assert!((first[0] - 0.25).abs() < 1e-6);
        scale(&mut second, &[tops[1] / total[0]]);
        assert!((second[0] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn what_is_not_a_number_is_seen_in_the_sum() {
        let mut block = [f32::NAN, 0.0];
        let (mut tops, mut sums) = ([0.0], [0.0]);
        exponentials(&mut block, &[0.0, 0.0], &mut tops, &mut sums);
        let (_, total) = join(&mut tops, &sums, 1);
        assert!(total[0].is_nan());
    }

    #[test]
    fn rows_are_summed_over_every_column() {
        let block: Vec<f32> = (0..40).map(|i| i as f32).collect();
        let mut sums = [1.0; 2];
        add_row_sums(&block, 20, &mut sums);
        assert_eq!(sums, [191.0, 591.0]);
    }
}
