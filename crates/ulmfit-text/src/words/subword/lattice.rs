//! All ways to spell a word with pieces.

use std::collections::HashMap;

/// The longest piece in characters, SentencePiece's `max_sentencepiece_length`.
pub(super) const LONGEST: usize = 16;

/// Pieces by their strings, with their log probabilities.
pub(super) struct Lattice<'p> {
    ids: HashMap<&'p str, (usize, f64)>,
}

/// A piece in a word: from this character to that.
struct Edge {
    from: usize,
    to: usize,
    id: usize,
    score: f64,
}

impl<'p> Lattice<'p> {
    /// The characters of the words to come must be pieces, so that every word can be spelled.
    pub(super) fn new(pieces: &'p [(String, f64)]) -> Self {
        let pieces = pieces.iter().enumerate();
        Self {
            ids: pieces
                .map(|(id, (piece, score))| (piece.as_str(), (id, *score)))
                .collect(),
        }
    }

    /// Where characters begin, and the end.
    pub(super) fn bounds(word: &str) -> Vec<usize> {
        let starts = word.char_indices().map(|(at, _)| at);
        starts.chain([word.len()]).collect()
    }

    /// Every piece in a word, in the order of their starts.
    fn edges(&self, word: &str, bounds: &[usize]) -> Vec<Edge> {
        let mut edges = Vec::with_capacity(4 * bounds.len());
        for (from, &start) in bounds.iter().enumerate() {
            for (to, &end) in (from + 1..).zip(bounds[from + 1..].iter().take(LONGEST)) {
                if let Some(&(id, score)) = self.ids.get(&word[start..end]) {
                    edges.push(Edge {
                        from,
                        to,
                        id,
                        score,
                    });
                }
            }
        }
        edges
    }

    /// Adds how often each piece is to be expected in `count` occurrences of the word, over all spellings.
    pub(super) fn expect(&self, word: &str, count: f64, sums: &mut [f64]) {
        let bounds = Self::bounds(word);
        let edges = self.edges(word, &bounds);
        let mut before = vec![f64::NEG_INFINITY; bounds.len()];
        let mut behind = before.clone();
        let end = bounds.len() - 1;
        (before[0], behind[end]) = (0.0, 0.0);
        for edge in &edges {
            before[edge.to] = add(before[edge.to], before[edge.from] + edge.score);
        }
        for edge in edges.iter().rev() {
            behind[edge.from] = add(behind[edge.from], behind[edge.to] + edge.score);
        }
        for edge in &edges {
            let through = before[edge.from] + edge.score + behind[edge.to];
            sums[edge.id] += count * (through - before[end]).exp();
        }
    }

    /// The most likely spelling, without the piece `but`.
    pub(super) fn best(&self, word: &str, but: Option<usize>) -> Vec<usize> {
        let bounds = Self::bounds(word);
        let mut best: Vec<(f64, Option<(usize, usize)>)> =
            vec![(f64::NEG_INFINITY, None); bounds.len()];
        best[0].0 = 0.0;
        for edge in self.edges(word, &bounds) {
            let score = best[edge.from].0 + edge.score;
            if Some(edge.id) != but && score > best[edge.to].0 {
                best[edge.to] = (score, Some((edge.from, edge.id)));
            }
        }
        let mut ids = Vec::new();
        let mut at = bounds.len() - 1;
        while let Some((from, id)) = best[at].1 {
            ids.push(id);
            at = from;
        }
        ids
    }
}

/// The logarithm of the sum of two numbers that are given as logarithms.
fn add(a: f64, b: f64) -> f64 {
    let (more, less) = if a > b { (a, b) } else { (b, a) };
    if less == f64::NEG_INFINITY {
        return more;
    }
    more + (less - more).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_count_by_their_probability() {
        let pieces: Vec<(String, f64)> = [("a", 0.5), ("b", 0.25), ("ab", 0.25)]
            .map(|(p, n): (&str, f64)| (p.to_owned(), n.ln()))
            .to_vec();
        let lattice = Lattice::new(&pieces);
        let mut sums = vec![0.0; 3];
        lattice.expect("ab", 3.0, &mut sums);
        // `a` `b` has 1/8, `ab` has 2/8: a third and two thirds.
        for (sum, expected) in sums.iter().zip([1.0, 1.0, 2.0]) {
            assert!((sum - expected).abs() < 1e-12, "{sums:?}");
        }
        assert_eq!(lattice.best("ab", None), [2]);
        assert_eq!(lattice.best("ab", Some(2)), [1, 0]);
        assert!(lattice.best("", None).is_empty());
    }
}
