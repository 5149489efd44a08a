//! Products of whole numbers: weights of 8 bits, values between -1 and 1 in up to 16, sums in 32, all of them exact.

/// Two weights of the depth that follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Int8Pair(pub(super) [i8; 2]);

/// Two values of the depth that follow each other, the earlier one in the lower half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(4))]
pub(crate) struct Int16Pair([i16; 2]);

impl Int16Pair {
    /// Room for single values as room for as many pairs.
    pub(super) fn room(values: &mut [f32]) -> &mut [Self] {
        // SAFETY: both are 4 bytes with the alignment of 4 bytes, any bits are a value of both, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) }
    }

    /// What [`Int16Pair::room`] has been filled with.
    pub(super) fn all(values: &[f32]) -> &[Self] {
        // SAFETY: both are 4 bytes with the alignment of 4 bytes, and any bits are a value of both.
        unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), values.len()) }
    }
}

/// What 1 becomes in a sum of `depth` products: as much as leaves every sum below 2^31. That is 14,678 at a depth of 1,152.
pub(super) fn one(depth: usize) -> f32 {
    let most = i32::MAX as usize / (127 * depth.max(1));
    most.min(i16::MAX as usize) as f32
}

/// `to[k] = (row[2 k], row[2 k + 1])` in units of 1 / `one`, with zero behind an odd end. What is beyond 1 counts as 1.
#[inline(always)]
pub(super) fn int16_along(to: &mut [Int16Pair], row: &[f32], one: f32) {
    let number = |x: f32| (x.clamp(-1.0, 1.0) * one).round_ties_even() as i16;
    let (twos, rest) = row.as_chunks::<2>();
    for (to, two) in to.iter_mut().zip(twos) {
        *to = Int16Pair(two.map(number));
    }
    if let (Some(to), &[last]) = (to.get_mut(twos.len()), rest) {
        *to = Int16Pair([number(last), 0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_to_the_nearest_and_stay_within_one() {
        let mut to = [Int16Pair::default(); 2];
        int16_along(&mut to, &[0.5, -3.0, 0.00125], 1000.0);
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
