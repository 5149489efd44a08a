//! How a service gathers and bounds its work.

use std::time::Duration;

use crate::error::{Error, Result};

/// How a [`Service`](crate::Service) gathers texts into batches, and how many may wait.
///
/// | field | default | why another |
/// |---|---|---|
/// | `max_batch` | 32 texts | more: throughput; fewer: the last text of a batch waits less for the first |
/// | `batch_wait` | 2 ms | what an idle service adds to each answer to find company for it; 0 for one client |
/// | `batch_tokens` | 16,384 tokens | more: throughput; fewer: less memory, a shorter wait for the batch before |
/// | `max_tokens` | 65,536 tokens | longer documents; fewer: a shorter longest answer. A request beyond it is refused |
/// | `queue` | 1,024 texts | more: longer bursts; fewer: earlier refusals, a shorter longest wait. Long requests have as many places of their own |
/// | `workers` | 2 | batches evaluated at the same time; all but one may be at long requests |
///
/// Texts share Rayon's global threads, whatever the number of workers. A request of more than 16 KiB is a long one:
/// short requests are answered between two windows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// Texts in a batch, at most.
    pub max_batch: usize,
    /// How long the first text of a batch waits for others.
    pub batch_wait: Duration,
    /// Tokens in a batch, at most, unless a single text has more; four bytes count as one.
    pub batch_tokens: usize,
    /// Tokens that the model reads of a request, at most, or that its answer lists where words are weighed; one with
    /// more is refused with [`Error::TooManyTokens`].
    pub max_tokens: usize,
    /// Texts that may wait; a request that finds no room is refused with [`Error::Busy`].
    pub queue: usize,
    /// Batches that are evaluated at the same time.
    pub workers: usize,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            max_batch: 32,
            batch_wait: Duration::from_millis(2),
            batch_tokens: 1 << 14,
            max_tokens: 1 << 16,
            queue: 1024,
            workers: 2,
        }
    }
}

impl ServiceConfig {
    /// With batches of at most so many texts.
    #[must_use]
    pub fn with_max_batch(self, max_batch: usize) -> Self {
        Self { max_batch, ..self }
    }

    /// With another wait for company.
    #[must_use]
    pub fn with_batch_wait(self, batch_wait: Duration) -> Self {
        Self { batch_wait, ..self }
    }

    /// With batches of at most so many tokens.
    #[must_use]
    pub fn with_batch_tokens(self, batch_tokens: usize) -> Self {
        Self {
            batch_tokens,
            ..self
        }
    }

    /// With requests of at most so many tokens.
    #[must_use]
    pub fn with_max_tokens(self, max_tokens: usize) -> Self {
        Self { max_tokens, ..self }
    }

    /// With room for so many waiting texts.
    #[must_use]
    pub fn with_queue(self, queue: usize) -> Self {
        Self { queue, ..self }
    }

    /// With so many batches at the same time.
    #[must_use]
    pub fn with_workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let numbers = [
            ("max_batch", self.max_batch),
            ("batch_tokens", self.batch_tokens),
            ("max_tokens", self.max_tokens),
            ("queue", self.queue),
            ("workers", self.workers),
        ];
        for (field, value) in numbers {
            if value == 0 {
                return Err(Error::Config {
                    field,
                    expected: "at least 1",
                    found: "0".into(),
                });
            }
        }
        if self.batch_wait > Duration::from_secs(10) {
            return Err(Error::Config {
                field: "batch_wait",
                expected: "at most 10 seconds",
                found: format!("{:?}", self.batch_wait),
            });
        }
        Ok(())
    }
}
