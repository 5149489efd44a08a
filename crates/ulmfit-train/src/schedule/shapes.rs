//! The pieces schedules are made of: positions in a run, and the curves between two values.

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
}
