//! How much memory this process holds, as Linux counts it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A line of `/proc/self/status` in megabytes (10^6 bytes), such as `VmHWM`, the peak of resident memory; 0 elsewhere.
pub(crate) fn status_mb(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|line| {
        line.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<f64>()
            .ok()
    });
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}

/// Watches anonymous memory (without mapped files), which the kernel keeps no peak of.
pub(crate) struct PeakAnon {
    stop: Arc<AtomicBool>,
    watch: JoinHandle<f64>,
}

impl PeakAnon {
    /// Looks every 5 ms from now on.
    pub(crate) fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let watch = thread::spawn(move || {
            let mut peak = 0.0_f64;
            while !stopped.load(Ordering::Relaxed) {
                peak = peak.max(status_mb("RssAnon"));
                thread::sleep(Duration::from_millis(5));
            }
            peak
        });
        Self { stop, watch }
    }

    /// The largest amount seen, in megabytes.
    pub(crate) fn stop(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.watch.join().unwrap_or(f64::NAN)
    }
}
