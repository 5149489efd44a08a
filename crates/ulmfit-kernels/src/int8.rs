//! Weights as whole numbers from -127 to 127 with a factor for each output: symmetric, so that 0 stays 0.

/// The factor of one output's weights: the largest of them becomes 127.
///
/// It has 16 significant bits, so that its products with whole numbers from -127 to 127 are exact, and quantizing what
/// was quantized before changes nothing. Too small a factor to have them is 0.
///
/// ```
/// use ulmfit_kernels::int8::{factor, number};
/// let weights = [0.5f32, -0.25, 0.1];
/// let factor = factor(weights.into_iter());
/// assert_eq!(weights.map(|weight| number(weight, factor)), [127, -63, 25]);
/// ```
pub fn factor(weights: impl Iterator<Item = f32>) -> f32 {
    let largest = weights.fold(0.0f32, |largest, weight| largest.max(weight.abs()));
    let factor = largest / 127.0;
    if factor < 1e-30 {
        return 0.0;
    }
    f32::from_bits((factor.to_bits() + 0xff) & !0xff)
}

/// The whole number of a weight under its factor, rounded to the nearest.
pub fn number(weight: f32, factor: f32) -> i8 {
    match factor {
        0.0 => 0,
        _ => (weight / factor).round().clamp(-127.0, 127.0) as i8,
    }
}
