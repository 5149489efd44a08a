//! How a model file stores its numbers.

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use ulmfit_kernels::int8;

/// How the matrices of a model file are stored. Vectors (biases, normalizations) are `f32` in every file: they are
/// less than a hundredth of it.
///
/// | storage | bytes of a weight | error of a weight |
/// |---|---|---|
/// | `f32` (default) | 4 | none |
/// | `f16` | 2 | up to 1/2048 of itself |
/// | `int8` | 1 | up to 1/254 of the largest weight of its row |
///
/// Loaded models compute in `f32`, whatever the file has. What is loaded and saved again in the same storage gives the
/// same bytes.
///
/// ```
/// use ulmfit_model::Storage;
/// assert_eq!("int8".parse::<Storage>()?, Storage::Int8);
/// assert_eq!(Storage::default().to_string(), "f32");
/// # Ok::<(), ulmfit_model::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// Single precision.
    #[default]
    F32,
    /// Half precision.
    F16,
    /// Integers from -127 to 127 and one factor for each row.
    Int8,
}

/// Behind the name of a matrix of integers: the tensor with the factors of its rows.
pub(super) const FACTORS: &str = ".scale";

impl Storage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Int8];

    /// The version of the layout that brought it.
    pub(super) fn format(self) -> u32 {
        match self {
            Self::F32 => 1,
            Self::F16 | Self::Int8 => 2,
        }
    }

    /// Left out of files, so that they are those of version 1.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The type of a tensor with so many axes.
    pub(super) fn dtype(self, axes: usize) -> Dtype {
        match self {
            Self::F16 if axes == 2 => Dtype::F16,
            Self::Int8 if axes == 2 => Dtype::I8,
            _ => Dtype::F32,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }
}

impl std::fmt::Display for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Storage {
    type Err = crate::Error;

    fn from_str(name: &str) -> crate::Result<Self> {
        let known = Self::ALL.into_iter().find(|storage| storage.name() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            crate::Error::config("storage", format!("one of {names}"), name)
        })
    }
}

pub(super) fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Adds the numbers of these bytes.
pub(super) fn add_f32(values: &mut Vec<f32>, bytes: &[u8]) {
    let (words, _) = bytes.as_chunks::<4>();
    values.extend(words.iter().map(|word| f32::from_le_bytes(*word)));
}

/// Half precision; none if a value is not finite in it.
pub(super) fn f16_bytes(values: &[f32]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(values.len() * 2);
    for &value in values {
        let half = f16::from_f32(value);
        if !half.is_finite() {
            return None;
        }
        bytes.extend(half.to_le_bytes());
    }
    Some(bytes)
}

/// Adds the numbers of half precision in these bytes.
pub(super) fn add_f16(values: &mut Vec<f32>, bytes: &[u8]) {
    let (words, _) = bytes.as_chunks::<2>();
    // Many at a time: whether the processor has an instruction for it is asked once for all of them.
    let mut single = [0.0; 256];
    for words in words.chunks(single.len()) {
        let mut half = [f16::ZERO; 256];
        for (half, word) in half.iter_mut().zip(words) {
            *half = f16::from_le_bytes(*word);
        }
        half.convert_to_f32_slice(&mut single);
        values.extend_from_slice(&single[..words.len()]);
    }
}

/// The integers of a matrix's rows, and each row's factor; none if a value is not finite.
pub(super) fn int8_rows(values: &[f32], width: usize) -> Option<(Vec<u8>, Vec<f32>)> {
    let mut bytes = Vec::with_capacity(values.len());
    let mut factors = Vec::new();
    for row in values.chunks(width.max(1)) {
        if !row.iter().all(|value| value.is_finite()) {
            return None;
        }
        let factor = int8::factor(row.iter().copied());
        factors.push(factor);
        bytes.extend(row.iter().map(|&value| int8::number(value, factor) as u8));
    }
    Some((bytes, factors))
}

/// Adds rows of integers, each times its factor.
pub(super) fn add_int8(values: &mut Vec<f32>, bytes: &[u8], factors: &[f32], width: usize) {
    for (row, factor) in bytes.chunks(width.max(1)).zip(factors) {
        values.extend(row.iter().map(|&byte| f32::from(byte as i8) * factor));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn stored_twice_is_stored_once() {
        let values: Vec<f32> = (0..600)
            .map(|n| ((n * 7919 % 1009) as f32 / 337.0 - 1.5) * 10f32.powi(n / 60 - 6))
            .chain([0.0; 60])
            .collect();
        let (bytes, factors) = int8_rows(&values, 60).unwrap();
        let mut once = Vec::new();
        add_int8(&mut once, &bytes, &factors, 60);
        for (row, (back, factor)) in values.chunks(60).zip(once.chunks(60).zip(&factors)) {
            let worst = row.iter().zip(back).map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f32::max) <= factor * 0.5001);
        }
        assert_eq!(int8_rows(&once, 60).unwrap(), (bytes, factors));
        let half = f16_bytes(&values[..540]).unwrap();
        let mut single = Vec::new();
        add_f16(&mut single, &half);
        assert_eq!(f16_bytes(&single).unwrap(), half);
    }

    #[test]
    fn what_has_no_place_is_not_stored() {
        assert!(f16_bytes(&[1e6]).is_none() && f16_bytes(&[f32::NAN]).is_none());
        assert!(int8_rows(&[1.0, f32::INFINITY], 2).is_none());
        assert_eq!(
            int8_rows(&[1e-40, 0.0], 2).unwrap(),
            (vec![0, 0], vec![0.0])
        );
    }
}
