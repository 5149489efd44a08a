//! Line charts as SVG.
//!
//! * `axis.rs`: from values to places, and the ticks; `series.rs`: one line; `line.rs`: the chart.

mod axis;
mod line;
mod series;

pub use axis::{Axis, Scale};
pub use line::LineChart;
pub use series::{Line, Look};
