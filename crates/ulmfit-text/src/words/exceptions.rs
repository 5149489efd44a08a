//! spaCy's special cases: chunks whose pieces are listed (`can't` is `ca n't`, `e.g.` is one word).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::tables::english::EXCEPTIONS;

/// No special case has more pieces.
const MOST_PIECES: usize = 3;

/// The pieces of a special case: where each ends, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pieces {
    ends: [u8; MOST_PIECES],
    count: u8,
}

impl Pieces {
    pub(super) fn ends(&self) -> impl Iterator<Item = usize> {
        self.ends[..self.count as usize].iter().map(|&e| e as usize)
    }

    fn new(pieces: &[&str]) -> Self {
        let (mut ends, mut end) = ([0; MOST_PIECES], 0);
        for (slot, piece) in ends.iter_mut().zip(pieces) {
            end += piece.len();
            *slot = end as u8;
        }
        Self {
            ends,
            count: pieces.len() as u8,
        }
    }
}

/// The special cases by their text.
#[derive(Clone, Debug)]
pub(super) struct Exceptions {
    pieces: HashMap<Box<str>, Pieces, Fast>,
    /// By first byte, the lengths that occur: most chunks are turned away without being hashed.
    lengths: [u64; 256],
}

impl Exceptions {
    /// spaCy's special cases and `whole`, tokens that are never cut.
    pub(super) fn new(whole: &[&str]) -> Self {
        let mut this = Self {
            pieces: HashMap::default(),
            lengths: [0; 256],
        };
        for pieces in EXCEPTIONS {
            this.insert(pieces.concat(), Pieces::new(pieces));
        }
        for &token in whole
            .iter()
            .filter(|t| (1..=u8::MAX as usize).contains(&t.len()))
        {
            this.insert(token.to_owned(), Pieces::new(&[token]));
        }
        this
    }

    fn insert(&mut self, text: String, pieces: Pieces) {
        self.lengths[text.as_bytes()[0] as usize] |= length_bit(text.len());
        self.pieces.insert(text.into(), pieces);
    }

    #[inline]
    pub(super) fn get(&self, chunk: &str) -> Option<Pieces> {
        let first = *chunk.as_bytes().first()?;
        if self.lengths[first as usize] & length_bit(chunk.len()) == 0 {
            return None;
        }
        self.pieces.get(chunk).copied()
    }

    /// All special cases.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Pieces)> {
        self.pieces
            .iter()
            .map(|(text, &pieces)| (text.as_ref(), pieces))
    }
}

/// The bit of a length; lengths from 63 on share one, so that a long chunk is hashed only if a long case exists.
fn length_bit(len: usize) -> u64 {
    1 << len.min(63)
}

/// A hash for the fixed tables: their keys come from the crate, so nobody can pick colliding ones.
pub(super) type Fast = BuildHasherDefault<FastHasher>;

#[derive(Clone, Default)]
pub(super) struct FastHasher(u64);

impl Hasher for FastHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    #[inline]
    fn write_u8(&mut self, _: u8) {} // The end mark of a string adds nothing here.

    #[inline]
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn looks_up_pieces() {
        let exceptions = Exceptions::new(&["<unk>"]);
        let ends = |text| exceptions.get(text).unwrap().ends().collect::<Vec<_>>();
        assert_eq!(ends("can't"), [2, 5]);
        assert_eq!(ends("e.g."), [4]);
        assert_eq!(ends("<unk>"), [5]);
        assert!(exceptions.get("cant't").is_none() && exceptions.get("").is_none());
        assert!(
            EXCEPTIONS
                .iter()
                .all(|p| p.len() <= MOST_PIECES && p.concat().len() < 63)
        );
    }
}
