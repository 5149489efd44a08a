//! Scalar functions that the compiler can vectorize.

/// `a * b + c`: one instruction with one rounding where the processor has it (`FUSED`), two elsewhere, since the compiler
/// would call a function for it.
#[inline(always)]
pub(crate) fn mul_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// `e^x`, saturating outside of `[-87, 88]`; NaN stays NaN.
///
/// A degree-6 polynomial after range reduction, without branches; the relative error is below 5e-7.
#[inline(always)]
pub(crate) fn exp<const FUSED: bool>(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low mantissa bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = mul_add::<FUSED>(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    // ln 2 in two parts, so that n * ln 2 loses no bits.
    let r = mul_add::<FUSED>(n, -0.693_359_4, x);
    let r = mul_add::<FUSED>(n, 2.121_944_4e-4, r);
    let p = 1.987_569_1e-4_f32;
    let p = mul_add::<FUSED>(p, r, 1.398_2e-3);
    let p = mul_add::<FUSED>(p, r, 8.333_452e-3);
    let p = mul_add::<FUSED>(p, r, 4.166_579_6e-2);
    let p = mul_add::<FUSED>(p, r, 1.666_666_5e-1);
    let p = mul_add::<FUSED>(p, r, 5e-1);
    let y = mul_add::<FUSED>(p * r, r, r) + 1.0;
    y * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn close_to_the_standard_library() {
        for k in -8700..8800 {
            let x = k as f32 / 100.0;
            for y in [exp::<true>(x), exp::<false>(x)] {
                assert!((y / x.exp() - 1.0).abs() < 5e-7, "exp({x})");
            }
        }
    }

    #[test]
    fn beyond_the_range() {
        for exp in [exp::<true>, exp::<false>] {
            assert!(exp(f32::NAN).is_nan());
            assert!(exp(f32::NEG_INFINITY) < 2e-38 && exp(f32::INFINITY) > 1e38);
        }
    }
}
