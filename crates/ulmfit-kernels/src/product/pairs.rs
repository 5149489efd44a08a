//! Values in bf16, in pairs of two that follow each other along the depth: a processor's product takes both at once.

/// Two values of the depth, the earlier one in the lower half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Pair(pub(super) u32);

impl Pair {
    #[inline(always)]
    pub(super) fn of(first: f32, second: f32) -> Self {
        Self(nearest(first) >> 16 | nearest(second) & 0xffff_0000)
    }
}

/// What can lie in room for single values: pairs of any kind.
///
/// # Safety
/// It has the size and alignment of `f32`, and any bits are a value of it.
pub(super) unsafe trait Word: Copy {}

// SAFETY: a transparent `u32`.
unsafe impl Word for Pair {}

/// Room for single values as room for as many words.
pub(super) fn room_of<T: Word>(values: &mut [f32]) -> &mut [T] {
    // SAFETY: both have the same size and alignment, any bits are a value of both, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) }
}

/// What [`room_of`] has been filled with.
pub(super) fn all_of<T: Word>(values: &[f32]) -> &[T] {
    // SAFETY: both have the same size and alignment, and any bits are a value of both.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), values.len()) }
}

/// The bits of the nearest bf16 in the upper half, ties to even; the lower half is not cleared.
#[inline(always)]
fn nearest(x: f32) -> u32 {
    let bits = x.to_bits();
    if x.is_nan() {
        // The sum below could carry it to infinity or beyond.
        return bits | 0x0040_0000;
    }
    bits.wrapping_add(0x7fff + (bits >> 16 & 1))
}

/// `to[j] = (upper[j], lower[j])`: two rows that follow each other in the depth.
#[inline(always)]
pub(super) fn pair_rows(to: &mut [Pair], upper: &[f32], lower: &[f32]) {
    for ((to, &upper), &lower) in to.iter_mut().zip(upper).zip(lower) {
        *to = Pair::of(upper, lower);
    }
}

/// `to[k]` of `row[2 k]` and `row[2 k + 1]`, with zero behind an odd end.
#[inline(always)]
pub(super) fn pair_along<T>(to: &mut [T], row: &[f32], pair: impl Fn(f32, f32) -> T) {
    let (twos, rest) = row.as_chunks::<2>();
    for (to, &[first, second]) in to.iter_mut().zip(twos) {
        *to = pair(first, second);
    }
    if let (Some(to), &[last]) = (to.get_mut(twos.len()), rest) {
        *to = pair(last, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(x: f32) -> f32 {
        f32::from_bits(Pair::of(0.0, x).0)
    }

    #[test]
    fn rounded_to_nearest_and_ties_to_even() {
        assert_eq!(rounded(1.0), 1.0);
        // Between 1 and 1 + 2^-7 lie 1 + 2^-8, which goes to the even 1, and what is above it.
        assert_eq!(rounded(1.0 + 1.0 / 256.0), 1.0);
        assert_eq!(rounded(1.0 + 1.1 / 256.0), 1.0 + 1.0 / 128.0);
        assert_eq!(rounded(1.0 + 3.0 / 256.0), 1.0 + 2.0 / 128.0);
        assert_eq!(rounded(-1.0 - 3.0 / 256.0), -1.0 - 2.0 / 128.0);
        assert_eq!(rounded(f32::MAX), f32::INFINITY);
        assert_eq!(rounded(f32::NEG_INFINITY), f32::NEG_INFINITY);
        assert!(rounded(f32::NAN).is_nan() && rounded(f32::from_bits(0x7f80_0001)).is_nan());
    }

    #[test]
    fn pairs_lie_along_a_row_or_across_two() {
        let mut to = [Pair::default(); 2];
        pair_along(&mut to, &[1.0, 2.0, 3.0], Pair::of);
        assert_eq!(to, [Pair::of(1.0, 2.0), Pair::of(3.0, 0.0)]);
        pair_rows(&mut to, &[1.0, 2.0], &[3.0, 4.0]);
        assert_eq!(to, [Pair::of(1.0, 3.0), Pair::of(2.0, 4.0)]);
    }
}
