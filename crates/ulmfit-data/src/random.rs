//! Random choices as pure functions: seed, purpose and epoch in, choice out.
//!
//! The three numbers are mixed by SplitMix64's finalizer, one after another, and seed a xoshiro256++ generator. Equal
//! seeds therefore give unrelated choices in different epochs and for different purposes, and an epoch's choices can be
//! made without those of the epochs before it, which is what resuming needs.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What a random choice is for. The numbers are part of what a seed means: they never change.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// The order of a corpus.
    Shuffle = 1,
    /// Which documents go where.
    Split = 2,
    /// The order of documents in a language model's stream.
    Stream = 3,
    /// The lengths of a language model's batches.
    Lengths = 4,
    /// The order of a classifier's documents and batches.
    Rows = 5,
}

/// The generator for one choice.
pub(crate) fn generator(seed: u64, purpose: Purpose, epoch: u64) -> Xoshiro256PlusPlus {
    let mixed = finalize(finalize(finalize(seed) ^ purpose as u64) ^ epoch);
    Xoshiro256PlusPlus::seed_from_u64(mixed)
}

/// The numbers below `n` in random order.
pub(crate) fn permutation(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    shuffled((0..n).collect(), rng)
}

/// Anything in random order, by Fisher-Yates: the order depends on the number of things alone.
pub(crate) fn shuffled<T>(mut things: Vec<T>, rng: &mut Xoshiro256PlusPlus) -> Vec<T> {
    things.shuffle(rng);
    things
}

/// A uniform number in `[0, 1)`, from the upper 53 bits of one draw.
pub(crate) fn uniform(rng: &mut Xoshiro256PlusPlus) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// SplitMix64 (Steele et al. 2014): one step of its counter and its finalizer.
fn finalize(x: u64) -> u64 {
    let z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finalizer_is_splitmix64() {
        assert_eq!(finalize(0), 0xe220_a839_7b1d_cdaf); // The first output of the published generator for seed 0.
    }

    #[test]
    fn choices_differ_by_seed_purpose_and_epoch() {
        let draw = |seed, purpose, epoch| permutation(20, &mut generator(seed, purpose, epoch));
        let first = draw(0, Purpose::Stream, 0);
        assert_eq!(first, draw(0, Purpose::Stream, 0));
        for other in [
            draw(1, Purpose::Stream, 0),
            draw(0, Purpose::Rows, 0),
            draw(0, Purpose::Stream, 1),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn uniform_numbers_stay_below_one() {
        let mut rng = generator(3, Purpose::Lengths, 0);
        let mean = (0..10_000)
            .map(|_| uniform(&mut rng))
            .inspect(|u| assert!((0.0..1.0).contains(u)))
            .sum::<f64>();
        assert!((mean / 10_000.0 - 0.5).abs() < 0.01);
    }
}
