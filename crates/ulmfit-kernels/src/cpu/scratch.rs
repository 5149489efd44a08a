//! Large buffers that are used again: fresh memory costs a page fault for every 4 KB, at every step of a training.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Most buffers that wait for their next use, and most values in them: 160 MB.
const KEPT: usize = 6;
const KEPT_VALUES: usize = 40 << 20;
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
        let buffer = found.map(|i| waiting.swap_remove(i));
        drop(waiting);
        Self {
            buffer: buffer.unwrap_or_else(|| vec![0.0; len]),
            len,
        }
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
        let kept: usize = waiting.iter().map(Vec::len).sum();
        if waiting.len() < KEPT && kept + buffer.len() <= KEPT_VALUES {
            waiting.push(buffer);
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
    fn room_grows_and_shrinks() {
        let room = Scratch::of(10).resized(3);
        assert_eq!(room.len(), 3);
        assert_eq!(room.resized(5000).len(), 5000);
    }
}
