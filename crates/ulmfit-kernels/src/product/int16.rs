//! Products of whole numbers: weights of 8 bits, values between -1 and 1 in up to 16, sums in 32, all of them exact.

use super::pairs::Word;

/// Two weights of the depth that follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Int8Pair(pub(super) [i8; 2]);

/// Two values of the depth that follow each other, the earlier one in the lower half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(4))]
pub(crate) struct Int16Pair([i16; 2]);

// SAFETY: two numbers of 2 bytes, aligned to 4, without padding; any bits are a value.
unsafe impl Word for Int16Pair {}

/// What 1 becomes in a sum of `depth` products: as much as leaves every sum below 2^31. That is 14,678 at a depth of 1,152.
pub(super) fn one(depth: usize) -> f32 {
    let most = i32::MAX as usize / (127 * depth.max(1));
    most.min(i16::MAX as usize) as f32
}

/// Two values in units of 1 / `one`, rounded to nearest. What is beyond 1 counts as 1.
#[inline(always)]
pub(super) fn int16_pair(first: f32, second: f32, one: f32) -> Int16Pair {
    Int16Pair([first, second].map(|x| (x.clamp(-1.0, 1.0) * one).round_ties_even() as i16))
}

#[cfg(test)]
mod tests {
    use super::super::pairs::pair_along;
    use super::*;

    #[test]
    fn values_are_rounded_to_the_nearest_and_stay_within_one() {
        let mut to = [Int16Pair::default(); 2];
        pair_along(&mut to, &[0.5, -3.0, 0.00125], |first, second| {
            int16_pair(first, second, 1000.0)
        });
        assert_eq!(to, [Int16Pair([500, -1000]), Int16Pair([1, 0])]);
    }

    #[test]
    fn no_sum_leaves_its_bits() {
        for depth in [1, 2, 7, 1152, 4096, 100_000] {
            assert!(127 * depth * one(depth) as usize <= i32::MAX as usize);
        }
        assert_eq!((one(1), one(1152)), (32_767.0, 14_678.0));
    }
}
