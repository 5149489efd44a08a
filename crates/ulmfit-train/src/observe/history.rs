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
pub(super) const HEADING: &str = "stage              epoch   train loss   valid loss   metrics                                 rate     time";

/// One epoch under [`HEADING`].
pub(super) fn row(epoch: &EpochEnd) -> String {
    let valid = epoch
        .valid_loss
        .map_or_else(|| "-".to_owned(), |loss| format!("{loss:.4}"));
    let metrics = epoch.metrics.iter().map(|metric| match &metric.name[..] {
        name @ "accuracy" => format!("{name} {:.2} %", 100.0 * metric.value),
        name => format!("{name} {:.2}", metric.value),
    });
    let metrics = match epoch.metrics.is_empty() {
        true => "-".to_owned(),
        false => metrics.collect::<Vec<_>>().join(", "),
    };
    format!(
        "{:<18} {:>5}   {:>10.4}   {:>10}   {:<36}   {:>7.1e} {:>6.1} s",
        epoch.stage,
        format!("{}/{}", epoch.epoch, epoch.epochs),
        epoch.train_loss,
        valid,
        metrics,
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
