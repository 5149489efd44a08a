//! The losses and rates of single batches, for charts.

use super::{BatchEnd, EpochEnd, Observer, StageStart};
use crate::error::Result;

/// Points that are kept of a stage at most; of longer ones neighbors are joined.
const POINTS: usize = 1024;

/// Keeps every stage's losses, rates and momenta in at most 1,024 points, and its epochs.
///
/// Of a run that is resumed it has the epochs before the cut, but not their batches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// In order.
    pub stages: Vec<StageCurve>,
}

/// One stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageCurve {
    /// Its name.
    pub stage: String,
    /// Its batches so far.
    pub batches: usize,
    /// In order; each stands for one batch or, in a long stage, for the mean of 2, 4, 8 ... that follow each other.
    pub points: Vec<CurvePoint>,
    /// Its epochs, each with the number of the stage's batches until its end.
    pub epochs: Vec<(usize, EpochEnd)>,
    /// Batches in an epoch of which none was seen.
    epoch_len: usize,
    /// Batches before the current epoch.
    before: usize,
    /// Batches that a point stands for.
    width: usize,
    /// The point that is being gathered, and its batches.
    open: Option<(CurvePoint, usize)>,
}

/// Loss and rates at one place of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// The last batch that it stands for, counted within the stage, from 1.
    pub batch: usize,
    /// The mean loss of its batches in nats.
    pub loss: f64,
    /// The learning rate of the last group at that batch.
    pub rate: f64,
    /// The momentum at that batch.
    pub momentum: f64,
}

impl StageCurve {
    /// The name of its epochs' first metric; empty where there is none.
    pub fn metric(&self) -> &str {
        let mut named = self.epochs.iter().filter_map(|(_, epoch)| epoch.metric());
        named.next().map_or("", |(name, _)| name)
    }

    fn add(&mut self, end: &BatchEnd) {
        self.batches = self.before + end.batch;
        let (loss, n) = self.open.map_or((0.0, 0), |(point, n)| (point.loss, n));
        let point = CurvePoint {
            batch: self.batches,
            loss: (loss * n as f64 + end.loss) / (n + 1) as f64,
            rate: end.rate,
            momentum: end.momentum,
        };
        if n + 1 < self.width {
            self.open = Some((point, n + 1));
            return;
        }
        self.open = None;
        self.points.push(point);
        if self.points.len() == POINTS {
            self.width *= 2;
            let pairs = self.points.chunks(2).map(|pair| CurvePoint {
                loss: pair.iter().map(|point| point.loss).sum::<f64>() / pair.len() as f64,
                ..pair[pair.len() - 1]
            });
            self.points = pairs.collect();
        }
    }

    fn end(&mut self, epoch: &EpochEnd) {
        if self.batches == self.before {
            self.batches += self.epoch_len;
        }
        self.before = self.batches;
        self.epochs.push((self.batches, epoch.clone()));
    }
}

impl Observer for Curves {
    fn stage_start(&mut self, start: &StageStart) {
        self.stages.push(StageCurve {
            stage: start.stage.clone(),
            batches: 0,
            points: Vec::new(),
            epochs: Vec::new(),
            epoch_len: start.batches,
            before: 0,
            width: 1,
            open: None,
        });
    }

    fn batch_end(&mut self, batch: &BatchEnd) {
        if let Some(stage) = self.stages.last_mut() {
            stage.add(batch);
        }
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        if let Some(stage) = self.stages.last_mut() {
            stage.end(epoch);
        }
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.epoch_end(epoch);
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::observe::tests::{epoch, start};

    fn batch(number: usize, batches: usize) -> BatchEnd {
        BatchEnd {
            epoch: 1,
            batch: number,
            batches,
            tokens: 1,
            loss: number as f64,
            rate: 0.1 * number as f64,
            momentum: 0.9,
        }
    }

    #[test]
    fn points_are_batches_and_epochs_know_their_place() {
        let mut curves = Curves::default();
        curves.stage_start(&start());
        // An epoch of the two batches before the cut, then one that goes on at its second batch.
        curves.epoch_replayed(&epoch(1, 2.0, None)).unwrap();
        curves.batch_end(&batch(2, 3));
        curves.batch_end(&batch(3, 3));
        curves.epoch_end(&epoch(2, 1.0, None));
        let stage = &curves.stages[0];
        let places: Vec<usize> = stage.points.iter().map(|point| point.batch).collect();
        assert_eq!(places, [4, 5]);
        let ends: Vec<usize> = stage.epochs.iter().map(|(at, _)| *at).collect();
        assert_eq!((ends, stage.batches), (vec![2, 5], 5));
    }

    #[test]
    fn a_long_stage_keeps_few_points_of_the_same_mean() {
        let mut curves = Curves::default();
        curves.stage_start(&start());
        let n = 8 * POINTS;
        (1..=n).for_each(|number| curves.batch_end(&batch(number, n)));
        let points = &curves.stages[0].points;
        assert!(points.len() < POINTS && points.len() >= POINTS / 2);
        let mean = points.iter().map(|point| point.loss).sum::<f64>() / points.len() as f64;
        assert!((mean - (n + 1) as f64 / 2.0).abs() < 1e-6, "{mean}");
        assert_eq!(points[points.len() - 1].batch, n);
    }
}
