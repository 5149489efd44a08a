//! In which numbers the kernels multiply matrices.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};

use burn::backend::{Backend, DTypeUsage, Dispatch};
use burn::tensor::{DType, Device};

#[cfg(feature = "flex")]
use crate::cpu::{gemm::Element, isa::Isa};

/// What the operands of matrix products are rounded to; sums, states, gates, losses, weights and their moments stay in `f32`.
///
/// This is a setting of the process, as PyTorch's `torch.set_float32_matmul_precision` is: which one is faster is a
/// property of the machine, not of a model. Burn's own operations take no notice of it. A GPU that [lacks](Self::runs_on) the
/// type fails in its driver: ask first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatmulPrecision {
    /// 24 bits of mantissa; the default.
    #[default]
    Fp32,
    /// bfloat16: the range of `f32` and 8 bits of mantissa, rounded to nearest even. Where the CPU has no such product
    /// (`avx512_bf16`), wider ones stand in for it, and nothing is faster.
    Bf16,
    /// IEEE half precision, of GPUs alone: 11 bits of mantissa, and nothing but 0 below 6e-8 or but infinity above 65,504.
    /// Training takes it with a scaled loss (`LossScale` of `ulmfit-train`).
    Fp16,
}

/// The position of the current one in `ALL`.
static CURRENT: AtomicU8 = AtomicU8::new(0);

impl MatmulPrecision {
    /// Every one, in the order of their bits of mantissa.
    pub const ALL: [Self; 3] = [Self::Fp32, Self::Fp16, Self::Bf16];

    /// What the kernels take at present.
    ///
    /// ```
    /// use ulmfit_kernels::MatmulPrecision;
    /// assert_eq!(MatmulPrecision::current(), MatmulPrecision::Fp32);
    /// ```
    pub fn current() -> Self {
        Self::ALL[usize::from(CURRENT.load(Ordering::Relaxed))]
    }

    /// Has all kernels that begin from now on, on any thread, take it.
    ///
    /// The same seed gives the same bits only under the same precision: set it once, before anything is computed.
    ///
    /// ```
    /// use ulmfit_kernels::MatmulPrecision;
    /// MatmulPrecision::Bf16.set();
    /// ```
    pub fn set(self) {
        let place = Self::ALL.iter().position(|known| *known == self);
        CURRENT.store(place.map_or(0, |place| place as u8), Ordering::Relaxed);
    }

    /// Returns `Bf16` where this is known to be faster than `Fp32`, which it returns elsewhere: on every GPU, of which none
    /// has been measured.
    ///
    /// By what the CPU says of itself, not by measuring, so that the answer is always the same: an AMD processor with
    /// `avx512_bf16` (Zen 4 and later) has twice the pace. Intel's without AMX were measured at a third of that of `f32`, and
    /// AMX is not used here.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use ulmfit_kernels::MatmulPrecision;
    ///
    /// println!("--precision auto is {} here", MatmulPrecision::fastest(&Device::flex()));
    /// ```
    pub fn fastest(device: &Device) -> Self {
        if fast_bf16() && !is_gpu(device) {
            Self::Bf16
        } else {
            Self::Fp32
        }
    }

    /// What the CPU's products round their operands to.
    #[cfg(feature = "flex")]
    pub(crate) fn element(self) -> Element {
        match self {
            // Half precision is of GPUs alone.
            Self::Fp32 | Self::Fp16 => Element::F32,
            Self::Bf16 => Element::Bf16,
        }
    }

    /// Whether `device` has such operands: every CPU `Fp32` and `Bf16`, a GPU those that it can store.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use ulmfit_kernels::MatmulPrecision;
    ///
    /// let device = Device::flex();
    /// assert!(MatmulPrecision::Bf16.runs_on(&device) && !MatmulPrecision::Fp16.runs_on(&device));
    /// ```
    pub fn runs_on(self, device: &Device) -> bool {
        let stores = |dtype| {
            Dispatch::dtype_usage(device.as_dispatch(), dtype).contains(DTypeUsage::Storage)
        };
        match (self, is_gpu(device)) {
            (Self::Fp32, _) => true,
            (Self::Bf16, gpu) => !gpu || stores(DType::BF16),
            (Self::Fp16, gpu) => gpu && stores(DType::F16),
        }
    }
}

/// Of Burn's backends the compiled ones alone hold memory of their own.
fn is_gpu(device: &Device) -> bool {
    device.memory_pool_usage().is_some()
}

impl fmt::Display for MatmulPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
            Self::Fp16 => "fp16",
        })
    }
}

/// `fp32`, `bf16` or `fp16`.
impl FromStr for MatmulPrecision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "fp32" => Ok(Self::Fp32),
            "bf16" => Ok(Self::Bf16),
            "fp16" => Ok(Self::Fp16),
            _ => Err(format!("expected fp32, bf16 or fp16, found `{name}`")),
        }
    }
}

#[cfg(feature = "flex")]
fn fast_bf16() -> bool {
    Isa::best().has_fast_bf16()
}

#[cfg(not(feature = "flex"))]
fn fast_bf16() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for precision in MatmulPrecision::ALL {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
        let error = "fp8".parse::<MatmulPrecision>().expect_err("not built");
        assert_eq!(error, "expected fp32, bf16 or fp16, found `fp8`");
    }
}
