//! Documents of files or of a pipe, handed over as soon as they are there.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::bail;
use ulmfit::prelude::*;

use crate::talk::say;

/// Text that waits at one time.
const CHUNK_BYTES: usize = 4 << 20;

/// So many documents that cannot be read are named; the others are counted.
const NAMED: usize = 20;

/// What to do about documents that cannot be read.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Strict {
    /// Stop at the first document that cannot be read, instead of leaving it out, naming it, and failing at the end.
    #[arg(long)]
    strict: bool,
}

/// Calls `work` with the texts of a source, in order. Each call is given what was read while the one before it worked:
/// one document if whoever writes into a pipe waits for its answer, many if the work takes longer than the reading.
///
/// # Errors
/// As `work`; in the end if documents could not be read, with their number, after naming each on the standard error
/// stream.
pub(crate) fn for_each_chunk(
    source: Source,
    strict: Strict,
    mut work: impl FnMut(&[String]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let path: PathBuf = source.path().to_owned();
    let queue = Arc::new(Queue::default());
    let reader = queue.clone();
    // Not joined: if the work fails, nothing waits for the next line of a pipe.
    std::thread::spawn(move || read(&source, &reader));
    let (mut read, mut unread) = (0, 0);
    loop {
        let (items, done) = queue.take();
        let mut texts = Vec::with_capacity(items.len());
        let mut first_error = None;
        for item in items {
            read += 1;
            match item {
                Ok(text) => texts.push(text),
                Err(error) if strict.strict || !error.is_of_one_row() => {
                    first_error = Some(error);
                    break;
                }
                Err(error) => {
                    unread += 1;
                    if unread <= NAMED {
                        say(&format!("left out: {error}"));
                    }
                }
            }
        }
        if !texts.is_empty() {
            work(&texts)?;
        }
        if let Some(error) = first_error {
            return Err(error.into());
        }
        if done {
            break;
        }
    }
    match unread {
        0 => Ok(()),
        n => bail!(
            "{}: {n} of {read} documents could not be read and are left out; correct them, or name the column of the text as --text",
            path.display()
        ),
    }
}

type Item = Result<String, ulmfit::data::Error>;

fn read(source: &Source, queue: &Queue) {
    match source.documents() {
        Err(error) => queue.put(Err(error)),
        Ok(documents) => {
            for document in documents {
                queue.put(document.map(|document| document.text));
            }
        }
    }
    queue.end();
}

/// Documents on their way from the thread that reads to the one that works.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    items: Vec<Item>,
    bytes: usize,
    done: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, waiting: MutexGuard<'a, Waiting>) -> MutexGuard<'a, Waiting> {
        self.changed
            .wait(waiting)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, item: Item) {
        let mut waiting = self.lock();
        while waiting.bytes >= CHUNK_BYTES {
            waiting = self.wait(waiting);
        }
        waiting.bytes += item.as_ref().map_or(0, String::len) + 1;
        waiting.items.push(item);
        self.changed.notify_one();
    }

    fn end(&self) {
        self.lock().done = true;
        self.changed.notify_one();
    }

    /// What waits, as soon as something does, and whether it is the last.
    fn take(&self) -> (Vec<Item>, bool) {
        let mut waiting = self.lock();
        while waiting.items.is_empty() && !waiting.done {
            waiting = self.wait(waiting);
        }
        waiting.bytes = 0;
        self.changed.notify_one();
        (std::mem::take(&mut waiting.items), waiting.done)
    }
}
