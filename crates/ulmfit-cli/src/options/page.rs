//! Where the report goes.

use std::path::{Path, PathBuf};

use super::source::beside;

/// Where the report goes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct PageOptions {
    /// The report, a web page [default: beside the model, as model.report.html].
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write no report.
    #[arg(long, conflicts_with = "report", hide_short_help = true)]
    no_report: bool,
}

impl PageOptions {
    /// The file of the report, if one is wanted.
    pub(crate) fn path(&self, model: &Path) -> Option<PathBuf> {
        match self.no_report {
            true => None,
            false => Some(
                self.report
                    .clone()
                    .unwrap_or_else(|| beside(model, "report.html")),
            ),
        }
    }
}
