//! How much memory this process holds and how much time it took, as Linux counts it.

use std::ops::Range;
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

/// CPU seconds of this process so far, all threads, with those of processes that it started and that have ended, as Linux
/// counts them; 0 elsewhere.
pub(crate) fn cpu_seconds() -> f64 {
    // Ticks of user and system time; a tick is 10 ms on every Linux in use.
    stat(11..15) / 100.0
}

/// CPU seconds of all processes so far, and those that a host took from this machine, as Linux counts them; 0 elsewhere.
pub(crate) fn busy_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let all = stat.split_whitespace().skip(1).take(8).enumerate();
    // Without the fourth and fifth: idle, and waiting for a disk.
    let busy = all.filter(|(i, _)| !matches!(i, 3 | 4));
    let ticks: f64 = busy
        .filter_map(|(_, ticks)| ticks.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

/// Pages of 4 KB that this process has been given so far, as Linux counts them; 0 elsewhere.
pub(crate) fn page_faults() -> f64 {
    stat(7..8)
}

/// The sum of some values of `/proc/self/stat`, counted after the name.
fn stat(which: Range<usize>) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let values = stat.rsplit(')').next().unwrap_or_default();
    let values = values.split_whitespace().skip(which.start);
    values
        .take(which.len())
        .filter_map(|value| value.parse::<f64>().ok())
        .sum()
}

/// The processor's name; empty where Linux does not say.
pub(crate) fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    name.map_or_else(String::new, |(_, name)| name.trim().to_owned())
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
