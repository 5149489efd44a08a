//! Products against the sums they stand for.

use proptest::prelude::*;

use super::*;
use crate::mask::KeptElements;

/// Every instruction set of this processor, with operands in `f32` and bf16.
fn ways() -> impl Iterator<Item = (Isa, Element)> {
    let of = |isa| [Element::F32, Element::Bf16].map(|element| (isa, element));
    Isa::available().into_iter().flat_map(of)
}

/// [`multiply`] by a team of all threads.
fn product<const P: usize>(
    way: (Isa, Element),
    shape: [usize; 2],
    rhs: Matrix<'_>,
    beta: Beta,
    products: [(&mut [f32], usize, Matrix<'_>); P],
) {
    Team::run(|team| multiply(team, way, shape, rhs, beta, products));
}

/// Small integers: every sum is exact, in any order and in both types.
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
    for way in ways() {
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
                    for (beta, expected) in [(Beta::Zero, expected), (Beta::One, twice)] {
                        product(way, [k, n], rhs, beta, [(&mut *dst, m, lhs)]);
                        assert_eq!(dst, expected, "{way:?} {m} {k} {n} layout {layout}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_deep_sum_in_one_part_or_several() {
    for k in [lhs::DEEP + 1, 4 * KC + 3] {
        let (a, b) = (numbers(131 * k, 1), numbers(k * 5, 2));
        for way in ways() {
            for by_column in [false, true] {
                let (lhs, rhs) = (laid(&a, [131, k], by_column), Matrix::new(&b, 5));
                let mut dst = vec![9.0; 131 * 5];
                // A second product with the same right operand, of the last rows alone.
                let mut last = vec![9.0; 3 * 5];
                let products = [(&mut *dst, 131, lhs), (&mut *last, 3, lhs.from(128, 0))];
                product(way, [k, 5], rhs, Beta::Zero, products);
                assert_eq!(dst[128 * 5..], last);
                let expected = plain([131, k, 5], lhs, rhs);
                assert_eq!(dst, expected, "{way:?} {k} {by_column}");
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
            product((isa, Element::Bf16), [k, n], rhs, Beta::Zero, products);
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
    for way in ways() {
        for turned in [false, true] {
            let source = Source::masked(Matrix::new(&all, stride), Some(&kept));
            let source = if turned { source.transposed() } else { source };
            let mut panels = Panels::empty(way.0, way.1);
            panels.pack(None, &[source.from(2, at)], k, n);
            let mut dst = vec![0.0; rows * n];
            panels.multiply_alone(lhs, rows, &mut dst, Beta::Zero);
            let rhs = Matrix::new(&dropped, stride);
            let rhs = if turned { rhs.transposed() } else { rhs };
            let rhs = rhs.from(2, at);
            assert_eq!(dst, plain([rows, k, n], lhs, rhs), "{way:?} {turned}");
        }
    }
}

#[test]
fn an_empty_sum_is_zero() {
    let empty = Matrix::new(&[], 2);
    for way in ways() {
        let mut dst = [3.0; 2];
        for (beta, expected) in [(Beta::One, 3.0), (Beta::Zero, 0.0)] {
            product(
                way,
                [0, 2],
                empty,
                beta,
                [(&mut dst, 1, Matrix::new(&[], 0))],
            );
            assert_eq!(dst, [expected; 2]);
        }
        let mut dst = [3.0; 2];
        Team::run(|team| {
            let packed = Packed::new(team, way.1, empty, [0, 2]);
            packed.multiply(team, &mut dst, 1, Matrix::new(&[], 0));
        });
        assert_eq!(dst, [0.0; 2]);
    }
}

#[test]
fn no_rows_and_no_columns() {
    for way in ways() {
        let b = numbers(6, 1);
        product(
            way,
            [3, 2],
            Matrix::new(&b, 2),
            Beta::Zero,
            [(&mut [], 0, Matrix::new(&[], 3))],
        );
        product(
            way,
            [3, 0],
            Matrix::new(&[], 0),
            Beta::Zero,
            [(&mut [], 2, Matrix::new(&b, 3))],
        );
    }
}

#[test]
fn short_operands_are_refused() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let numbers = [1.0; 4];
    for way in ways() {
        for [l, r, d] in [[3, 4, 4], [4, 3, 4], [4, 4, 3]] {
            let mut dst = vec![0.0; d];
            let (lhs, rhs) = (Matrix::new(&numbers[..l], 2), Matrix::new(&numbers[..r], 2));
            let multiply = || product(way, [2, 2], rhs, Beta::Zero, [(&mut *dst, 2, lhs)]);
            assert!(
                catch_unwind(AssertUnwindSafe(multiply)).is_err(),
                "{l} {r} {d}"
            );
            let packed = || {
                let mut panels = Panels::empty(way.0, way.1);
                panels.pack(None, &[Source::of(rhs)], 2, 2);
                panels.multiply_alone(lhs, 2, &mut vec![0.0; d], Beta::Zero);
            };
            assert!(
                catch_unwind(AssertUnwindSafe(packed)).is_err(),
                "{l} {r} {d}"
            );
        }
    }
}

#[test]
fn buffers_of_an_earlier_product_leave_nothing_behind() {
    for way in ways() {
        for [m, k, n] in [[130, 700, 50], [9, 5, 3], [3, 301, 17]] {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let (a, b) = (Matrix::new(&a, m).transposed(), Matrix::new(&b, n));
            // A larger product of NaN fills the memory that the next one gets.
            let nan = vec![f32::NAN; 800 * 200];
            let nan_product = [(&mut vec![0.0; 200 * 200][..], 200, Matrix::new(&nan, 800))];
            product(
                way,
                [800, 200],
                Matrix::new(&nan, 200),
                Beta::Zero,
                nan_product,
            );
            let mut dst = vec![f32::NAN; m * n];
            product(way, [k, n], b, Beta::Zero, [(&mut *dst, m, a)]);
            assert_eq!(dst, plain([m, k, n], a, b), "{way:?} {m} {k} {n}");
        }
    }
}

/// The products of `lhs` and the matrices of `panels`, `[m, columns]` each, side by side.
fn each(panels: &Panels, lhs: Matrix<'_>, m: usize, matrices: usize) -> Vec<f32> {
    let columns = panels.columns();
    let mut buffer = LhsBuffer::default();
    let left = buffer.prepare(None, panels, lhs, m);
    let mut dst = vec![0.0; m * matrices * columns];
    let all = Disjoint::new(&mut dst);
    for p in 0..panels.count() {
        let to = Target::new(all, panels.columns_of(p).0, matrices * columns);
        // SAFETY: one thread.
        unsafe { panels.multiply_each(p, left, m, (to, columns), Beta::Zero) };
    }
    dst
}

fn packed(isa: Isa, element: Element, matrices: &[Matrix<'_>], [k, n]: [usize; 2]) -> Panels {
    let mut panels = Panels::empty(isa, element);
    let matrices: Vec<_> = matrices.iter().map(|&matrix| Source::of(matrix)).collect();
    panels.pack(None, &matrices, k, n);
    panels
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_among_others() {
    let k = 37;
    let uneven = |n: usize| (0..n).map(|i| (i as f32 * 0.37).sin()).collect::<Vec<_>>();
    let a = uneven(2 * k);
    for n in [16, 17, 64, 192] {
        let b = uneven(4 * k * n);
        let matrices: Vec<_> = b.chunks(k * n).map(|b| Matrix::new(b, n)).collect();
        let int8 = Isa::available().into_iter().map(|isa| (isa, Element::Int8));
        for (isa, element) in ways().chain(int8) {
            let panels = packed(isa, element, &matrices, [k, n]);
            let product = |rows| each(&panels, Matrix::new(&a, k), rows, 4);
            let (alone, among) = (product(1), product(2));
            assert_eq!(alone, among[..4 * n], "{isa:?} {element:?} {n}");
            assert!(alone.iter().all(|&x| x != 0.0));
        }
    }
}

/// What an int8 product stands for: integers on both sides, summed exactly.
fn int8_plain([m, k, n]: [usize; 3], a: &[f32], b: &[f32]) -> Vec<f32> {
    let largest = |r: usize| a[r * k..][..k].iter().fold(0_f32, |l, x| l.max(x.abs()));
    let of = |r: usize, c: usize| {
        let factor = crate::int8::factor((0..k).map(|i| b[i * n + c]));
        let scale = 127.0 / largest(r);
        let left = |i: usize| (a[r * k + i] * scale).round_ties_even() as i64;
        let right = |i: usize| i64::from(crate::int8::number(b[i * n + c], factor));
        let sum: i64 = (0..k).map(|i| left(i) * right(i)).sum();
        sum as f32 * (factor * (largest(r) / 127.0))
    };
    (0..m * n).map(|at| of(at / n, at % n)).collect()
}

#[test]
fn int8_sums_are_exact_in_every_instruction_set() {
    for [m, k, n] in [
        [1, 1, 1],
        [1, 37, 64],
        [3, 40, 70],
        [9, 33, 300],
        [130, 101, 17],
    ] {
        let a: Vec<f32> = (0..m * k).map(|i| (i as f32 * 0.7 + 0.1).sin()).collect();
        let b: Vec<f32> = (0..k * n).map(|i| (i as f32 * 0.3).cos()).collect();
        let expected = int8_plain([m, k, n], &a, &b);
        for isa in Isa::available() {
            let panels = packed(isa, Element::Int8, &[Matrix::new(&b, n)], [k, n]);
            let found = each(&panels, Matrix::new(&a, k), m, 1);
            assert_eq!(found, expected, "{isa:?} {m} {k} {n}");
        }
    }
}

#[test]
fn the_largest_integers_do_not_leave_their_bits_and_zeros_stay_zero() {
    let (k, n) = (4 * KC, 16);
    let (a, b) = (vec![-2.0; k], vec![-0.5; k * n]);
    for isa in Isa::available() {
        let panels = packed(isa, Element::Int8, &[Matrix::new(&b, n)], [k, n]);
        let found = each(&panels, Matrix::new(&a, k), 1, 1);
        assert!(
            found.iter().all(|x| (x / k as f32 - 1.0).abs() < 1e-4),
            "{isa:?} {found:?}"
        );
        let zeros = each(&panels, Matrix::new(&vec![0.0; k], k), 1, 1);
        assert_eq!(zeros, [0.0; 16], "{isa:?}");
    }
}
