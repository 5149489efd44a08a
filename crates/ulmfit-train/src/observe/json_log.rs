//! Epochs as lines of JSON.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::log_file::LogFile;
use super::{Decision, EpochEnd, Observer};
use crate::error::Result;

/// Writes an object an epoch, at once, as a line of a JSONL file; what an epoch does not have, and NaN, is `null`.
///
/// A log that cannot be written ends the run with [`Error::Log`](crate::Error::Log).
///
/// ```no_run
/// use ulmfit_train::observe::JsonLog;
///
/// let log = JsonLog::append("history.jsonl")?;
/// # let _ = log;
/// # Ok::<(), ulmfit_train::Error>(())
/// ```
#[derive(Debug)]
pub struct JsonLog(LogFile);

impl JsonLog {
    /// Begins a new file in place of one that may be there.
    ///
    /// # Errors
    /// [`Error::Log`](crate::Error::Log) if it cannot be written.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self(LogFile::create(path.into())?))
    }

    /// Goes on with a file, for a run that is resumed; begins it if there is none.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn append(path: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self(LogFile::append(path.into())?.0))
    }
}

impl Observer for JsonLog {
    fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
        self.0.line(&epoch.to_json().to_string())?;
        Ok(Decision::default())
    }
}

impl EpochEnd {
    /// The epoch as the object that [`JsonLog`] writes.
    pub fn to_json(&self) -> Value {
        let (name, value) = self.metric().unzip();
        let all = self.metrics.iter();
        let all = all.map(|metric| (metric.name.clone(), json!(metric.value)));
        json!({
            "stage": self.stage,
            "epoch": self.epoch,
            "epochs": self.epochs,
            "train_loss": self.train_loss,
            "valid_loss": self.valid_loss,
            "metric": name,
            "metric_value": value,
            "metrics": all.collect::<serde_json::Map<_, _>>(),
            "rate": self.rate,
            "tokens": self.tokens,
            "seconds": self.time.as_secs_f64(),
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::observe::tests::epoch;

    #[test]
    fn every_line_is_an_object_and_a_resumed_run_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.jsonl");
        let mut log = JsonLog::create(&path).unwrap();
        log.after_epoch(&epoch(1, 2.5, None)).unwrap();
        let mut log = JsonLog::append(&path).unwrap();
        log.after_epoch(&epoch(2, f64::NAN, Some(1.0))).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["stage"], "all, \"slowly\"");
        assert_eq!(
            (&lines[0]["valid_loss"], &lines[1]["train_loss"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(
            (&lines[1]["metric"], &lines[1]["epoch"]),
            (&json!("perplexity"), &json!(2))
        );
    }
}
