//! A table of epochs as comma-separated values.

use std::path::PathBuf;

use super::log_file::LogFile;
use super::{Decision, EpochEnd, Observer};
use crate::error::Result;

const HEADING: &str =
    "stage,epoch,epochs,train_loss,valid_loss,metric,metric_value,rate,tokens,seconds";

/// Writes a row an epoch, at once, to a CSV file with a heading; what an epoch does not have is an empty field.
///
/// A log that cannot be written ends the run with [`Error::Log`](crate::Error::Log).
///
/// ```no_run
/// use ulmfit_train::observe::CsvLog;
///
/// let log = CsvLog::create("history.csv")?;
/// # let _ = log;
/// # Ok::<(), ulmfit_train::Error>(())
/// ```
#[derive(Debug)]
pub struct CsvLog(LogFile);

impl CsvLog {
    /// Begins a new file in place of one that may be there.
    ///
    /// # Errors
    /// [`Error::Log`](crate::Error::Log) if it cannot be written.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let mut log = LogFile::create(path.into())?;
        log.line(HEADING)?;
        Ok(Self(log))
    }

    /// Goes on with a file, for a run that is resumed; begins it if there is none.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn append(path: impl Into<PathBuf>) -> Result<Self> {
        let (mut log, empty) = LogFile::append(path.into())?;
        if empty {
            log.line(HEADING)?;
        }
        Ok(Self(log))
    }
}

impl Observer for CsvLog {
    fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
        let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
        let row = [
            field(&epoch.stage),
            epoch.epoch.to_string(),
            epoch.epochs.to_string(),
            epoch.train_loss.to_string(),
            number(epoch.valid_loss),
            epoch
                .metric()
                .map_or(String::new(), |(name, _)| field(name)),
            number(epoch.metric().map(|(_, value)| value)),
            epoch.rate.to_string(),
            epoch.tokens.to_string(),
            epoch.time.as_secs_f64().to_string(),
        ];
        self.0.line(&row.join(","))?;
        Ok(Decision::default())
    }
}

/// A text field, quoted where it must be (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::observe::tests::epoch;

    #[test]
    fn rows_are_there_at_once_and_an_appended_file_has_one_heading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.csv");
        let read = || std::fs::read_to_string(&path).unwrap();
        let mut log = CsvLog::create(&path).unwrap();
        log.after_epoch(&epoch(1, 2.5, None)).unwrap();
        let first = "\"all, \"\"slowly\"\"\",1,9,2.5,,,,0.01,100,1.5\n";
        assert_eq!(read(), format!("{HEADING}\n{first}"));
        drop(log);
        let mut log = CsvLog::append(&path).unwrap();
        log.after_epoch(&epoch(2, 2.0, Some(0.0))).unwrap();
        let second = "\"all, \"\"slowly\"\"\",2,9,2,0,perplexity,1,0.01,100,1.5\n";
        assert_eq!(read(), format!("{HEADING}\n{first}{second}"));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent").join("h.csv");
        let message = CsvLog::create(&path).unwrap_err().to_string();
        assert!(message.contains("h.csv"), "{message}");
    }
}
