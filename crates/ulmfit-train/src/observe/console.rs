//! Progress for people: a bar with tokens per second and time left in a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::history::{HEADING, row};
use super::{BatchEnd, EpochEnd, Observer, StageStart};

/// Without a terminal a line is printed this often.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// Shows a run on the standard error stream: bars in a terminal, else a line now and then and a row an epoch.
#[derive(Debug)]
pub struct Console {
    bar: Option<ProgressBar>,
    terminal: bool,
    started: Instant,
    last_line: Instant,
    tokens: usize,
    headed: bool,
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
            tokens: 0,
            headed: false,
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
}

/// A reader that has gone away (a closed pipe) is no reason to stop training.
fn write_line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

impl Observer for Console {
    fn stage_start(&mut self, _: &StageStart) {
        if !self.headed {
            self.line(HEADING);
            self.headed = true;
        }
    }

    fn batch_end(&mut self, end: &BatchEnd) {
        if end.batch == 1 {
            self.started = Instant::now();
            self.last_line = self.started;
            self.tokens = 0;
            let bar = ProgressBar::with_draw_target(
                Some(end.batches as u64),
                if self.terminal {
                    ProgressDrawTarget::stderr()
                } else {
                    ProgressDrawTarget::hidden()
                },
            );
            let style = "  {bar:32} {pos}/{len} batches, {msg}, {eta} left";
            bar.set_style(
                ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            self.bar = Some(bar);
        }
        self.tokens += end.tokens;
        let message = format!(
            "{:.0} tokens/s, loss {:.3}",
            self.tokens_per_second(),
            end.loss
        );
        if let Some(bar) = &self.bar {
            bar.set_position(end.batch as u64);
            bar.set_message(message.clone());
        }
        if !self.terminal && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let per_batch = self.started.elapsed().as_secs_f64() / end.batch as f64;
            let left = per_batch * (end.batches - end.batch) as f64;
            let at = format!("batch {}/{}", end.batch, end.batches);
            self.line(&format!("  {at}, {message}, {left:.0} s left"));
        }
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.line(&row(epoch));
    }
}
