//! Numbers for a monitor, in Prometheus's text format.

use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How often a value was at most each of some bounds.
pub(crate) struct Histogram {
    bounds: &'static [f64],
    /// One for each bound, and one for what is above all of them.
    counts: Vec<AtomicU64>,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

impl Histogram {
    pub(crate) fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    pub(crate) fn observe(&self, value: f64) {
        let bucket = self.bounds.partition_point(|&bound| bound < value);
        self.counts[bucket].fetch_add(1, Relaxed);
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        // `add` never declines.
        let _ = self.sum.fetch_update(Relaxed, Relaxed, add);
    }

    pub(crate) fn write(&self, out: &mut String, name: &str, help: &str) {
        head(out, name, help, "histogram");
        let mut total = 0;
        let bounds = self.bounds.iter().map(f64::to_string);
        let bounds = bounds.chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(&self.counts) {
            total += count.load(Relaxed);
            line(
                out,
                &format!("{name}_bucket"),
                &[("le", bound.as_str())],
                total,
            );
        }
        let sum = f64::from_bits(self.sum.load(Relaxed));
        line(out, &format!("{name}_sum"), &[], sum);
        line(out, &format!("{name}_count"), &[], total);
    }
}

/// The two lines above a metric's values.
pub(crate) fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// One value.
pub(crate) fn line(out: &mut String, name: &str, labels: &[(&str, &str)], value: impl Display) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}=\"{}\"", escaped(value)))
        .collect();
    let _ = match labels.is_empty() {
        true => writeln!(out, "{name} {value}"),
        false => writeln!(out, "{name}{{{}}} {value}", labels.join(",")),
    };
}

fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    value.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{Histogram, line};

    #[test]
    fn a_bucket_counts_all_values_up_to_its_bound() {
        let histogram = Histogram::new(&[1.0, 2.5]);
        for value in [0.5, 1.0, 2.0, 9.0] {
            histogram.observe(value);
        }
        let mut out = String::new();
        histogram.write(&mut out, "x", "What it is.");
        let wanted = "# HELP x What it is.\n# TYPE x histogram\n\
            x_bucket{le=\"1\"} 2\nx_bucket{le=\"2.5\"} 3\nx_bucket{le=\"+Inf\"} 4\nx_sum 12.5\nx_count 4\n";
        assert_eq!(out, wanted);
    }

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut out = String::new();
        line(&mut out, "x", &[("file", "a\"b\\c\nd")], 1);
        assert_eq!(out, "x{file=\"a\\\"b\\\\c\\nd\"} 1\n");
    }
}
