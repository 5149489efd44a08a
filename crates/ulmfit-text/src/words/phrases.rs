//! The last pass over the words of a text: special cases that the affixes tore apart are put back together.
//!
//! `:)` never survives as a part of `:):)`, because both signs are cut off before the chunk is looked up. So spaCy
//! searches the finished words for the torn forms of all special cases that hold an affix or an infix.

use std::collections::HashMap;

use super::Piece;
use super::exceptions::{Fast, Pieces};

#[derive(Clone, Debug, Default)]
pub(super) struct Phrases {
    /// By first word, the other words and the pieces that replace all of them.
    by_first: HashMap<Box<str>, Vec<Phrase>, Fast>,
    /// By first byte, the lengths of first words that occur.
    lengths: Lengths,
}

#[derive(Clone, Debug)]
struct Lengths([u64; 256]);

impl Default for Lengths {
    fn default() -> Self {
        Self([0; 256])
    }
}

#[derive(Clone, Debug)]
struct Phrase {
    others: Vec<Box<str>>,
    pieces: Pieces,
}

struct Match {
    first: usize,
    count: usize,
    pieces: Pieces,
    joined: bool,
}

impl Phrases {
    /// Adds a special case that the affixes tear into `words`.
    pub(super) fn insert(&mut self, words: &[&str], pieces: Pieces) {
        let Some((first, others)) = words.split_first() else {
            return;
        };
        if others.is_empty() {
            return; // A single word is replaced by itself; it comes last and blocks nothing.
        }
        self.lengths.0[first.as_bytes()[0] as usize] |= 1 << first.len().min(63);
        let others = others.iter().map(|&w| w.into()).collect();
        self.by_first
            .entry((*first).into())
            .or_default()
            .push(Phrase { others, pieces });
    }

    /// Replaces torn special cases among the words of `text`.
    pub(super) fn apply(&self, text: &str, words: &mut Vec<Piece>) {
        let mut found = self.find(text, words);
        if found.is_empty() {
            return;
        }
        // Longest first, then leftmost.
        found.sort_by_key(|m| (std::cmp::Reverse(m.count), m.first));
        let mut taken = vec![false; words.len()];
        found.retain(|m| {
            let last = m.first + m.count - 1;
            let free = !taken[m.first] && !taken[last];
            // A match that loses, or whose words do not touch, still blocks its words: so does spaCy.
            taken[m.first..=last].fill(true);
            free && m.joined
        });
        found.sort_by_key(|m| m.first);
        let old = std::mem::take(words);
        let mut at = 0;
        for m in found {
            words.extend_from_slice(&old[at..m.first]);
            let (start, spaced) = (old[m.first].start, old[m.first + m.count - 1].spaced);
            let mut from = start;
            for end in m.pieces.ends() {
                words.push(Piece {
                    start: from,
                    end: start + end,
                    spaced: false,
                });
                from = start + end;
            }
            if let Some(last) = words.last_mut() {
                last.spaced = spaced;
            }
            at = m.first + m.count;
        }
        words.extend_from_slice(&old[at..]);
    }

    fn find(&self, text: &str, words: &[Piece]) -> Vec<Match> {
        let mut found = Vec::new();
        for (first, word) in words.iter().enumerate() {
            let lengths = self.lengths.0[text.as_bytes()[word.start] as usize];
            if lengths & (1 << (word.end - word.start).min(63)) == 0 {
                continue;
            }
            let Some(phrases) = self.by_first.get(&text[word.start..word.end]) else {
                continue;
            };
            for phrase in phrases {
                let count = 1 + phrase.others.len();
                let Some(others) = words.get(first + 1..first + count) else {
                    continue;
                };
                if others
                    .iter()
                    .zip(&phrase.others)
                    .all(|(w, o)| text[w.start..w.end] == **o)
                {
                    let joined = words[first..first + count - 1].iter().all(|w| !w.spaced);
                    found.push(Match {
                        first,
                        count,
                        pieces: phrase.pieces,
                        joined,
                    });
                }
            }
        }
        found
    }
}
