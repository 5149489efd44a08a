//! Products of whole numbers.

use super::*;

#[test]
fn whole_numbers_multiply_as_the_values_they_stand_for() {
    for isa in Isa::available() {
        for [m, k, n] in [[1, 1, 1], [3, 40, 70], [9, 33, 300], [20, 100, 17]] {
            let a = numbers(m * k, 3);
            // Columns of different sizes; the largest of each is 127 factors, so that all of them are whole.
            let b: Vec<f32> = (0..k * n)
                .map(|i| match i / n {
                    0 => 127.0,
                    row => ((row * 31 + i % n * 17) % 255) as f32 - 127.0,
                } * 2f32.powi((i % n) as i32 % 7 - 3))
                .collect();
            let (lhs, rhs) = (Matrix::new(&a, k), Matrix::new(&b, n));
            let other: Vec<f32> = b.iter().map(|x| -2.0 * x).collect();
            let all = [rhs, Matrix::new(&other, n)];
            for both in 0..2 {
                // Two matrices side by side, each of which is asked for.
                let expected = plain([m, k, n], lhs, all[both]);
                let panels = Panels::int8(isa, &all.map(Source::of)[..=both], k, n);
                let mut room = LeftRoom::default();
                let left = room.prepare(&panels, lhs, m);
                let mut dst = vec![1.0; m * n];
                for p in 0..panels.count() {
                    let (first, _) = panels.columns_of(p);
                    for into in [Into::Replace, Into::Add] {
                        let to = Disjoint::new(&mut dst).matrix(first, n);
                        // SAFETY: one thread.
                        unsafe { panels.multiply([p, both], left, m, to, into) };
                    }
                }
                let twice: Vec<f32> = expected.iter().map(|x| 2.0 * x).collect();
                assert_eq!(dst, twice, "{isa:?} {m} {k} {n}, matrix {both}");
            }
        }
    }
}

#[test]
fn whole_numbers_on_both_sides_have_exact_sums() {
    for [m, k, n] in [
        [1, 1, 1],
        [1, 37, 64],
        [3, 40, 70],
        [9, 33, 300],
        [20, 101, 17],
    ] {
        let a: Vec<f32> = (0..m * k).map(|i| (i as f32 * 0.7).sin()).collect();
        let b: Vec<f32> = (0..k * n).map(|i| (i as f32 * 0.3).cos()).collect();
        let one = int16::one(k);
        let column = |c: usize| {
            (0..k)
                .map(move |i| (i * n + c) as f32)
                .map(|i| (i * 0.3).cos())
        };
        let expected: Vec<f32> = (0..m * n)
            .map(|at| {
                let (r, c) = (at / n, at % n);
                let factor = crate::int8::factor(column(c));
                let state = |i: usize| f64::from((a[r * k + i] * one).round_ties_even());
                let weight = |i| f64::from(crate::int8::number(b[i * n + c], factor));
                let sum: f64 = (0..k).map(|i| state(i) * weight(i)).sum();
                (factor / one) * sum as f32
            })
            .collect();
        for isa in Isa::available() {
            let matrix = [Source::of(Matrix::new(&b, n))];
            let panels = Panels::int8_by_int16(isa, &matrix, k, n);
            assert_eq!(
                each(&panels, Matrix::new(&a, k), m, 1),
                expected,
                "{isa:?} {m} {k} {n}"
            );
        }
    }
}

#[test]
fn the_largest_whole_numbers_do_not_leave_their_bits() {
    let k = 1152;
    let matrix = vec![0.5; k * 16];
    for isa in Isa::available() {
        let panels = Panels::int8_by_int16(isa, &[Source::of(Matrix::new(&matrix, 16))], k, 16);
        // Beyond 1 is 1.
        let found = each(&panels, Matrix::new(&vec![2.0; k], k), 1, 1);
        assert!(
            found
                .iter()
                .all(|x| (x / (0.5 * k as f32) - 1.0).abs() < 1e-4),
            "{isa:?} {found:?}"
        );
    }
}
