//! A request under way: its texts, the answers that are there, and who waits for them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use crate::answer::{Answer, Reply, Request, Words};
use crate::error::{Error, Result};
use crate::locks::lock;
use crate::model::Model;
use crate::queue::SHORT_BYTES;

/// What a request's answer is handed to, once.
pub(crate) type Receiver = Box<dyn FnOnce(Result<Reply>) + Send>;

pub(crate) struct Pending {
    pub(crate) texts: Vec<String>,
    pub(crate) words: Words,
    /// The model in place when the request came: it answers all texts of the request, whatever is loaded meanwhile.
    pub(crate) model: Arc<Model>,
    pub(crate) since: Instant,
    deadline: Option<Instant>,
    given_up: AtomicBool,
    /// The tokens of all texts, once they are counted.
    tokens: OnceLock<usize>,
    state: Mutex<State>,
}

struct State {
    answers: Vec<Option<Answer>>,
    missing: usize,
    receiver: Option<Receiver>,
}

impl Pending {
    pub(crate) fn new(request: Request, model: Arc<Model>, receiver: Receiver) -> Self {
        let n = request.texts.len();
        Self {
            texts: request.texts,
            words: request.words,
            model,
            since: Instant::now(),
            deadline: request.deadline,
            given_up: AtomicBool::new(false),
            tokens: OnceLock::new(),
            state: Mutex::new(State {
                answers: (0..n).map(|_| None).collect(),
                missing: n,
                receiver: Some(receiver),
            }),
        }
    }

    /// Whether others should not have to wait for it.
    pub(crate) fn is_long(&self) -> bool {
        let bytes: usize = self.texts.iter().map(String::len).sum();
        bytes > SHORT_BYTES
    }

    /// The tokens of all texts, counted by the first who asks.
    pub(crate) fn tokens_once(&self, count: impl FnOnce() -> usize) -> usize {
        *self.tokens.get_or_init(count)
    }

    /// Whether work for it still has a receiver; a request that is late is told so.
    pub(crate) fn is_wanted(&self) -> bool {
        let late = self.deadline.is_some_and(|end| end <= Instant::now());
        if late || self.given_up.load(Ordering::Relaxed) {
            self.fail(Error::Late);
        }
        lock(&self.state).receiver.is_some()
    }

    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// Takes the answer to one text; the last one sends the reply.
    pub(crate) fn answer(&self, index: usize, answer: Answer) {
        let mut state = lock(&self.state);
        state.missing -= usize::from(state.answers[index].is_none());
        state.answers[index] = Some(answer);
        if state.missing == 0 {
            drop(state);
            self.send();
        }
    }

    /// Sends the reply of a request whose answers are all there.
    pub(crate) fn send(&self) {
        let mut state = lock(&self.state);
        let answers = state.answers.iter_mut().filter_map(Option::take).collect();
        let receiver = state.receiver.take();
        // The receiver is foreign code: it runs without the lock.
        drop(state);
        let model = Arc::clone(&self.model);
        hand_over(receiver, Ok(Reply { answers, model }));
    }

    /// Sends the error, unless something was sent before.
    pub(crate) fn fail(&self, error: Error) {
        let receiver = lock(&self.state).receiver.take();
        hand_over(receiver, Err(error));
    }
}

/// A receiver that panics must not end the worker that calls it.
fn hand_over(receiver: Option<Receiver>, reply: Result<Reply>) {
    if let Some(receiver) = receiver {
        drop(catch_unwind(AssertUnwindSafe(|| receiver(reply))));
    }
}
