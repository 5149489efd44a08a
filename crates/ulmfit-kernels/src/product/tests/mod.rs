//! Products against the sums they stand for.

mod whole_numbers;

use proptest::prelude::*;

use super::*;
use crate::dropout::KeptElements;

/// Every instruction set of this processor, in both precisions.
fn ways() -> impl Iterator<Item = (Isa, MatmulPrecision)> {
    let both = [MatmulPrecision::Fp32, MatmulPrecision::Bf16];
    let of = move |isa| both.map(|precision| (isa, precision));
    Isa::available().into_iter().flat_map(of)
}

/// Small whole numbers: every sum is exact, in any order and in any precision.
fn numbers(n: usize, seed: usize) -> Vec<f32> {
    (0..n)
        .map(|i| ((i * 7 + seed * 5 + i * i % 11) % 13) as f32 - 6.0)
        .collect()
}

fn plain([m, k, n]: [usize; 3], lhs: Matrix<'_>, rhs: Matrix<'_>) -> Vec<f32> {
    let at = |x: Matrix<'_>, r, c| x.data[r * x.row_stride + c * x.col_stride];
    let mut out = Vec::new();
    for r in 0..m {
        for c in 0..n {
            out.push((0..k).map(|i| at(lhs, r, i) * at(rhs, i, c)).sum());
        }
    }
    out
}

/// A matrix that lies row by row, or column by column.
fn laid(data: &[f32], [rows, cols]: [usize; 2], by_column: bool) -> Matrix<'_> {
    if by_column {
        Matrix::new(data, rows).transposed()
    } else {
        Matrix::new(data, cols)
    }
}

#[test]
fn every_shape_and_layout_in_every_instruction_set() {
    let sizes = [1, 2, 5, 8, 15, 16, 17, 31, 49, 100, 130];
    for (isa, precision) in ways() {
        for (i, &m) in sizes.iter().enumerate() {
            for (j, &n) in sizes.iter().enumerate() {
                let k = sizes[(i * 3 + j * 5) % sizes.len()];
                let (a, b) = (numbers(m * k, i), numbers(k * n, j));
                for layout in 0..4 {
                    let lhs = laid(&a, [m, k], layout & 1 > 0);
                    let rhs = laid(&b, [k, n], layout & 2 > 0);
                    let expected = plain([m, k, n], lhs, rhs);
                    let twice: Vec<f32> = expected.iter().map(|x| 2.0 * x).collect();
                    let mut dst = vec![1.0; m * n];
                    for (into, expected) in [(Into::Replace, expected), (Into::Add, twice)] {
                        matmul_with(isa, precision, [k, n], rhs, into, [(&mut *dst, m, lhs)]);
                        assert_eq!(
                            dst, expected,
                            "{isa:?} {precision} {m} {k} {n} layout {layout}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_deep_sum_in_one_part_or_several() {
    for k in [left::DEEP + 1, 2 * DEPTH + 3] {
        let (a, b) = (numbers(131 * k, 1), numbers(k * 5, 2));
        for (isa, precision) in ways() {
            for by_column in [false, true] {
                let (lhs, rhs) = (laid(&a, [131, k], by_column), Matrix::new(&b, 5));
                let mut dst = vec![9.0; 131 * 5];
                // A second product with the same right operand, of the last rows alone.
                let mut last = vec![9.0; 3 * 5];
                let products = [(&mut *dst, 131, lhs), (&mut *last, 3, lhs.from(128, 0))];
                matmul_with(isa, precision, [k, 5], rhs, Into::Replace, products);
                assert_eq!(dst[128 * 5..], last);
                let expected = plain([131, k, 5], lhs, rhs);
                assert_eq!(dst, expected, "{isa:?} {precision} {k} {by_column}");
            }
        }
    }
}

proptest! {
    /// Each operand is off by 2^-8 of itself at most, a sum of `k` by `k` roundings.
    #[test]
    fn bf16_is_within_its_bound(
        [m, k, n] in prop::array::uniform3(1_usize..90),
        layout in 0..4,
        values in prop::collection::vec(-8_f32..8.0, 2 * 90 * 90),
    ) {
        let (a, b) = values.split_at(90 * 90);
        let lhs = laid(&a[..m * k], [m, k], layout & 1 > 0);
        let rhs = laid(&b[..k * n], [k, n], layout & 2 > 0);
        let at = |x: Matrix<'_>, r, c| f64::from(x.data[r * x.row_stride + c * x.col_stride]);
        for isa in Isa::available() {
            let mut dst = vec![0.0; m * n];
            let products = [(&mut *dst, m, lhs)];
            matmul_with(isa, MatmulPrecision::Bf16, [k, n], rhs, Into::Replace, products);
            for r in 0..m {
                for c in 0..n {
                    let products = || (0..k).map(|i| at(lhs, r, i) * at(rhs, i, c));
                    let off = (f64::from(dst[r * n + c]) - products().sum::<f64>()).abs();
                    let (each, sums) = (2f64.powi(-7) + 2f64.powi(-16), k as f64 * 2f64.powi(-23));
                    let bound = (each + sums) * products().map(f64::abs).sum::<f64>();
                    prop_assert!(off <= bound, "{isa:?} ({r}, {c}): {off} above {bound}");
                }
            }
        }
    }
}

#[test]
fn elements_are_dropped_on_the_way() {
    // A part of a matrix whose rows are longer, so that no run begins with a word of bits.
    let (k, n, rows, stride, at) = (19, 101, 3, 150, 7);
    let all = numbers(150 * 150, 4);
    let kept = KeptElements::from_fn(all.len(), 2.0, |n| n * n % 7 > 1);
    let dropped: Vec<f32> = (0..all.len()).map(|n| all[n] * kept.factor(n)).collect();
    let lhs = numbers(rows * k, 5);
    let lhs = Matrix::new(&lhs, k);
    for (isa, precision) in ways() {
        for turned in [false, true] {
            let source = Source::dropped(Matrix::new(&all, stride), Some(&kept));
            let source = if turned { source.transposed() } else { source };
            let mut panels = Panels::empty(isa, precision);
            panels.pack_all(&[source.from(2, at)], k, n);
            let mut dst = vec![0.0; rows * n];
            // SAFETY: one thread.
            unsafe { panels.multiply_all(lhs, rows, Disjoint::new(&mut dst), Into::Replace) };
            let rhs = Matrix::new(&dropped, stride);
            let rhs = if turned { rhs.transposed() } else { rhs };
            let rhs = rhs.from(2, at);
            assert_eq!(
                dst,
                plain([rows, k, n], lhs, rhs),
                "{isa:?} {precision} {turned}"
            );
        }
    }
}

#[test]
fn an_empty_sum_is_zero() {
    let mut dst = [3.0; 2];
    matmul(
        MatmulPrecision::Fp32,
        &mut dst,
        Into::Add,
        [1, 0, 2],
        Matrix::new(&[], 0),
        Matrix::new(&[], 2),
    );
    assert_eq!(dst, [3.0; 2]);
    matmul(
        MatmulPrecision::Fp32,
        &mut dst,
        Into::Replace,
        [1, 0, 2],
        Matrix::new(&[], 0),
        Matrix::new(&[], 2),
    );
    assert_eq!(dst, [0.0; 2]);
}

#[test]
#[should_panic(expected = "operand too short")]
fn a_short_operand_is_refused() {
    let mut dst = [0.0; 4];
    matmul(
        MatmulPrecision::Fp32,
        &mut dst,
        Into::Replace,
        [2, 2, 2],
        Matrix::new(&[1.0; 3], 2),
        Matrix::new(&[1.0; 4], 2),
    );
}

/// The products of `lhs` and the matrices of `panels`, `[m, columns]` each, side by side.
fn each(panels: &Panels, lhs: Matrix<'_>, m: usize, matrices: usize) -> Vec<f32> {
    let columns = panels.columns();
    let mut room = LeftRoom::default();
    let left = room.prepare(panels, lhs, m);
    let mut dst = vec![0.0; m * matrices * columns];
    let all = Disjoint::new(&mut dst);
    for p in 0..panels.count() {
        let to = all.matrix(panels.columns_of(p).0, matrices * columns);
        // SAFETY: one thread.
        unsafe { panels.multiply_each(p, left, m, (to, columns), Into::Replace) };
    }
    dst
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_among_others() {
    let k = 37;
    let uneven = |n: usize| (0..n).map(|i| (i as f32 * 0.37).sin()).collect::<Vec<_>>();
    let a = uneven(2 * k);
    for n in [16, 17, 64, 192] {
        let b = uneven(4 * k * n);
        let matrices: Vec<Source<'_>> = b
            .chunks(k * n)
            .map(|b| Source::of(Matrix::new(b, n)))
            .collect();
        let packed = |isa, precision| {
            let mut panels = Panels::empty(isa, precision);
            panels.pack_all(&matrices, k, n);
            panels
        };
        let all = ways().map(|(isa, precision)| packed(isa, precision));
        let whole = Isa::available().into_iter().flat_map(|isa| {
            [Panels::int8, Panels::int8_by_int16].map(|packed| packed(isa, &matrices, k, n))
        });
        for panels in all.chain(whole) {
            let product = |rows| each(&panels, Matrix::new(&a, k), rows, 4);
            let (alone, among) = (product(1), product(2));
            assert_eq!(alone, among[..4 * n], "{:?} {n}", panels.isa);
            assert!(alone.iter().all(|&x| x != 0.0));
        }
    }
}
