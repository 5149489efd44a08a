//! The precision of matrix products, by the name that a command line has for it.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;
use ulmfit_kernels::MatmulPrecision;

/// A precision, or the choice of one: `fp32`, `bf16`, `fp16` or `auto`.
///
/// ```
/// use ulmfit::precision::Precision;
/// use ulmfit::prelude::Device;
///
/// let precision: Precision = "auto".parse()?;
/// println!("matrix products in {}", precision.set_on(&Device::flex())?);
///
/// let error = "fp16".parse::<Precision>()?.set_on(&Device::flex()).expect_err("no CPU has it");
/// assert!(error.to_string().contains("expected one of fp32, bf16"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// [`MatmulPrecision::fastest`].
    Auto,
    /// That one.
    Exactly(MatmulPrecision),
}

impl Precision {
    /// Sets the precision of the whole process for what is computed on `device`, and returns it. Once, before anything is
    /// computed: the same seed gives the same bits only under the same precision.
    ///
    /// # Errors
    /// For a precision that the device does not have, with those that it has.
    pub fn set_on(self, device: &Device) -> Result<MatmulPrecision, UnsupportedPrecision> {
        let precision = match self {
            Self::Auto => MatmulPrecision::fastest(device),
            Self::Exactly(precision) => precision,
        };
        if !precision.runs_on(device) {
            let all = MatmulPrecision::ALL.into_iter();
            let there = all.filter(|known| known.runs_on(device));
            return Err(UnsupportedPrecision {
                there: there.collect(),
                found: precision,
            });
        }
        precision.set();
        Ok(precision)
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Exactly(precision) => precision.fmt(f),
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            name => match name.parse() {
                Ok(precision) => Ok(Self::Exactly(precision)),
                Err(_) => Err(format!("expected fp32, bf16, fp16 or auto, found `{name}`")),
            },
        }
    }
}

/// A precision that a device does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedPrecision {
    there: Vec<MatmulPrecision>,
    found: MatmulPrecision,
}

impl fmt::Display for UnsupportedPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there: Vec<String> = self.there.iter().map(ToString::to_string).collect();
        let (there, found) = (there.join(", "), self.found);
        write!(
            f,
            "expected one of {there}, found {found}; this device has no other"
        )
    }
}

impl Error for UnsupportedPrecision {}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["auto", "fp32", "bf16", "fp16"] {
            let read: Precision = name.parse().expect("a name");
            assert_eq!(read.to_string(), name);
        }
        let error = "half".parse::<Precision>().expect_err("no such name");
        assert_eq!(error, "expected fp32, bf16, fp16 or auto, found `half`");
    }

    #[test]
    fn what_a_device_lacks_is_told_with_what_it_has() {
        let fp16 = Precision::Exactly(MatmulPrecision::Fp16);
        let error = fp16.set_on(&Device::flex()).expect_err("of GPUs alone");
        assert_eq!(
            error.to_string(),
            "expected one of fp32, bf16, found fp16; this device has no other"
        );
        assert_eq!(MatmulPrecision::current(), MatmulPrecision::Fp32);
    }
}
