//! Unigram pieces: from many candidates down to those by which the text is most likely (Kudo 2018).
//!
//! Not the trainer of the `tokenizers` library: its sums follow its threads and the order of a hash map, so that two runs
//! differ; and it counts a candidate once for each distinct word but a character at every occurrence, so that frequent
//! short words (`▁a`) are lost at once. SentencePiece counts both at every occurrence, as is done here.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::lattice::{LONGEST, Lattice};
use super::samples::Samples;

/// Candidates to begin with, SentencePiece's `seed_sentencepiece_size`.
const SEEDS: usize = 1_000_000;
/// Rounds of expectation and maximization between two cuts.
const ROUNDS: usize = 2;
/// What a cut leaves.
const KEPT: f64 = 0.75;
/// A piece that is expected less often goes.
const LEAST: f64 = 0.5;
/// Parts that are worked on at the same time. Their number is fixed, so that sums are always taken in the same order.
const PARTS: usize = 16;

/// A piece and its log probability.
type Scored = (String, f64);
/// A word and its count.
type Sample<'s> = (&'s str, f64);

/// Up to `room` pieces, the most likely first; ties in the order of strings. Every character of the alphabet is one.
pub(super) fn learn(samples: &Samples, room: usize) -> Vec<Scored> {
    let words: Vec<Sample> = samples
        .runs
        .iter()
        .map(|(run, count)| (run.as_str(), *count as f64))
        .collect();
    let wanted = room.saturating_mul(11) / 10;
    let mut pieces = seeds(samples);
    loop {
        for _ in 0..ROUNDS {
            pieces = reestimate(&pieces, &words);
        }
        if pieces.len() <= wanted {
            break;
        }
        let kept = (pieces.len() as f64 * KEPT) as usize;
        pieces = prune(&pieces, &words, wanted.max(kept));
    }
    let by_score = |(a, x): &Scored, (b, y): &Scored| y.total_cmp(x).then_with(|| a.cmp(b));
    pieces.sort_by(by_score);
    let (mut best, others): (Vec<Scored>, Vec<Scored>) = pieces.into_iter().partition(is_character);
    let free = room.saturating_sub(best.len());
    best.extend(others.into_iter().take(free));
    best.sort_by(by_score);
    best
}

fn is_character((piece, _): &Scored) -> bool {
    piece.chars().nth(1).is_none()
}

/// All characters, and the parts of words that fill the most text.
fn seeds(samples: &Samples) -> Vec<Scored> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for (run, count) in &samples.runs {
        let bounds = Lattice::bounds(run);
        for (i, &start) in bounds.iter().enumerate() {
            for &end in bounds[i + 1..].iter().take(LONGEST) {
                *counts.entry(&run[start..end]).or_default() += count;
            }
        }
    }
    // A part that the same character always follows says no more than the longer one.
    let followed: HashSet<&str> = counts
        .iter()
        .filter_map(|(part, count)| {
            let (last, _) = part.char_indices().next_back()?;
            (counts.get(&part[..last]) == Some(count)).then_some(&part[..last])
        })
        .collect();
    let mut parts: Vec<(&str, u64)> = counts
        .iter()
        .filter(|&(part, &count)| count >= 2 && !followed.contains(part))
        .map(|(part, count)| (*part, count * part.chars().count() as u64))
        .filter(|(part, _)| part.chars().nth(1).is_some())
        .collect();
    parts.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
    parts.truncate(SEEDS);
    let characters = samples.alphabet.iter().map(|c| {
        let c = c.to_string();
        let count = counts.get(c.as_str()).copied().unwrap_or(0).max(1);
        (c, count)
    });
    let all = characters.chain(parts.into_iter().map(|(part, n)| (part.to_owned(), n)));
    let all: Vec<(String, u64)> = all.collect();
    let total: f64 = all.iter().map(|(_, n)| *n as f64).sum();
    all.into_iter()
        .map(|(piece, n)| (piece, (n as f64 / total).ln()))
        .collect()
}

/// One round: how often each piece is to be expected, and the probabilities that follow. The digamma function makes
/// rare pieces rarer, as in SentencePiece.
fn reestimate(pieces: &[Scored], words: &[Sample]) -> Vec<Scored> {
    let lattice = Lattice::new(pieces);
    let expected = in_parts(words, pieces.len(), |&(word, count), sums| {
        lattice.expect(word, count, sums);
    });
    let kept = pieces.iter().zip(expected);
    let kept = kept.filter(|(piece, n)| *n >= LEAST || is_character(piece));
    let kept: Vec<(&Scored, f64)> = kept.map(|(piece, n)| (piece, n.max(LEAST))).collect();
    let total = digamma(kept.iter().map(|(_, n)| n).sum());
    kept.into_iter()
        .map(|((piece, _), n)| (piece.clone(), digamma(n) - total))
        .collect()
}

/// The pieces whose loss would harm most, `size` in all. A lost piece's occurrences go to its second best spelling.
fn prune(pieces: &[Scored], words: &[Sample], size: usize) -> Vec<Scored> {
    let lattice = Lattice::new(pieces);
    let counts = in_parts(words, pieces.len(), |&(word, count), sums| {
        for id in lattice.best(word, None) {
            sums[id] += count;
        }
    });
    let total: f64 = counts.iter().sum();
    let mut losses: Vec<(usize, f64)> = (0..pieces.len())
        .into_par_iter()
        .filter(|&id| counts[id] > 0.0 && !is_character(&pieces[id]))
        .map(|id| {
            let others = lattice.best(&pieces[id].0, Some(id));
            let more = counts[id] * (others.len() as f64 - 1.0);
            let log = |n: f64, total: f64| n.ln() - total.ln();
            let then = others
                .iter()
                .map(|&o| log(counts[o] + counts[id], total + more));
            (
                id,
                counts[id] * (log(counts[id], total) - then.sum::<f64>()),
            )
        })
        .collect();
    losses.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.cmp(b)));
    let characters = pieces.iter().filter(|p| is_character(p)).count();
    let kept: HashSet<usize> = losses
        .into_iter()
        .take(size.saturating_sub(characters))
        .map(|(id, _)| id)
        .collect();
    let pieces = pieces.iter().enumerate();
    pieces
        .filter(|(id, piece)| kept.contains(id) || is_character(piece))
        .map(|(_, piece)| piece.clone())
        .collect()
}

/// Sums over all words, one for each piece.
fn in_parts(words: &[Sample], pieces: usize, add: impl Fn(&Sample, &mut [f64]) + Sync) -> Vec<f64> {
    let parts: Vec<Vec<f64>> = words
        .par_chunks(words.len().div_ceil(PARTS).max(1))
        .map(|words| {
            let mut sums = vec![0.0; pieces];
            words.iter().for_each(|word| add(word, &mut sums));
            sums
        })
        .collect();
    let mut sums = vec![0.0; pieces];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, n)| *sum += n);
    }
    sums
}

/// The derivative of the gamma function's logarithm, for positive numbers.
fn digamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 7.0 {
        below -= 1.0 / x;
        x += 1.0;
    }
    let x = x - 0.5;
    let s = 1.0 / (x * x);
    let series = s / 24.0 - 7.0 / 960.0 * s * s + 31.0 / 8064.0 * s.powi(3);
    below + x.ln() + series - 127.0 / 30_720.0 * s.powi(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digamma_of_known_numbers() {
        for (x, y) in [
            (1.0, -0.577_215_664_901_5),
            (0.5, -1.963_510_026_021_4),
            (10.0, 2.251_752_589_066_7),
        ] {
            assert!((digamma(x) - y).abs() < 1e-9, "{x}: {}", digamma(x));
        }
    }

    #[test]
    fn frequent_words_are_whole_however_short() {
        let words = [
            ("▁a", 900),
            ("▁the", 800),
            ("▁star", 40),
            ("▁starts", 30),
            ("▁tar", 9),
            ("▁as", 9),
        ];
        let runs = words.iter().map(|&(w, n)| (w.to_owned(), n)).collect();
        let alphabet = words.iter().flat_map(|(w, _)| w.chars()).collect();
        let samples = Samples {
            distinct: words.len(),
            runs,
            alphabet,
        };
        let pieces = learn(&samples, 12);
        let names: Vec<&str> = pieces.iter().map(|(p, _)| p.as_str()).collect();
        assert_eq!(names[..2], ["▁a", "▁the"]);
        assert_eq!(names.len(), 12);
        assert!(names.contains(&"▁star"), "{names:?}");
    }
}
