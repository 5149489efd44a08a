//! Texts that wait, and how they become batches.
//!
//! Short requests and long ones wait in lanes of their own. A worker takes a long request only while enough others do
//! not, and lets short ones pass between two windows of it: nobody waits for a text that takes a minute.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::ServiceConfig;
use crate::error::{Error, Result};
use crate::locks::lock;
use crate::pending::Pending;

/// Texts of a request that is not short: some thousand tokens, which take longer than others should wait.
pub(crate) const SHORT_BYTES: usize = 16 << 10;

/// What a token takes in English text, about.
const BYTES_OF_TOKEN: usize = 4;

/// Beyond the wait for company, a short text that is still there is one that no other worker takes.
const OVERDUE: Duration = Duration::from_millis(1);

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

/// What a worker is to do next.
pub(crate) enum Work {
    /// Texts of short requests for one model.
    Short(Vec<Item>),
    /// Texts of one long request. [`Queue::long_done`] is to be called behind it.
    Long(Vec<Item>),
}

pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    /// Held by the one worker that gathers, so that two do not take half a batch each.
    gathering: Mutex<()>,
    config: ServiceConfig,
}

#[derive(Default)]
struct State {
    short: VecDeque<Item>,
    long: VecDeque<Item>,
    /// Workers at a long request.
    at_long: usize,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(config: ServiceConfig) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
            gathering: Mutex::new(()),
            config,
        }
    }

    /// The texts that wait.
    pub(crate) fn len(&self) -> usize {
        let state = lock(&self.state);
        state.short.len() + state.long.len()
    }

    /// Lets all texts of a request wait, or none.
    pub(crate) fn push(&self, request: &Arc<Pending>) -> Result<()> {
        let (texts, capacity) = (request.texts.len(), self.config.queue);
        if texts > capacity {
            return Err(Error::TooManyTexts { texts, capacity });
        }
        let mut state = lock(&self.state);
        let lane = match request.is_long() {
            true => &mut state.long,
            false => &mut state.short,
        };
        let queued = lane.len();
        if queued + texts > capacity {
            return Err(Error::Busy {
                texts,
                queued,
                capacity,
            });
        }
        lane.extend((0..texts).map(|index| Item {
            request: Arc::clone(request),
            index,
        }));
        drop(state);
        self.arrived.notify_all();
        Ok(())
    }

    /// Takes out the texts of a request that nobody waits for.
    pub(crate) fn remove(&self, request: &Arc<Pending>) {
        let mut state = lock(&self.state);
        let others = |item: &Item| !Arc::ptr_eq(&item.request, request);
        // What is taken out is dropped without the lock.
        let gone: Vec<VecDeque<Item>> = match request.is_long() {
            true => vec![retained(&mut state.long, others)],
            false => vec![retained(&mut state.short, others)],
        };
        drop(state);
        drop(gone);
    }

    /// Ends the waiting of workers once the queue is empty.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.arrived.notify_all();
    }

    /// The next texts: of a long request, if few enough workers have one; else of short ones, as soon as there is a
    /// batch or the first has waited for company. `None` once the queue is closed and has nothing for this worker.
    pub(crate) fn next(&self) -> Option<Work> {
        let _turn = lock(&self.gathering);
        let mut state = lock(&self.state);
        let end = loop {
            // One worker is left to short requests, where there are two.
            let most = self.config.workers.saturating_sub(1).max(1);
            if !state.long.is_empty() && state.at_long < most {
                state.at_long += 1;
                return Some(Work::Long(self.long_batch(&mut state)));
            }
            match state.short.front() {
                Some(first) => break first.request.since + self.config.batch_wait,
                None if state.closed => return None,
                None => {
                    let woken = self.arrived.wait(state);
                    state = woken.unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        while state.short.len() < self.config.max_batch && !state.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.arrived.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(Work::Short(self.short_batch(&mut state)))
    }

    /// Short texts that no other worker has taken in time; none if there are none.
    pub(crate) fn overdue(&self) -> Option<Vec<Item>> {
        let mut state = lock(&self.state);
        let first = state.short.front()?;
        let due = first.request.since + self.config.batch_wait + OVERDUE;
        (due <= Instant::now()).then(|| self.short_batch(&mut state))
    }

    /// Says that a worker has done with texts of a long request.
    pub(crate) fn long_done(&self) {
        lock(&self.state).at_long -= 1;
        self.arrived.notify_all();
    }

    fn short_batch(&self, state: &mut State) -> Vec<Item> {
        self.batch(&mut state.short, |first, next| {
            Arc::ptr_eq(&first.request.model, &next.request.model)
        })
    }

    fn long_batch(&self, state: &mut State) -> Vec<Item> {
        self.batch(&mut state.long, |first, next| {
            Arc::ptr_eq(&first.request, &next.request)
        })
    }

    /// The first texts of a lane that go together: at most `max_batch`, and about `batch_tokens` tokens.
    fn batch(
        &self,
        lane: &mut VecDeque<Item>,
        together: impl Fn(&Item, &Item) -> bool,
    ) -> Vec<Item> {
        let mut batch: Vec<Item> = Vec::new();
        let mut room = self.config.batch_tokens.saturating_mul(BYTES_OF_TOKEN);
        while let Some(next) = lane.front()
            && batch.len() < self.config.max_batch
            && batch.first().is_none_or(|first| together(first, next))
            && (batch.is_empty() || next.text().len() <= room)
        {
            room = room.saturating_sub(next.text().len());
            batch.extend(lane.pop_front());
        }
        batch
    }
}

/// Leaves in a lane what is to be kept, and returns the rest.
fn retained(lane: &mut VecDeque<Item>, keep: impl Fn(&Item) -> bool) -> VecDeque<Item> {
    let (kept, gone) = std::mem::take(lane).into_iter().partition(keep);
    *lane = kept;
    gone
}
