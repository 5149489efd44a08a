//! Large buffers that are used again: fresh memory costs a page fault for every 4 KB, at every step of a training.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Most buffers that wait for their next use, and most values in them: 256 MB, the activations of a training step.
const KEPT: usize = 12;
const KEPT_VALUES: usize = 64 << 20;
/// A buffer is not taken for less than this part of it.
const PART: usize = 4;

static WAITING: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Room for values that do not outlive a kernel. At first it holds whatever its last use has left.
#[derive(Default)]
pub(crate) struct Scratch {
    buffer: Vec<f32>,
    len: usize,
}

impl Scratch {
    /// Room for `len` values.
    pub(crate) fn of(len: usize) -> Self {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |&i: &usize| waiting[i].len() >= len && waiting[i].len() / PART <= len;
        let found = (0..waiting.len())
            .filter(fits)
            .min_by_key(|&i| waiting[i].len());
        let buffer = found.map(|i| waiting.remove(i));
        drop(waiting);
        Self {
            buffer: buffer.unwrap_or_else(|| vec![0.0; len]),
            len,
        }
    }

    /// A vector of `len` values for a result that [`Scratch::give`] gets back later: with whatever it holds.
    pub(crate) fn vec(len: usize) -> Vec<f32> {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |&i: &usize| waiting[i].len() >= len && waiting[i].len() - len <= len / PART;
        let found = (0..waiting.len()).find(fits);
        let buffer = found.map(|i| waiting.remove(i));
        drop(waiting);
        let Some(mut buffer) = buffer else {
            return vec![0.0; len];
        };
        buffer.truncate(len);
        buffer
    }

    /// Takes a vector that is no longer needed.
    pub(crate) fn give(buffer: Vec<f32>) {
        let len = buffer.len();
        drop(Self { buffer, len });
    }

    /// The same room for another number of values, which it may hold already.
    pub(crate) fn resized(self, len: usize) -> Self {
        if self.buffer.len() < len {
            return Self::of(len);
        }
        let mut same = self;
        same.len = len;
        same
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        if buffer.is_empty() {
            return;
        }
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(buffer);
        // Those that nobody has asked for longest are given back to the system.
        while waiting.len() > KEPT || waiting.iter().map(Vec::len).sum::<usize>() > KEPT_VALUES {
            waiting.remove(0);
        }
    }
}

impl Deref for Scratch {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.buffer[..self.len]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_as_long_as_asked_for_and_keeps_what_is_written() {
        for len in [0, 1, 1000, 3, 999] {
            let mut room = Scratch::of(len);
            assert_eq!(room.len(), len);
            room.fill(2.0);
            assert!(room.iter().all(|&x| x == 2.0));
        }
    }

    #[test]
    fn a_vector_that_was_given_back_is_used_again() {
        let mut values = Scratch::vec(70_001);
        values.fill(3.0);
        let at = values.as_ptr();
        Scratch::give(values);
        // Another test may have taken it meanwhile.
        let again = Scratch::vec(70_001);
        assert_eq!(again.len(), 70_001);
        assert!(again.as_ptr() != at || again[0] == 3.0);
    }

    #[test]
    fn room_grows_and_shrinks() {
        let room = Scratch::of(10).resized(3);
        assert_eq!(room.len(), 3);
        assert_eq!(room.resized(5000).len(), 5000);
    }
}
