//! In which numbers the CPU's kernels multiply matrices.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the operands of matrix products are rounded to on the CPU; sums, states, gates, losses, weights and their moments
/// stay in `f32`.
///
/// This is a setting of the process, as PyTorch's `torch.set_float32_matmul_precision` is: which one is faster is a
/// property of the machine, not of a model. GPUs and Burn's own operations take no notice of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatmulPrecision {
    /// 24 bits of mantissa; the default.
    #[default]
    Fp32,
    /// bfloat16: the range of `f32` and 8 bits of mantissa, rounded to nearest even. Where the processor has no such
    /// product (`avx512_bf16`), wider ones stand in for it, and nothing is faster.
    Bf16,
}

static BF16: AtomicBool = AtomicBool::new(false);

impl MatmulPrecision {
    /// What the kernels take at present.
    ///
    /// ```
    /// use ulmfit_kernels::MatmulPrecision;
    /// assert_eq!(MatmulPrecision::current(), MatmulPrecision::Fp32);
    /// ```
    pub fn current() -> Self {
        if BF16.load(Ordering::Relaxed) {
            Self::Bf16
        } else {
            Self::Fp32
        }
    }

    /// Has all kernels that begin from now on, on any thread, take it.
    ///
    /// The same seed gives the same bits only under the same precision: set it once, before anything is computed.
    ///
    /// ```
    /// use ulmfit_kernels::MatmulPrecision;
    /// MatmulPrecision::fastest().set();
    /// ```
    pub fn set(self) {
        BF16.store(self == Self::Bf16, Ordering::Relaxed);
    }

    /// Returns `Bf16` where this processor multiplies it faster than `f32`, `Fp32` elsewhere.
    ///
    /// By what it says of itself, not by measuring, so that the answer is always the same: an AMD processor with
    /// `avx512_bf16` (Zen 4 and later) has twice the pace. Intel's without AMX were measured at a third of that of `f32`, and
    /// AMX is not used here.
    ///
    /// ```
    /// use ulmfit_kernels::MatmulPrecision;
    /// println!("--precision auto is {} here", MatmulPrecision::fastest());
    /// ```
    pub fn fastest() -> Self {
        if fast_bf16() { Self::Bf16 } else { Self::Fp32 }
    }
}

impl fmt::Display for MatmulPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
        })
    }
}

/// `fp32`, `bf16`, or `auto` for the [fastest](MatmulPrecision::fastest).
impl FromStr for MatmulPrecision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "fp32" => Ok(Self::Fp32),
            "bf16" => Ok(Self::Bf16),
            "auto" => Ok(Self::fastest()),
            _ => Err(format!("expected fp32, bf16 or auto, found `{name}`")),
        }
    }
}

#[cfg(all(feature = "flex", target_arch = "x86_64"))]
fn fast_bf16() -> bool {
    crate::product::Isa::best().has_dots() && vendor() == *b"AuthenticAMD"
}

#[cfg(not(all(feature = "flex", target_arch = "x86_64")))]
fn fast_bf16() -> bool {
    false
}

/// The maker's name, as the processor spells it.
#[cfg(all(feature = "flex", target_arch = "x86_64"))]
fn vendor() -> [u8; 12] {
    let leaf = std::arch::x86_64::__cpuid(0);
    let mut name = [0; 12];
    for (to, from) in name.chunks_exact_mut(4).zip([leaf.ebx, leaf.edx, leaf.ecx]) {
        to.copy_from_slice(&from.to_le_bytes());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for precision in [MatmulPrecision::Fp32, MatmulPrecision::Bf16] {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
        assert_eq!("auto".parse(), Ok(MatmulPrecision::fastest()));
        let error = "fp16".parse::<MatmulPrecision>().expect_err("not built");
        assert_eq!(error, "expected fp32, bf16 or auto, found `fp16`");
    }
}
