//! Metrics: plain functions of what a model predicts and what is true, for every row of a set at once, on the host.
//!
//! | predictions | functions |
//! |---|---|
//! | the probability of every class, one class true | [`accuracy`], [`top_k`], [`ConfusionMatrix`] (precision, recall, F1, Matthews' correlation) |
//! | a score, one of two classes true | [`auroc`] |
//! | the probability of every class, any number true | [`f1_multi`], [`accuracy_multi`] |
//! | numbers | [`r2`], [`rmse`], [`mae`] |
//!
//! All rows weigh the same. Without rows there is no value: NaN. What an epoch reports is in
//! [`Scores`](crate::Scores), which says in which direction each metric is better.

mod confusion;
mod multi_label;
mod regression;
mod single_label;

pub use confusion::ConfusionMatrix;
pub use multi_label::{accuracy_multi, f1_multi};
pub use regression::{mae, r2, rmse};
pub use single_label::{accuracy, auroc, top_k};

/// `part / whole`, NaN where nothing was counted.
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
