//! Documents of files or of a pipe, handed over as soon as they are there.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use ulmfit::data::{Error, RawRow};
use ulmfit::prelude::*;

use crate::talk::say;

/// Text that waits at one time.
const CHUNK_BYTES: usize = 4 << 20;

/// So many documents that cannot be read are named; the others are counted.
const NAMED: usize = 20;

/// What to do about documents that cannot be read.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Strict {
    /// Stop at the first document that cannot be read, instead of leaving it out and naming its line.
    #[arg(long, help_heading = "Data")]
    strict: bool,
}

impl Strict {
    /// Stops at the first document that cannot be read.
    pub(crate) const YES: Self = Self { strict: true };
}

/// A text, and the row that it stands in where the format is text in rows.
pub(crate) type Read = (String, Option<RawRow>);

/// The documents of a source in chunks. Each chunk is what was read while the one before it was worked on: one document if
/// whoever writes into a pipe waits for its answer, many if the work takes longer than the reading.
pub(crate) struct Stream {
    queue: Arc<Queue>,
    path: PathBuf,
    strict: Strict,
    counts: Counts,
    /// What ends the stream behind the documents that were read before it.
    error: Option<Error>,
    done: bool,
}

/// How many documents were read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) documents: usize,
    unread: usize,
}

impl Stream {
    /// Starts to read.
    pub(crate) fn open(source: Source, strict: Strict) -> Self {
        let path = source.path().to_owned();
        let queue = Arc::new(Queue::default());
        let reader = queue.clone();
        // Not joined: if the work fails, nothing waits for the next line of a pipe.
        std::thread::spawn(move || read(&source, &reader));
        Self {
            queue,
            path,
            strict,
            counts: Counts::default(),
            error: None,
            done: false,
        }
    }

    /// Waits for the next chunk, which is not empty; none at the end. Documents that cannot be read are left out and named
    /// on the standard error stream, and counted at the end.
    ///
    /// # Errors
    /// For a document that cannot be read if the stream is strict or none could be; for a file that cannot be read.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<Vec<Read>>> {
        if let Some(error) = self.error.take() {
            return Err(error.into());
        }
        while !self.done {
            let (items, done) = self.queue.take();
            self.done = done;
            let mut documents = Vec::with_capacity(items.len());
            for item in items {
                match item {
                    Ok(document) => documents.push(document),
                    Err(error) if self.strict.strict || !error.is_of_one_row() => {
                        self.error = Some(error);
                        break;
                    }
                    Err(error) => {
                        self.counts.unread += 1;
                        if self.counts.unread <= NAMED {
                            say(&format!("left out: {error}"));
                        }
                    }
                }
            }
            self.counts.documents += documents.len();
            if !documents.is_empty() {
                return Ok(Some(documents));
            }
            if let Some(error) = self.error.take() {
                return Err(error.into());
            }
        }
        let Counts { documents, unread } = self.counts;
        let told = format!(
            "{}: {unread} of {} documents could not be read; correct them, or name the column of the text as --text-column",
            self.path.display(),
            documents + unread
        );
        match (documents, unread) {
            (_, 0) => {}
            (0, _) => anyhow::bail!(told),
            (_, _) => say(&told),
        }
        Ok(None)
    }

    /// The names of a table's columns, once a chunk was read.
    pub(crate) fn header(&self) -> Option<Vec<String>> {
        self.queue.lock().header.clone()
    }

    /// What was read so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }
}

type Item = Result<Read, Error>;

fn read(source: &Source, queue: &Queue) {
    match source.documents_and_rows() {
        Err(error) => queue.put(Err(error)),
        Ok(mut documents) => {
            queue.lock().header = documents.header().map(<[String]>::to_vec);
            while let Some(document) = documents.next() {
                let row = documents.take_raw_row();
                queue.put(document.map(|document| (document.text, row)));
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
    header: Option<Vec<String>>,
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
        waiting.bytes += item.as_ref().map_or(0, |(text, _)| text.len()) + 1;
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
