//! The picture of the study: accuracy against the number of labels.

use ulmfit_report::charts::{Axis, Line as Drawn, LineChart, Look};

use super::cells::Line;
use super::table::{COLUMNS, Column, deviation, mean, of, percent, sizes};

pub(super) fn chart(lines: &[Line]) -> LineChart {
    let x = Axis::new("labeled reviews").log();
    let mut chart = LineChart::new(
        "Accuracy on 5,000 reviews",
        x,
        Axis::new("accuracy, %").spanning(60.0, 95.0),
    );
    chart.description =
        "Accuracy against the number of labels, for ulmfit and for baselines, with the standard deviation over the subsets."
            .into();
    for Column {
        id, drawn, ours, ..
    } in COLUMNS
    {
        let (mut points, mut bars) = (Vec::new(), Vec::new());
        for (labels, _) in sizes() {
            let values = percent(&of(lines, id, labels));
            if values.is_empty() {
                continue;
            }
            let (x, y, spread) = (labels as f64, mean(&values), deviation(&values));
            points.push((x, y));
            if spread > 0.0 {
                bars.push((x, y - spread, y + spread));
            }
        }
        if let (Some(name), false) = (drawn, points.is_empty()) {
            chart.lines.push(Drawn {
                name: name.to_owned(),
                points,
                look: if ours { Look::Dots } else { Look::Dashed },
                bars,
            });
        }
    }
    chart
}
