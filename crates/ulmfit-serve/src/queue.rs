//! Texts that wait, and how they become batches.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::locks::lock;
use crate::pending::Pending;

/// One text of a request.
pub(crate) struct Item {
    pub(crate) request: Arc<Pending>,
    pub(crate) index: usize,
}

impl Item {
    pub(crate) fn text(&self) -> &str {
        &self.request.texts[self.index]
    }
}

pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    /// Held by the one worker that gathers, so that two do not take half a batch each.
    gathering: Mutex<()>,
    capacity: usize,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
            gathering: Mutex::new(()),
            capacity,
        }
    }

    /// The texts that wait.
    pub(crate) fn len(&self) -> usize {
        lock(&self.state).items.len()
    }

    /// Lets all texts of a request wait, or none.
    pub(crate) fn push(&self, request: &Arc<Pending>) -> Result<()> {
        let (texts, capacity) = (request.texts.len(), self.capacity);
        if texts > capacity {
            return Err(Error::TooManyTexts { texts, capacity });
        }
        let mut state = lock(&self.state);
        let queued = state.items.len();
        if queued + texts > capacity {
            return Err(Error::Busy {
                texts,
                queued,
                capacity,
            });
        }
        state.items.extend((0..texts).map(|index| Item {
            request: Arc::clone(request),
            index,
        }));
        drop(state);
        self.arrived.notify_all();
        Ok(())
    }

    /// Ends the waiting of workers once the queue is empty.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.arrived.notify_all();
    }

    /// The next texts for one model: at most `max`, as soon as there are so many or the first has waited for `wait`.
    /// `None` once the queue is closed and empty.
    pub(crate) fn next_batch(&self, max: usize, wait: Duration) -> Option<Vec<Item>> {
        let _turn = lock(&self.gathering);
        let mut state = lock(&self.state);
        let end = loop {
            match state.items.front() {
                Some(first) => break first.request.since + wait,
                None if state.closed => return None,
                None => {
                    let woken = self.arrived.wait(state);
                    state = woken.unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        while state.items.len() < max && !state.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.arrived.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut batch: Vec<Item> = Vec::new();
        while let Some(next) = state.items.front()
            && batch.len() < max
            && batch.first().is_none_or(|first| same_model(first, next))
        {
            batch.extend(state.items.pop_front());
        }
        Some(batch)
    }
}

fn same_model(a: &Item, b: &Item) -> bool {
    Arc::ptr_eq(&a.request.model, &b.request.model)
}
