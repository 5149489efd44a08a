//! What the server allows its clients.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::http::token::Token;

/// What the server allows its clients.
///
/// | field | default | why another |
/// |---|---|---|
/// | `max_body` | 1 MiB | longer documents, larger batches. All connections together may hold `max_connections` such bodies |
/// | `max_concurrent` | 64 | requests that are answered at the same time; the next one gets 503 and `Retry-After` |
/// | `max_connections` | 512 | connections, idle ones included; the next one gets 503. Keep it below the system's limit of open files |
/// | `timeout` | 30 s | for a client to send a request's body, then for the answer, then for the client to take it; and what a stop waits for requests under way |
/// | `header_timeout` | 10 s | for a client to send a request's head, or its next request on an open connection; at most `timeout` counts |
/// | `token` | none | who has it may ask |
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// The longest body of a request, in bytes.
    pub max_body: usize,
    /// Requests to `/predict` that are answered at the same time.
    pub max_concurrent: usize,
    /// Connections that are open at the same time.
    pub max_connections: usize,
    /// The longest time for a body, an answer, and its delivery, each; and for a stop.
    pub timeout: Duration,
    /// The longest time for the head of a request.
    pub header_timeout: Duration,
    /// What clients have to send as `Authorization: Bearer ...`.
    pub token: Option<Token>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            max_body: 1 << 20,
            max_concurrent: 64,
            max_connections: 512,
            timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(10),
            token: None,
        }
    }
}

impl HttpConfig {
    /// With another longest body, in bytes.
    #[must_use]
    pub fn with_max_body(self, max_body: usize) -> Self {
        Self { max_body, ..self }
    }

    /// With another number of requests at the same time.
    #[must_use]
    pub fn with_max_concurrent(self, max_concurrent: usize) -> Self {
        Self {
            max_concurrent,
            ..self
        }
    }

    /// With another longest time.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// For clients that have the token alone.
    #[must_use]
    pub fn with_token(self, token: Token) -> Self {
        Self {
            token: Some(token),
            ..self
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let at_least_one = [
            ("max_body", self.max_body),
            ("max_concurrent", self.max_concurrent),
            ("max_connections", self.max_connections),
        ];
        for (field, value) in at_least_one {
            if value == 0 {
                return Err(Error::Config {
                    field,
                    expected: "at least 1",
                    found: "0".into(),
                });
            }
        }
        let times = [
            ("timeout", self.timeout),
            ("header_timeout", self.header_timeout),
        ];
        for (field, value) in times {
            if value.is_zero() || value > Duration::from_secs(86_400) {
                return Err(Error::Config {
                    field,
                    expected: "more than 0 seconds and at most a day",
                    found: format!("{value:?}"),
                });
            }
        }
        Ok(())
    }
}
