//! Byte-pair encoding: pieces grow by joining the most frequent pair.
//!
//! Not the trainer of the `tokenizers` library: where it finds one piece in two ways, a pair can wait in its queue twice,
//! and which comes first follows from the order of a hash set, which is another one in every run.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};

type Pair = (u32, u32);

/// Pieces in order of their birth, the alphabet first, and the merges that made them.
pub(super) struct Pieces {
    pub(super) pieces: Vec<String>,
    pub(super) merges: Vec<(String, String)>,
}

/// Joins the most frequent pair until there are `room` pieces or no pair is left. Of equally frequent pairs the one of
/// the older pieces comes first.
pub(super) fn learn(
    runs: &BTreeMap<String, u64>,
    alphabet: &BTreeSet<char>,
    room: usize,
) -> Pieces {
    let mut pieces: Vec<String> = alphabet.iter().map(char::to_string).collect();
    let mut ids: HashMap<String, u32> = (0..).zip(&pieces).map(|(i, p)| (p.clone(), i)).collect();
    let mut merges = Vec::new();
    let mut words: Vec<(Vec<u32>, u64)> = Vec::with_capacity(runs.len());
    for (run, count) in runs {
        let symbols = run
            .chars()
            .filter_map(|c| ids.get(c.encode_utf8(&mut [0; 4])));
        words.push((symbols.copied().collect(), *count));
    }
    let mut pairs = Pairs::default();
    for (at, (symbols, count)) in words.iter().enumerate() {
        pairs.add(symbols, *count, at);
    }
    while pieces.len() < room {
        let Some(pair) = pairs.next() else { break };
        let (left, right) = (&pieces[pair.0 as usize], &pieces[pair.1 as usize]);
        let joined = format!("{left}{right}");
        merges.push((left.clone(), right.clone()));
        // The same piece can come from two pairs (`a` + `bc`, `ab` + `c`).
        let id = *ids.entry(joined.clone()).or_insert(pieces.len() as u32);
        if id as usize == pieces.len() {
            pieces.push(joined);
        }
        for at in pairs.places.remove(&pair).unwrap_or_default() {
            let (symbols, count) = &mut words[at];
            pairs.remove(symbols, *count);
            *symbols = join(symbols, pair, id);
            pairs.add(symbols, *count, at);
        }
    }
    Pieces { pieces, merges }
}

/// How often every pair occurs, and where.
#[derive(Default)]
struct Pairs {
    counts: HashMap<Pair, u64>,
    /// Every word that holds the pair, and some that no longer do.
    places: HashMap<Pair, HashSet<usize>>,
    /// Every pair with its count, and outdated entries: the count in `counts` is the one that holds.
    queue: BinaryHeap<(u64, Reverse<Pair>)>,
}

impl Pairs {
    fn add(&mut self, symbols: &[u32], count: u64, at: usize) {
        for pair in symbols.windows(2).map(|w| (w[0], w[1])) {
            let sum = self.counts.entry(pair).or_default();
            *sum += count;
            self.queue.push((*sum, Reverse(pair)));
            self.places.entry(pair).or_default().insert(at);
        }
    }

    fn remove(&mut self, symbols: &[u32], count: u64) {
        for pair in symbols.windows(2).map(|w| (w[0], w[1])) {
            let sum = self.counts.entry(pair).or_default();
            *sum -= count;
            // A pair that lost some needs an entry of its new count; it gets one when its old one comes up.
        }
    }

    fn next(&mut self) -> Option<Pair> {
        while let Some((count, Reverse(pair))) = self.queue.pop() {
            let now = self.counts.get(&pair).copied().unwrap_or(0);
            if now == count && now > 0 {
                return Some(pair);
            }
            if 0 < now && now < count {
                self.queue.push((now, Reverse(pair)));
            }
        }
        None
    }
}

fn join(symbols: &[u32], pair: Pair, id: u32) -> Vec<u32> {
    let mut out = Vec::with_capacity(symbols.len());
    let mut at = 0;
    while at < symbols.len() {
        let found = symbols[at] == pair.0 && symbols.get(at + 1) == Some(&pair.1);
        out.push(if found { id } else { symbols[at] });
        at += if found { 2 } else { 1 };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(words: &[(&str, u64)], room: usize) -> Vec<String> {
        let runs: BTreeMap<String, u64> = words.iter().map(|&(w, n)| (w.to_owned(), n)).collect();
        let alphabet = runs.keys().flat_map(|w| w.chars()).collect();
        learn(&runs, &alphabet, room).pieces
    }

    #[test]
    fn the_most_frequent_pair_comes_first() {
        // The example of Sennrich et al. 2016: e+s, es+t, l+o, lo+w.
        let words = [("low", 5), ("lower", 2), ("newest", 6), ("widest", 3)];
        let found = pieces(&words, 14);
        assert_eq!(found[..10].concat(), "deilnorstw");
        assert_eq!(found[10..], ["es", "est", "lo", "low"]);
    }

    #[test]
    fn it_ends_when_every_word_is_a_piece() {
        assert_eq!(pieces(&[("aaaa", 2)], 99), ["a", "aa", "aaaa"]);
        assert_eq!(pieces(&[("ab", 1)], 2), ["a", "b"]);
        assert!(pieces(&[], 9).is_empty());
    }
}
