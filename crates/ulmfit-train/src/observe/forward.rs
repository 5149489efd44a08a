//! Observers made of observers: all are told, in order, and any may decide.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::{BatchEnd, Control, Decision, EpochEnd, Observer, StageStart};
use crate::error::Result;

/// Watches nothing.
impl Observer for () {}

/// The hooks of an observer that passes them on to those it consists of, in order.
macro_rules! forward {
    (|$this:ident| $all:expr) => {
        fn stage_start(&mut self, start: &StageStart) {
            let $this = self;
            $all.for_each(|each| each.stage_start(start));
        }

        fn batch_end(&mut self, batch: &BatchEnd) {
            let $this = self;
            $all.for_each(|each| each.batch_end(batch));
        }

        fn epoch_end(&mut self, epoch: &EpochEnd) {
            let $this = self;
            $all.for_each(|each| each.epoch_end(epoch));
        }

        fn epoch_model(&mut self, epoch: &EpochEnd, model: &dyn Any) -> Result<()> {
            let $this = self;
            $all.try_for_each(|each| each.epoch_model(epoch, model))
        }

        fn epoch_replayed(&mut self, epoch: &EpochEnd) -> Result<()> {
            let $this = self;
            $all.try_for_each(|each| each.epoch_replayed(epoch))
        }

        fn after_batch(&mut self, batch: &BatchEnd) -> Result<Control> {
            let $this = self;
            $all.try_fold(Control::default(), |all, each| {
                Ok(all.and(each.after_batch(batch)?))
            })
        }

        fn after_epoch(&mut self, epoch: &EpochEnd) -> Result<Decision> {
            let $this = self;
            $all.try_fold(Decision::default(), |all, each| {
                Ok(all.and(each.after_epoch(epoch)?))
            })
        }
    };
}

/// Two observers, told in order.
impl<A: Observer, B: Observer> Observer for (A, B) {
    forward!(|pair| [&mut pair.0 as &mut dyn Observer, &mut pair.1].into_iter());
}

/// Any number of observers, told in order.
impl<O: Observer> Observer for Vec<O> {
    forward!(|all| all.iter_mut());
}

/// The one that is borrowed.
impl<O: Observer + ?Sized> Observer for &mut O {
    forward!(|one| std::iter::once(&mut **one));
}

/// The one in the box.
impl<O: Observer + ?Sized> Observer for Box<O> {
    forward!(|one| std::iter::once(&mut **one));
}

/// An observer that a program keeps a hold of, to read what it has gathered when the run is over.
impl<O: Observer> Observer for Rc<RefCell<O>> {
    forward!(|one| std::iter::once(&mut *one.borrow_mut()));
}
