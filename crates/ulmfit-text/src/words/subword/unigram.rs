//! Unigram pieces, by the trainer of the `tokenizers` library.

use tokenizers::models::unigram::{Unigram, UnigramTrainer};

use super::samples::Samples;
use crate::{Error, Result};

/// Up to `room` pieces and their log probabilities, the most likely first; ties in the order of strings.
///
/// The library's trainer follows the order of its hash maps and of its threads' sums, so two runs differ. Here it gets
/// words in order, one thread, and every character as a word of its own: no character is ever without a piece then, to
/// which it would give a score by the order of a hash set. The result is the same in every run; logarithms may
/// differ in the last digit between kinds of machines.
pub(super) fn learn(samples: &Samples, room: usize) -> Result<Vec<(String, f64)>> {
    let mut trainer = UnigramTrainer::default();
    trainer.show_progress = false;
    trainer.vocab_size = u32::try_from(room).unwrap_or(u32::MAX);
    let counts = sentences(samples);
    // The library computes in the current pool; one thread adds up in one order.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|e| failed(&e))?;
    let mut model = Unigram::default();
    pool.install(|| trainer.do_train(counts, &mut model))
        .map_err(|e| failed(&e))?;
    let mut pieces: Vec<(String, f64)> = model.iter().cloned().collect();
    pieces.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.cmp(b)));
    Ok(pieces)
}

/// Words in the order of strings. The library counts characters in 32 bits; larger counts are scaled down together.
fn sentences(samples: &Samples) -> Vec<(String, u32)> {
    let letters = |(run, count): (&String, &u64)| run.chars().count() as u64 * count;
    let total: u64 = samples.runs.iter().map(letters).sum();
    let scale = (2 * total).div_ceil(u64::from(u32::MAX)).max(1);
    let runs = samples
        .runs
        .iter()
        .map(|(run, n)| (run.clone(), n.div_ceil(scale)));
    let characters = samples.alphabet.iter().map(|c| (c.to_string(), 1));
    runs.chain(characters)
        .map(|(run, count)| (run, u32::try_from(count).unwrap_or(u32::MAX)))
        .collect()
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::SubwordTraining {
        expected: "texts that unigram pieces can be learned from".to_owned(),
        found: error.to_string(),
        remedy: "try byte pairs (`SubwordKind::Bpe`)",
    }
}
