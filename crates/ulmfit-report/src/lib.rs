//! The report of a training run: one HTML page that needs no network, no script and no other file.
//!
//! * [`Report`] with [`Validation`]: what the page says, as plain data. It knows neither models nor tensors; whoever trains fills it.
//! * [`calibration`]: whether probabilities hold what they promise.
//! * [`charts`]: line charts as SVG, within the page or as a file of their own.
//! * [`page`]: data and charts to HTML.
//!
//! The charts are our own rather than those of the crate `plotters`: line charts are all that is needed, and its SVG
//! has neither titles for screen readers nor classes that a style sheet can reach, so that it follows neither the width
//! of a phone nor print. This crate has no dependency.
//!
//! ```
//! use ulmfit_report::Report;
//!
//! let mut report = Report::new("stars of <reviews.csv>");
//! report.facts.push(("documents".into(), "480".into()));
//! let page = ulmfit_report::page::html(&report);
//! assert!(page.contains("stars of &lt;reviews.csv&gt;") && !page.contains("http"));
//! ```

pub mod calibration;
pub mod charts;
mod data;
mod escape;
mod number;
pub mod page;
mod scores;

pub use data::{
    Beside, BesideRow, Coverage, EpochRow, Mistake, Point, Report, Snippet, StageCurve, Word,
};
pub use number::count;
pub use scores::{ClassRow, ClassScores, NumberMistake, NumberScores, SetScores, Validation};
