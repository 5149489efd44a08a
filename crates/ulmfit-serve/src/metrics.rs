//! What a service counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::histogram::{Histogram, head, line};
use crate::model::Model;

const BATCH_SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// Seconds, of answers and of requests alike.
pub(crate) const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

pub(crate) struct Metrics {
    batches: Histogram,
    answers: Histogram,
    loads: AtomicU64,
    failed_loads: AtomicU64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            batches: Histogram::new(BATCH_SIZES),
            answers: Histogram::new(SECONDS),
            loads: AtomicU64::new(1),
            failed_loads: AtomicU64::new(0),
        }
    }

    pub(crate) fn batch(&self, texts: usize) {
        self.batches.observe(texts as f64);
    }

    pub(crate) fn answer(&self, seconds: f64) {
        self.answers.observe(seconds);
    }

    pub(crate) fn load(&self, succeeded: bool) {
        let counter = if succeeded {
            &self.loads
        } else {
            &self.failed_loads
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn write(&self, queued: usize, model: &Model) -> String {
        let mut out = String::new();
        let name = "ulmfit_batch_texts";
        let help = "Texts evaluated together; the sum is the number of texts.";
        self.batches.write(&mut out, name, help);
        let name = "ulmfit_answer_seconds";
        let help = "Seconds from a request's arrival in the queue to its reply.";
        self.answers.write(&mut out, name, help);
        let name = "ulmfit_queue_texts";
        head(&mut out, name, "Texts that wait.", "gauge");
        line(&mut out, name, &[], queued);
        let name = "ulmfit_model_loads_total";
        head(
            &mut out,
            name,
            "Models put in place, the first included.",
            "counter",
        );
        for (result, count) in [("ok", &self.loads), ("error", &self.failed_loads)] {
            line(&mut out, name, &[("result", result)], count.load(Relaxed));
        }
        let name = "ulmfit_model_info";
        head(&mut out, name, "The model that answers; always 1.", "gauge");
        let files: Vec<String> = model.file_names();
        let (files, outputs) = (files.join(" "), model.names().len().to_string());
        let labels = [
            ("files", files.as_str()),
            ("task", model.task()),
            ("outputs", outputs.as_str()),
        ];
        line(&mut out, name, &labels, 1);
        out
    }
}
