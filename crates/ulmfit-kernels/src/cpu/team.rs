//! Threads that stay awake through a kernel.
//!
//! A step of a layer takes some 0.3 ms and all threads share it. Threads of a pool that find nothing to do between two
//! steps go to sleep within microseconds. Waking them takes a tenth of a step, and on a virtual machine far longer: a
//! processor that sleeps is given to others. The threads of a team wait for the next step in a loop instead, and each
//! takes the same part of every step first, so that what it read of a weight may still be in its nearest cache.

use std::hint::spin_loop;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use super::parts::Parts;

/// Rounds of waiting before the processor is offered to other programs.
const PATIENCE: u32 = 2_000;

/// The threads of the pool that work at one kernel: the one that runs it, and helpers that come as they are free.
pub(crate) struct Team {
    /// What is left of the step for each thread.
    shares: Box<[Share]>,
    /// The work of the step: a `&dyn Fn(usize)`, of any lifetime.
    job: AtomicPtr<Job<'static>>,
    /// Calls that have ended.
    finished: AtomicUsize,
    /// Counts the steps, so that a waiting thread reads one value.
    step: AtomicUsize,
    /// Whether a step is under way.
    busy: AtomicBool,
    over: AtomicBool,
}

/// The work of a step, a fat reference behind a thin one.
type Job<'a> = &'a (dyn Fn(usize) + Sync);

impl Team {
    /// Runs a kernel on a thread of the pool, with a team of as many threads as the pool has.
    pub(crate) fn run<R: Send>(kernel: impl FnOnce(&Self) -> R + Send) -> R {
        let threads = rayon::current_num_threads();
        let team = Self::of(threads);
        let team = &team;
        rayon::scope(|scope| {
            let _ends = Ends(team);
            for helper in 1..threads {
                scope.spawn(move |_| team.help(helper));
            }
            kernel(team)
        })
    }

    fn of(threads: usize) -> Self {
        Self {
            shares: (0..threads).map(|_| Share::default()).collect(),
            job: AtomicPtr::new(std::ptr::null_mut()),
            finished: AtomicUsize::new(0),
            step: AtomicUsize::new(0),
            busy: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }

    /// The number of threads.
    pub(crate) fn threads(&self) -> usize {
        self.shares.len()
    }

    /// Calls `work` with each part and its number, by all threads of the team; see [`Self::for_each`].
    pub(crate) fn for_each_part<P: Parts>(&self, parts: P, work: impl Fn(usize, P::Part) + Sync) {
        // SAFETY: `for_each` gives each number below the count once.
        self.for_each(parts.count(), |n| work(n, unsafe { parts.part(n) }));
    }

    /// Calls `work` for each number below `count`, by all threads of the team, and returns when the last call has ended.
    ///
    /// # Panics
    /// If a step is under way: the thread that runs the kernel calls this, after the end of the step before. A panic of
    /// `work` goes on at the end of the kernel.
    pub(crate) fn for_each(&self, count: usize, work: impl Fn(usize) + Sync) {
        assert!(u32::try_from(count).is_ok(), "two counters share a word");
        assert!(
            !self.busy.swap(true, Ordering::Acquire),
            "one step at a time"
        );
        let mut job: Job<'_> = &work;
        let threads = self.shares.len();
        self.finished.store(0, Ordering::Relaxed);
        self.job.store((&raw mut job).cast(), Ordering::Relaxed);
        for (n, share) in self.shares.iter().enumerate() {
            // Releases the two values above to who takes something of the share.
            share.set(n * count / threads..(n + 1) * count / threads);
        }
        self.step.fetch_add(1, Ordering::Release);
        let all = Waits { team: self, count };
        self.work(0);
        drop(all);
    }

    /// Waits for steps and takes part in them until the kernel has ended.
    fn help(&self, helper: usize) {
        let mut seen = 0;
        let mut patience = PATIENCE;
        while !self.over.load(Ordering::Acquire) {
            let step = self.step.load(Ordering::Acquire);
            if step != seen {
                (seen, patience) = (step, PATIENCE);
                self.work(helper);
                continue;
            }
            // Nothing else of the pool is taken up here: it could be another kernel, which this one would wait for.
            wait(&mut patience);
        }
    }

    /// Takes what is left of the step: of the own share from the front, then of the others' from the back.
    fn work(&self, own: usize) {
        while let Some(n) = self.shares[own].first() {
            self.call(n);
        }
        let others = (own + 1..self.shares.len()).chain(0..own);
        for other in others {
            while let Some(n) = self.shares[other].last() {
                self.call(n);
            }
        }
    }

    fn call(&self, n: usize) {
        let _finished = Finished(&self.finished);
        // SAFETY: `for_each` put it there before it filled the shares, and this call's number was taken from one of them:
        // `for_each` does not return, nor unwind, before this call is counted as finished, which is when `_finished` is
        // dropped, and no other `for_each` puts something else there meanwhile. Taking the number acquired what filling the
        // share released.
        let job = unsafe { *self.job.load(Ordering::Relaxed) };
        job(n);
    }
}

/// [`Team::for_each_part`], or without a team by the calling thread alone.
pub(crate) fn for_each_part<P: Parts>(
    team: Option<&Team>,
    parts: P,
    work: impl Fn(usize, P::Part) + Sync,
) {
    match team {
        Some(team) => team.for_each_part(parts, work),
        // SAFETY: each number below the count once.
        None => (0..parts.count()).for_each(|n| work(n, unsafe { parts.part(n) })),
    }
}

fn wait(patience: &mut u32) {
    if *patience > 0 {
        *patience -= 1;
        spin_loop();
    } else {
        thread::yield_now();
    }
}

/// Numbers that are left, in one value: the first in the lower half, the end in the upper; alone in its cache line.
#[derive(Default)]
#[repr(align(128))]
struct Share(AtomicU64);

impl Share {
    fn set(&self, numbers: Range<usize>) {
        let packed = pack(numbers.start as u64, numbers.end as u64);
        self.0.store(packed, Ordering::Release);
    }

    fn first(&self) -> Option<usize> {
        let left = self.take(|first, end| pack(first + 1, end))?;
        Some(left.start as usize)
    }

    fn last(&self) -> Option<usize> {
        let left = self.take(|first, end| pack(first, end - 1))?;
        Some(left.end as usize - 1)
    }

    /// What was left before.
    fn take(&self, rest: impl Fn(u64, u64) -> u64) -> Option<Range<u64>> {
        let some = |packed| {
            let left = unpack(packed);
            (!left.is_empty()).then(|| rest(left.start, left.end))
        };
        let before = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, some);
        before.ok().map(unpack)
    }
}

fn pack(first: u64, end: u64) -> u64 {
    end << 32 | first
}

fn unpack(packed: u64) -> Range<u64> {
    packed & u64::from(u32::MAX)..packed >> 32
}

/// Counts a call as finished, also one that panicked: the panic goes on at the end of the scope.
struct Finished<'a>(&'a AtomicUsize);

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// Ends a step, also where the work panicked: nobody may call it later.
struct Waits<'a> {
    team: &'a Team,
    count: usize,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        // Only after a panic is something left.
        for share in &self.team.shares {
            while share.first().is_some() {
                drop(Finished(&self.team.finished));
            }
        }
        let mut patience = PATIENCE;
        while self.team.finished.load(Ordering::Acquire) < self.count {
            wait(&mut patience);
        }
        self.team.busy.store(false, Ordering::Release);
    }
}

/// Sends the helpers away, also where the kernel panicked.
struct Ends<'a>(&'a Team);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
