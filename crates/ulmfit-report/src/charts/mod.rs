//! Line charts as SVG.
//!
//! * `axis.rs`: from values to places, and the ticks; `line.rs`: the chart.

mod axis;
mod line;

pub use axis::{Axis, Scale};
pub use line::{Line, LineChart, Look};
