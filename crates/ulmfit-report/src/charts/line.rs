//! A chart of lines and dots over two axes.

use std::fmt::Write as _;

use super::axis::{Axis, Measured};
use super::series::{Line, Look};
use crate::escape::Escaped;

/// Size of the drawing and of the room around its field, in its own units. Narrow, so that the letters can be read where
/// it is scaled to the width of a phone.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 38.0;
const BOTTOM: f64 = 46.0;

/// What a chart needs outside of the page, whose style sheet has the same.
const STYLE: &str = include_str!("chart.css");

/// A chart.
///
/// ```
/// use ulmfit_report::charts::{Axis, Line, LineChart, Look};
///
/// let mut chart = LineChart::new("Loss", Axis::new("batch"), Axis::new("nats"));
/// chart.lines.push(Line::new("training", vec![(1.0, 0.7), (2.0, 0.4)], Look::Line));
/// assert!(chart.inline("loss").starts_with("<svg"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LineChart {
    /// What it shows.
    pub title: String,
    /// The same in a sentence or two, for those who cannot see it.
    pub description: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// The lines; the first four have a color of their own.
    pub lines: Vec<Line>,
    /// Parts of [`Self::x`]: where each begins, and its name, which stands over the part.
    pub marks: Vec<(f64, String)>,
}

impl LineChart {
    /// A chart without lines.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self {
            title: title.into(),
            description: String::new(),
            x,
            y,
            lines: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// The chart for a page with the page's style; `id` must be unique on it.
    pub fn inline(&self, id: &str) -> String {
        self.svg(id, "", "")
    }

    /// The chart as a file of its own.
    pub fn file(&self) -> String {
        let style =
            format!("<style>{STYLE}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
        let size = format!(
            " xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\"",
            2.0 * WIDTH,
            2.0 * HEIGHT
        );
        self.svg("chart", &size, &style) + "\n"
    }

    // Writing to a string cannot fail, here and below.
    fn svg(&self, id: &str, attributes: &str, style: &str) -> String {
        let points = || self.lines.iter().flat_map(Line::ends);
        let x = self.x.measure(points().map(|point| point.0));
        let y = self.y.measure(points().map(|point| point.1));
        let id = Escaped(id).to_string();
        let mut out = String::new();
        let _ = write!(
            out,
            "<svg class=\"chart\"{attributes} viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-text\"><title id=\"{id}-title\">{}</title>\
             <desc id=\"{id}-text\">{}</desc>{style}",
            Escaped(&self.title),
            Escaped(&self.description),
        );
        self.draw_axes(&mut out, &x, &y);
        if points().next().is_none() {
            let (x, y) = (place_x(0.5), place_y(0.5));
            let _ = write!(
                out,
                "<text class=\"middle\" x=\"{x}\" y=\"{y}\">no data</text>"
            );
        }
        for (index, line) in self.lines.iter().enumerate() {
            let shown = |(at, value): (f64, f64)| {
                let there = self.x.holds(at) && self.y.holds(value);
                there.then(|| (place_x(x.place(at)), place_y(y.place(value))))
            };
            line.draw(&mut out, index % 4, shown);
        }
        self.draw_marks(&mut out, &x);
        self.draw_legend(&mut out);
        out.push_str("</svg>");
        out
    }

    fn draw_axes(&self, out: &mut String, x: &Measured, y: &Measured) {
        let (left, right) = (place_x(0.0), place_x(1.0));
        let (bottom, top) = (place_y(0.0), place_y(1.0));
        for (value, name) in &y.ticks {
            let at = place_y(y.place(*value));
            let _ = write!(
                out,
                "<path class=\"grid\" d=\"M{left:.1} {at:.1}H{right:.1}\"/>\
                 <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
                left - 6.0,
                at + 4.0
            );
        }
        for (value, name) in &x.ticks {
            let at = place_x(x.place(*value));
            let _ = write!(
                out,
                "<path class=\"tick\" d=\"M{at:.1} {bottom:.1}v5\"/>\
                 <text class=\"middle\" x=\"{at:.1}\" y=\"{:.1}\">{name}</text>",
                bottom + 18.0
            );
        }
        let _ = write!(
            out,
            "<path class=\"axis\" d=\"M{left:.1} {top:.1}V{bottom:.1}H{right:.1}\"/>\
             <text class=\"middle name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\
             <text class=\"middle name\" transform=\"translate(13 {:.1}) rotate(-90)\">{}</text>",
            (left + right) / 2.0,
            HEIGHT - 8.0,
            Escaped(&self.x.label),
            (top + bottom) / 2.0,
            Escaped(&self.y.label),
        );
    }

    /// An upright line where a part begins, and its name over it: in full, or what follows a colon, or none, as there is
    /// width.
    fn draw_marks(&self, out: &mut String, x: &Measured) {
        let (bottom, top) = (place_y(0.0), place_y(1.0));
        let place = |value: f64| x.place(value).clamp(0.0, 1.0);
        let marks: Vec<(f64, &str)> = self
            .marks
            .iter()
            .filter(|(value, _)| self.x.holds(*value))
            .map(|(value, name)| (place_x(place(*value)), name.as_str()))
            .collect();
        for (index, &(from, name)) in marks.iter().enumerate() {
            let to = marks.get(index + 1).map_or(place_x(1.0), |next| next.0);
            let short = name.rsplit(": ").next().unwrap_or(name);
            let fits = |name: &&str| 6.0 * name.chars().count() as f64 <= to - from;
            let _ = write!(
                out,
                "<path class=\"mark\" d=\"M{from:.1} {top:.1}V{bottom:.1}\"/>"
            );
            if let Some(shown) = [name, short].into_iter().find(fits) {
                let middle = (from + to) / 2.0;
                let _ = write!(
                    out,
                    "<text class=\"middle small\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>",
                    top - 4.0,
                    Escaped(shown)
                );
            }
        }
    }

    /// The names of the lines above the field, from the left, if there are several.
    fn draw_legend(&self, out: &mut String) {
        if self.lines.len() < 2 {
            return;
        }
        let mut at = LEFT;
        for (index, line) in self.lines.iter().enumerate() {
            let dashed = if line.look == Look::Dashed {
                " dashed"
            } else {
                ""
            };
            let _ = write!(
                out,
                "<path class=\"line c{}{dashed}\" d=\"M{at:.1} 12h18\"/>\
                 <text class=\"start\" x=\"{:.1}\" y=\"16\">{}</text>",
                index % 4,
                at + 23.0,
                Escaped(&line.name)
            );
            // About the width of a letter.
            at += 38.0 + 7.0 * line.name.chars().count() as f64;
        }
    }
}

fn place_x(share: f64) -> f64 {
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn place_y(share: f64) -> f64 {
    HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> LineChart {
        let mut chart = LineChart::new("A & B", Axis::new("<x>"), Axis::new("y"));
        let line = Line::new("n", points, Look::Line);
        chart.lines = vec![
            line.clone(),
            Line {
                look: Look::Dots,
                ..line
            },
        ];
        chart
    }

    #[test]
    fn a_line_goes_through_its_points() {
        let mut chart = chart(vec![(0.0, 0.0), (1.0, 1.0)]);
        chart.lines[0].bars = vec![(1.0, 0.5, 2.0)];
        let svg = chart.inline("c");
        // From corner to corner of the field, which reaches as high as the bar.
        assert!(svg.contains("d=\"M58.0 254.0L466.0 146.0\""), "{svg}");
        assert!(svg.contains("d=\"M466.0 200.0V38.0\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("A &amp; B") && svg.contains("&lt;x&gt;"));
        assert!(svg.contains("aria-labelledby=\"c-title c-text\""));
        assert!(!svg.contains("xmlns"));
    }

    #[test]
    fn without_points_or_with_strange_ones_nothing_breaks() {
        for points in [
            vec![],
            vec![(f64::NAN, 1.0)],
            vec![(1.0, f64::INFINITY), (2.0, 3.0)],
        ] {
            let svg = chart(points).file();
            assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
        assert!(chart(vec![]).inline("c").contains("no data"));
    }
}
