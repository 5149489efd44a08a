//! Progress for people: a bar with tokens per second, time left and memory in a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::history::{HEADING, row};
use super::{BatchEnd, EpochEnd, Observer, StageStart};
use crate::error::Result;

/// Without a terminal a line is printed this often.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// Shows a run on the standard error stream: bars in a terminal, else a line now and then and a row an epoch.
#[derive(Debug)]
pub struct Console {
    bar: Option<ProgressBar>,
    terminal: bool,
    started: Instant,
    last_line: Instant,
    /// The epoch's first batch here, from 0: a resumed run begins within an epoch.
    first: usize,
    tokens: usize,
    headed: bool,
    epochs: usize,
}

impl Default for Console {
    fn default() -> Self {
        Self::new()
    }
}

impl Console {
    /// An observer of the standard error stream.
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            bar: None,
            terminal: std::io::stderr().is_terminal(),
            started: now,
            last_line: now,
            first: 0,
            tokens: 0,
            headed: false,
            epochs: 1,
        }
    }

    /// A line above the bar.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) if self.terminal => bar.suspend(|| write_line(text)),
            _ => write_line(text),
        }
    }

    fn tokens_per_second(&self) -> f64 {
        self.tokens as f64 / self.started.elapsed().as_secs_f64().max(1e-9)
    }

    /// The bar of an epoch whose first batch has just ended.
    fn begin(&mut self, end: &BatchEnd) {
        self.started = Instant::now();
        self.last_line = self.started;
        (self.first, self.tokens) = (end.batch, 0);
        let target = match self.terminal {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(end.batches as u64), target);
        let style = ProgressStyle::with_template("  {bar:20} {pos}/{len} batches, {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar = Some(bar);
    }

    /// Time until the end of the stage at the pace of this epoch, without validation.
    fn left(&self, end: &BatchEnd) -> String {
        let done = end.batch.saturating_sub(self.first);
        if done == 0 {
            return String::new();
        }
        let later = self.epochs.saturating_sub(end.epoch) * end.batches;
        let left = end.batches.saturating_sub(end.batch) + later;
        let seconds = self.started.elapsed().as_secs_f64() / done as f64 * left as f64;
        format!(", {} left", time(seconds))
    }
}

/// A time in the unit that suits it.
fn time(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes {
        0..2 => format!("{seconds:.0} s"),
        2..120 => format!("{minutes} min"),
        _ => format!("{} h {:02} min", minutes / 60, minutes % 60),
    }
}

/// The memory that the process holds; nothing where the system does not say so in `/proc`.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kibibytes.map_or_else(String::new, |size| {
        format!(", {:.2} GB", size * 1024.0 / 1e9)
    })
}

/// A reader that has gone away (a closed pipe) is no reason to stop training.
fn write_line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

impl Observer for Console {
    fn stage_start(&mut self, start: &StageStart) {
        self.epochs = start.epochs;
        if !self.headed {
            self.line(HEADING);
            self.headed = true;
        }
    }

    fn batch_end(&mut self, end: &BatchEnd) {
        if self.bar.is_none() || end.batch == 1 {
            // The time that the first batch took was not measured.
            self.begin(end);
        } else {
            self.tokens += end.tokens;
        }
        let message = format!(
            "{:.0} tokens/s, loss {:.3}{}{}",
            self.tokens_per_second(),
            end.loss,
            self.left(end),
            memory()
        );
        if let Some(bar) = &self.bar {
            bar.set_position(end.batch as u64);
            bar.set_message(message.clone());
        }
        if !self.terminal && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let at = format!("batch {}/{}", end.batch, end.batches);
            self.line(&format!("  {at}, {message}"));
        }
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.line(&row(epoch));
        Ok(())
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.line(&row(epoch));
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn a_time_has_the_unit_that_suits_it() {
        let times = [0.4, 89.0, 91.0, 7_000.0, 7_200.0, 90_060.0].map(time);
        let expected = [
            "0 s",
            "89 s",
            "2 min",
            "117 min",
            "2 h 00 min",
            "25 h 01 min",
        ];
        assert_eq!(times, expected);
    }
}
