//! What right operands consist of, and how each is multiplied.

use super::int16::{Int8Pair, Int16Pair};
use super::pairs::Pair;
use super::simd::Simd;

/// What a right operand consists of, and how it is multiplied.
///
/// # Safety
/// The functions may be called where those of [`Simd`] may.
pub(super) trait Right: Copy {
    /// What the left operand then consists of: single values, or what has their size and is a value whatever its bits.
    type Left: Copy;
    /// Whether an element stands for two steps of the depth.
    const PAIRED: bool = false;

    /// A register of elements.
    unsafe fn load<S: Simd>(from: *const Self) -> S::Vector;
    /// `left * right + sum`
    #[inline(always)]
    unsafe fn mul_add<S: Simd>(left: S::Vector, right: S::Vector, sum: S::Vector) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::mul_add(left, right, sum) }
    }
    /// A sum at its end, as values.
    #[inline(always)]
    unsafe fn total<S: Simd>(sum: S::Vector) -> S::Vector {
        sum
    }
}

impl Right for f32 {
    type Left = f32;

    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const f32) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::load(from) }
    }
}

impl Right for i8 {
    type Left = f32;

    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const i8) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::load_int8(from) }
    }
}

impl Right for Pair {
    type Left = Pair;
    const PAIRED: bool = true;

    // The registers are those of single values; their bits are the pairs.
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Pair) -> S::Vector {
        // SAFETY: the caller's; a pair is as large as a single value.
        unsafe { S::load(from.cast()) }
    }
    #[inline(always)]
    unsafe fn mul_add<S: Simd>(left: S::Vector, right: S::Vector, sum: S::Vector) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::mul_add_pairs(left, right, sum) }
    }
}

impl Right for Int8Pair {
    type Left = Int16Pair;
    const PAIRED: bool = true;

    // The registers are those of single values; their bits are pairs of 16 and sums of 32.
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Int8Pair) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::load_int8_pairs(from.cast()) }
    }
    #[inline(always)]
    unsafe fn mul_add<S: Simd>(left: S::Vector, right: S::Vector, sum: S::Vector) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::mul_add_int16_pairs(left, right, sum) }
    }
    #[inline(always)]
    unsafe fn total<S: Simd>(sum: S::Vector) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::from_int32(sum) }
    }
}
