//! Measurements on a machine that is shared: each knows how much of the processors others had meanwhile, and the disturbed
//! ones do not count. The peer's scripts go by the same numbers.

use std::thread;
use std::time::{Duration, Instant};

use crate::median;
use crate::memory::{busy_seconds, cpu_seconds};

/// Share of all processors that others may have in a measurement that counts.
const NOISE: f64 = 0.06;
/// Seconds over which it is looked whether others are at work, before a measurement.
const LOOK: f64 = 0.5;
/// Seconds to wait for a quiet moment, before one measurement and in all.
const PATIENCE: (f64, f64) = (60.0, 150.0);

/// Measurements of the same work.
pub(crate) struct Reps {
    /// Seconds, and the share of the processors that others had.
    done: Vec<(f64, f64)>,
    waited: f64,
}

/// A measurement that has begun.
pub(crate) struct Rep {
    start: Instant,
    busy: f64,
    own: f64,
}

impl Rep {
    pub(crate) fn begin() -> Self {
        Self {
            start: Instant::now(),
            busy: busy_seconds(),
            own: cpu_seconds(),
        }
    }

    /// Seconds so far.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// Share of all processors that others had so far; 0 where the system does not tell.
    fn others(&self) -> f64 {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let others = (busy_seconds() - self.busy) - (cpu_seconds() - self.own);
        (others / (self.seconds() * processors as f64)).max(0.0)
    }
}

impl Reps {
    pub(crate) fn new() -> Self {
        Self {
            done: Vec::new(),
            waited: 0.0,
        }
    }

    /// Waits until others leave the processors alone, within bounds.
    pub(crate) fn wait(&mut self) {
        let mut waited = 0.0;
        while waited < PATIENCE.0 && self.waited < PATIENCE.1 {
            let look = Rep::begin();
            thread::sleep(Duration::from_secs_f64(LOOK));
            waited += LOOK;
            self.waited += LOOK;
            if look.others() < NOISE {
                break;
            }
        }
    }

    /// Ends a measurement.
    pub(crate) fn add(&mut self, rep: &Rep) {
        self.done.push((rep.seconds(), rep.others()));
    }

    /// Measures one call in a quiet moment.
    pub(crate) fn time<R>(&mut self, work: impl FnOnce() -> R) -> R {
        self.wait();
        let rep = Rep::begin();
        let result = work();
        self.add(&rep);
        result
    }

    /// The median of those that count; where too few do, of the less disturbed half.
    pub(crate) fn median(&self) -> f64 {
        let mut by_others = self.done.clone();
        by_others.sort_by(|a, b| a.1.total_cmp(&b.1));
        let clean = by_others.iter().filter(|rep| rep.1 < NOISE).count();
        let counted = match clean >= (by_others.len() / 4).max(2) {
            true => clean,
            false => (by_others.len() / 2).max(1),
        };
        median(by_others[..counted].iter().map(|rep| rep.0).collect())
    }

    /// How many count, of how many: `7/8`.
    pub(crate) fn clean(&self) -> String {
        let clean = self.done.iter().filter(|rep| rep.1 < NOISE).count();
        format!("{clean}/{}", self.done.len())
    }

    /// Seconds of each.
    pub(crate) fn seconds(&self) -> Vec<f64> {
        self.done.iter().map(|rep| rep.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(done: &[(f64, f64)]) -> Reps {
        Reps {
            done: done.to_vec(),
            waited: 0.0,
        }
    }

    #[test]
    fn disturbed_measurements_do_not_count() {
        let reps = of(&[
            (9.0, 0.3),
            (1.0, 0.01),
            (3.0, 0.05),
            (2.0, 0.0),
            (8.0, 0.07),
        ]);
        assert_eq!((reps.median(), reps.clean()), (2.0, "3/5".to_owned()));
    }

    #[test]
    fn where_all_are_disturbed_the_lesser_half_counts() {
        let reps = of(&[(9.0, 0.9), (4.0, 0.1), (5.0, 0.2), (8.0, 0.8)]);
        assert_eq!((reps.median(), reps.clean()), (5.0, "0/4".to_owned()));
        assert_eq!(of(&[(7.0, 0.5)]).median(), 7.0);
    }
}
