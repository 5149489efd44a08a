//! The pieces schedules are made of: positions in a run or a cycle, and the curves between two
//! values.

use std::f64::consts::PI;

/// How much of the run lies behind `step`: 0 at the first step, 1 at (and past) the end.
pub(super) fn fraction(step: usize, n_steps: usize) -> f64 {
    (step as f64 / n_steps.max(1) as f64).min(1.0)
}

/// `part / whole`, and 1 where there is no whole: a phase without length is over at once.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 1.0 }
}

/// Half a cosine wave from `from` (position 0) to `to` (position 1).
pub(super) fn cosine(from: f64, to: f64, position: f64) -> f64 {
    from + (1.0 + (PI * (1.0 - position)).cos()) * (to - from) / 2.0
}

/// Straight line from `from` (position 0) to `to` (position 1).
pub(super) fn line(from: f64, to: f64, position: f64) -> f64 {
    from + position * (to - from)
}

/// Place of `step` in one of `n_cycles` near-equal cycles: `(index in the cycle, steps of the
/// cycle)`.
pub(super) fn place_in_cycle(step: usize, n_steps: usize, n_cycles: usize) -> (usize, usize) {
    // u128 keeps the products exact, so the cycles meet without a gap whatever the numbers.
    let (n, cycles) = (n_steps.max(1) as u128, n_cycles.max(1) as u128);
    let step = (step as u128).min(n - 1);
    let cycle = step * cycles / n;
    let start = (cycle * n).div_ceil(cycles);
    let end = ((cycle + 1) * n).div_ceil(cycles);
    ((step - start) as usize, (end - start) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_start_and_end_where_they_should() {
        for curve in [line, cosine] {
            assert_eq!(curve(0.25, 1.0, 0.0), 0.25);
            assert!((curve(0.25, 1.0, 0.5) - 0.625).abs() < 1e-12);
            assert_eq!(curve(0.25, 1.0, 1.0), 1.0);
        }
    }

    #[test]
    fn nothing_divides_by_zero() {
        assert_eq!(
            (fraction(0, 0), fraction(9, 0), fraction(9, 4)),
            (0.0, 1.0, 1.0)
        );
        assert_eq!((ratio(0.0, 0.0), ratio(3.0, -1.0)), (1.0, 1.0));
    }

    #[test]
    fn cycles_meet_without_a_gap() {
        // 7 steps in 3 cycles start at ceil(7/3) = 3 and ceil(14/3) = 5: lengths 3, 2, 2.
        let places: Vec<_> = (0..7).map(|step| place_in_cycle(step, 7, 3)).collect();
        assert_eq!(
            places,
            [(0, 3), (1, 3), (2, 3), (0, 2), (1, 2), (0, 2), (1, 2)]
        );
        assert_eq!(place_in_cycle(usize::MAX, usize::MAX, usize::MAX), (0, 1));
        assert_eq!(place_in_cycle(5, 0, 0), (0, 1));
    }
}
