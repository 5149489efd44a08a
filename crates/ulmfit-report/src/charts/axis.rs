//! An axis: which values it spans, where they stand, which of them are named.

use crate::number::compact;

/// How values stand along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    #[default]
    Linear,
    /// Equal ratios are equally long; values of 0 and below are left out.
    Log,
}

/// What an axis shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What the values are, with their unit.
    pub label: String,
    /// How they stand.
    pub scale: Scale,
    /// The least span; values outside widen it.
    pub span: Option<(f64, f64)>,
    /// Whether a linear axis ends with the values, not at the ticks around them.
    pub tight: bool,
}

impl Axis {
    /// A linear axis as wide as its values.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }

    /// With equal ratios equally long.
    #[must_use]
    pub fn log(self) -> Self {
        let scale = Scale::Log;
        Self { scale, ..self }
    }

    /// With at least this span.
    #[must_use]
    pub fn spanning(self, low: f64, high: f64) -> Self {
        let span = Some((low, high));
        Self { span, ..self }
    }

    /// With ends at the first and the last value.
    #[must_use]
    pub fn tight(self) -> Self {
        let tight = true;
        Self { tight, ..self }
    }

    /// Whether the axis has a place for a value.
    pub(super) fn holds(&self, value: f64) -> bool {
        value.is_finite() && (self.scale == Scale::Linear || value > 0.0)
    }

    /// The axis for these values.
    pub(super) fn measure(&self, values: impl Iterator<Item = f64>) -> Measured {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let ends = self.span.into_iter().flat_map(|(low, high)| [low, high]);
        for value in values.chain(ends).filter(|value| self.holds(*value)) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (1.0, 2.0);
        }
        match self.scale {
            Scale::Linear if self.tight => linear(low, high).within(low, high),
            Scale::Linear => linear(low, high),
            Scale::Log => log(low, high),
        }
    }
}

/// An axis with its ends and ticks.
pub(super) struct Measured {
    scale: Scale,
    low: f64,
    high: f64,
    /// Values with their names.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Measured {
    /// The part from `low` to `high`, if it has a length.
    fn within(mut self, low: f64, high: f64) -> Self {
        if high > low {
            (self.low, self.high) = (low, high);
            self.ticks.retain(|(value, _)| (low..=high).contains(value));
        }
        self
    }

    /// Where a value stands, from 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
        }
    }
}

/// Ends on ticks of 1, 2 or 5 times a power of ten, about five of them.
fn linear(mut low: f64, mut high: f64) -> Measured {
    let size = low.abs().max(high.abs()).max(1e-12);
    if high - low < size * 1e-9 {
        // All values are the same: they stand in the middle.
        (low, high) = (low - 0.5 * size, high + 0.5 * size);
    }
    let rough = (high - low) / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = match rough / power {
        ..1.5 => power,
        ..3.5 => 2.0 * power,
        ..7.5 => 5.0 * power,
        _ => 10.0 * power,
    };
    // A hair of room, so that an end on a tick does not begin a further step.
    let first = (low / step + 1e-9).floor() as i64;
    let last = (high / step - 1e-9).ceil() as i64;
    let value = |tick: i64| {
        let value = tick as f64 * step;
        (value, compact(rounded(value, step)))
    };
    Measured {
        scale: Scale::Linear,
        low: first as f64 * step,
        high: last as f64 * step,
        ticks: (first..=last).map(value).collect(),
    }
}

/// Ends on the values, with ticks at the powers of ten; where there are few, at 2 and 5 times them, too.
fn log(low: f64, mut high: f64) -> Measured {
    if high / low < 1.0 + 1e-9 {
        high = low * 10.0;
    }
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let many = *decades.end() - *decades.start();
    let steps: &[f64] = if many > 3 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    // Names must not stand on each other.
    let every = (many / 6).max(1);
    let mut ticks = Vec::new();
    for decade in decades.filter(|decade| decade % every == 0) {
        for step in steps {
            let value = step * 10_f64.powi(decade);
            if value >= low * 0.999 && value <= high * 1.001 {
                ticks.push((value, compact(value)));
            }
        }
    }
    Measured {
        scale: Scale::Log,
        low,
        high,
        ticks,
    }
}

/// A multiple of a step without the error of the multiplication.
fn rounded(value: f64, step: f64) -> f64 {
    let digits = 10_f64.powf(2.0 - step.log10().floor());
    (value * digits).round() / digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(axis: &Axis, values: &[f64]) -> Vec<String> {
        let measured = axis.measure(values.iter().copied());
        measured.ticks.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn ticks_are_round_numbers_around_the_values() {
        let plain = Axis::new("loss");
        assert_eq!(
            names(&plain, &[0.03, 0.97]),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        );
        assert_eq!(
            names(&plain, &[4.1, 6.9]),
            ["4", "4.5", "5", "5.5", "6", "6.5", "7"]
        );
        assert_eq!(names(&Axis::new("x").spanning(0.0, 1.0), &[0.5]).len(), 6);
        assert_eq!(names(&plain.clone().log(), &[1e-7, 10.0]).len(), 9);
        assert_eq!(
            names(&plain.log(), &[0.001, 0.02]),
            ["0.001", "0.002", "0.005", "0.01", "0.02"]
        );
    }

    #[test]
    fn a_tight_axis_ends_with_its_values() {
        let measured = Axis::new("batch").tight().measure([0.0, 311.0].into_iter());
        assert_eq!((measured.place(0.0), measured.place(311.0)), (0.0, 1.0));
        let names: Vec<&str> = measured.ticks.iter().map(|(_, name)| &name[..]).collect();
        assert_eq!(names, ["0", "100", "200", "300"]);
    }

    #[test]
    fn the_ends_stand_at_the_ends_and_nothing_is_infinite() {
        for axis in [Axis::new("a"), Axis::new("a").tight(), Axis::new("a").log()] {
            let strange = [f64::NAN, f64::INFINITY, 0.0, -1.0];
            for values in [&[][..], &[2.0], &[0.0], &[-3.0], &strange, &[1e-300, 1e300]] {
                let measured = axis.measure(values.iter().copied());
                for &value in values.iter().filter(|value| axis.holds(**value)) {
                    let place = measured.place(value);
                    assert!((-1e-6..=1.000_001).contains(&place), "{value} at {place}");
                }
                assert!(measured.ticks.len() < 100);
            }
        }
    }
}
