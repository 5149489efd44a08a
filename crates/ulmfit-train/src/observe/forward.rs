//! Observers made of observers: all are told, in order, and any may decide.

use std::cell::RefCell;
use std::rc::Rc;

use super::{BatchEnd, Control, Decision, EpochEnd, Observer, StageStart};
use crate::error::Result;

/// Watches nothing.
impl Observer for () {}

/// Two observers, told in order.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn stage_start(&mut self, start: &StageStart) {
        self.0.stage_start(start);
        self.1.stage_start(start);
    }

    fn batch_end(&mut self, batch: &BatchEnd) {
        self.0.batch_end(batch);
        self.1.batch_end(batch);
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        self.0.epoch_end(epoch);
        self.1.epoch_end(epoch);
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.0.epoch_replayed(epoch)?;
        self.1.epoch_replayed(epoch)
    }

    fn after_batch(&mut self, batch: &BatchEnd) -> Result<Control> {
        Ok(self.0.after_batch(batch)?.and(self.1.after_batch(batch)?))
    }

    fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
        Ok(self.0.after_epoch(epoch)?.and(self.1.after_epoch(epoch)?))
    }
}

/// Any number of observers, told in order.
impl Observer for Vec<Box<dyn Observer>> {
    fn stage_start(&mut self, start: &StageStart) {
        self.iter_mut().for_each(|each| each.stage_start(start));
    }

    fn batch_end(&mut self, batch: &BatchEnd) {
        self.iter_mut().for_each(|each| each.batch_end(batch));
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        self.iter_mut().for_each(|each| each.epoch_end(epoch));
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.iter_mut()
            .try_for_each(|each| each.epoch_replayed(epoch))
    }

    fn after_batch(&mut self, batch: &BatchEnd) -> Result<Control> {
        self.iter_mut().try_fold(Control::default(), |all, each| {
            Ok(all.and(each.after_batch(batch)?))
        })
    }

    fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
        self.iter_mut().try_fold(Decision::default(), |all, each| {
            Ok(all.and(each.after_epoch(epoch)?))
        })
    }
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn stage_start(&mut self, start: &StageStart) {
        (**self).stage_start(start);
    }

    fn batch_end(&mut self, batch: &BatchEnd) {
        (**self).batch_end(batch);
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        (**self).epoch_end(epoch);
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        (**self).epoch_replayed(epoch)
    }

    fn after_batch(&mut self, batch: &BatchEnd) -> Result<Control> {
        (**self).after_batch(batch)
    }

    fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
        (**self).after_epoch(epoch)
    }
}

/// An observer that a program keeps a hold of, to read what it has gathered when the run is over.
impl<O: Observer> Observer for Rc<RefCell<O>> {
    fn stage_start(&mut self, start: &StageStart) {
        self.borrow_mut().stage_start(start);
    }

    fn batch_end(&mut self, batch: &BatchEnd) {
        self.borrow_mut().batch_end(batch);
    }

    fn epoch_end(&mut self, epoch: &EpochEnd) {
        self.borrow_mut().epoch_end(epoch);
    }

    fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
        self.borrow_mut().epoch_replayed(epoch)
    }

    fn after_batch(&mut self, batch: &BatchEnd) -> Result<Control> {
        self.borrow_mut().after_batch(batch)
    }

    fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
        self.borrow_mut().after_epoch(epoch)
    }
}
