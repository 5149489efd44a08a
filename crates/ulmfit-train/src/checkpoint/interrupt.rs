//! A wish, from outside of the loop, that the run be stored and end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends a run at its next step, stored, with [`Error::Interrupted`](crate::Error::Interrupted). Clones are one switch:
/// a program keeps one for its handler of Ctrl-C.
///
/// ```
/// use ulmfit_train::{Checkpoints, Interrupt};
///
/// let interrupt = Interrupt::default();
/// let checkpoints = Checkpoints::new("run-1").with_interrupt(&interrupt);
/// interrupt.request();
/// assert!(checkpoints.interrupt.is_requested());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks for the end; returns whether it was asked for before.
    pub fn request(&self) -> bool {
        self.0.swap(true, Ordering::SeqCst)
    }

    /// Whether the end was asked for.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The same switch.
impl PartialEq for Interrupt {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Interrupt {}
