//! Made-up ids with the frequencies of words: the k-th most frequent one is 1/k as frequent as the first (Zipf's law).

use ulmfit::model::Random;

/// Draws ids of a vocabulary.
pub(crate) struct Zipf {
    cumulative: Vec<f64>,
    random: Random,
}

impl Zipf {
    pub(crate) fn new(vocabulary: usize, seed: u64) -> Self {
        let mut sum = 0.0;
        let cumulative = (1..=vocabulary)
            .map(|k| {
                sum += 1.0 / k as f64;
                sum
            })
            .collect();
        Self {
            cumulative,
            random: Random::new(seed),
        }
    }

    /// The next `n` ids.
    pub(crate) fn ids(&mut self, n: usize) -> Vec<u32> {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let mut draw = || {
            let at = f64::from(self.random.unit()) * total;
            let id = self.cumulative.partition_point(|&c| c < at);
            id.min(self.cumulative.len() - 1) as u32
        };
        (0..n).map(|_| draw()).collect()
    }
}
