//! What the server counts.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::histogram::{Histogram, head, line};
use crate::locks::lock;
use crate::metrics::SECONDS;

pub(super) struct Counters {
    /// By path and code. Paths that do not exist count as one, so that clients cannot fill the memory.
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    seconds: Histogram,
    pub(super) connections: AtomicUsize,
    pub(super) in_flight: AtomicUsize,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            requests: Mutex::default(),
            seconds: Histogram::new(SECONDS),
            connections: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
        }
    }

    pub(super) fn request(&self, path: &'static str, code: u16, time: Duration) {
        *lock(&self.requests).entry((path, code)).or_default() += 1;
        if path == "/predict" {
            self.seconds.observe(time.as_secs_f64());
        }
    }

    pub(super) fn write(&self) -> String {
        let mut out = String::new();
        let name = "ulmfit_http_requests_total";
        head(&mut out, name, "Requests by path and code.", "counter");
        for ((path, code), count) in lock(&self.requests).iter() {
            let code = code.to_string();
            let labels = [("path", *path), ("code", code.as_str())];
            line(&mut out, name, &labels, count);
        }
        let name = "ulmfit_http_request_seconds";
        let help = "Seconds from a head of POST /predict to its response, its body included.";
        self.seconds.write(&mut out, name, help);
        let name = "ulmfit_http_requests_in_flight";
        head(&mut out, name, "Predictions under way.", "gauge");
        line(&mut out, name, &[], self.in_flight.load(Relaxed));
        let name = "ulmfit_http_connections";
        head(&mut out, name, "Open connections.", "gauge");
        line(&mut out, name, &[], self.connections.load(Relaxed));
        out
    }
}

/// One more in a gauge, until it is dropped.
pub(super) struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    /// One more, unless there would be more than `limit`.
    pub(super) fn below(gauge: &'a AtomicUsize, limit: usize) -> Option<Self> {
        let more = |n| (n < limit).then_some(n + 1);
        gauge.fetch_update(Relaxed, Relaxed, more).ok()?;
        Some(Self(gauge))
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
