//! The epochs of a run, kept and shown as a table.

use std::fmt;

use super::{EpochEnd, Observer};
use crate::error::Result;

/// All epochs so far; displayed as a table with a row for each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// In order.
    pub epochs: Vec<EpochEnd>,
}

impl Observer for History {
    fn epoch_end(&mut self, epoch: &EpochEnd) {
        self.epochs.push(epoch.clone());
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.epochs.push(epoch.clone());
        Ok(())
    }
}

/// The heading of the columns of [`row`].
pub(super) const HEADING: &str =
    "stage              epoch   train loss   valid loss   metric                rate     time";

/// One epoch under [`HEADING`].
pub(super) fn row(epoch: &EpochEnd) -> String {
    let valid = epoch
        .valid_loss
        .map_or_else(|| "-".to_owned(), |loss| format!("{loss:.4}"));
    let metric = epoch.metric.map_or_else(
        || "-".to_owned(),
        |(name, value)| match name {
            "accuracy" => format!("accuracy {:.2} %", 100.0 * value),
            _ => format!("{name} {value:.2}"),
        },
    );
    format!(
        "{:<18} {:>5}   {:>10.4}   {:>10}   {:<18}   {:>7.1e} {:>6.1} s",
        epoch.stage,
        format!("{}/{}", epoch.epoch, epoch.epochs),
        epoch.train_loss,
        valid,
        metric,
        epoch.rate,
        epoch.time.as_secs_f64(),
    )
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADING}")?;
        for epoch in &self.epochs {
            writeln!(f, "{}", row(epoch))?;
        }
        Ok(())
    }
}
