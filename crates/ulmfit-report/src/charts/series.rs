//! One line of a chart.

use std::fmt::Write as _;

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// A thin line.
    #[default]
    Line,
    /// A line with a dot at every point.
    Dots,
    /// Dots alone, for points that do not follow each other.
    Points,
    /// A dashed line, for what is only compared with.
    Dashed,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What the legend calls it.
    pub name: String,
    /// Its points `(x, y)`; those that an axis has no place for are left out.
    pub points: Vec<(f64, f64)>,
    /// How it looks.
    pub look: Look,
    /// Upright bars `(x, from, to)`, for the spread around a point.
    pub bars: Vec<(f64, f64, f64)>,
}

impl Line {
    /// A line without bars.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>, look: Look) -> Self {
        Self {
            name: name.into(),
            points,
            look,
            bars: Vec::new(),
        }
    }

    /// Every place that the axes have to reach.
    pub(super) fn ends(&self) -> impl Iterator<Item = (f64, f64)> {
        let bars = self.bars.iter();
        let ends = bars.flat_map(|&(x, from, to)| [(x, from), (x, to)]);
        self.points.iter().copied().chain(ends)
    }

    /// Draws it where `shown` places a point of the data, if anywhere.
    ///
    /// Writing to a string cannot fail.
    pub(super) fn draw(
        &self,
        out: &mut String,
        color: usize,
        shown: impl Fn((f64, f64)) -> Option<(f64, f64)>,
    ) {
        for &(x, from, to) in &self.bars {
            if let (Some((x, from)), Some((_, to))) = (shown((x, from)), shown((x, to))) {
                let _ = write!(
                    out,
                    "<path class=\"bar c{color}\" d=\"M{x:.1} {from:.1}V{to:.1}\"/>"
                );
            }
        }
        let places: Vec<(f64, f64)> = self.points.iter().copied().filter_map(shown).collect();
        let look = match self.look {
            Look::Dashed => " dashed",
            Look::Line | Look::Dots | Look::Points => "",
        };
        let _ = write!(out, "<path class=\"line c{color}{look}\" d=\"");
        let drawn = if self.look == Look::Points {
            &places[..0]
        } else {
            &places[..]
        };
        for (index, (x, y)) in drawn.iter().enumerate() {
            let verb = if index == 0 { 'M' } else { 'L' };
            let _ = write!(out, "{verb}{x:.1} {y:.1}");
        }
        out.push_str("\"/>");
        // A single point has no line to be seen by.
        if matches!(self.look, Look::Dots | Look::Points) || places.len() == 1 {
            for (x, y) in places {
                let _ = write!(
                    out,
                    "<circle class=\"dot c{color}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>"
                );
            }
        }
    }
}
