//! The instruction sets of the products, chosen when the program runs.

use std::sync::OnceLock;

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 32 registers of 16 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 16 registers of 8 lanes, with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What the compiler makes of arrays: SSE2 on x86-64, NEON on aarch64.
    Portable,
}

impl Isa {
    /// The widest one, or the one that the environment variable `ULMFIT_ISA` names (`avx512`, `avx2`, `portable`) if this
    /// processor runs it; found once. Two machines on the same one give the same bits.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            let available = Self::available();
            let named = std::env::var("ULMFIT_ISA").ok();
            let named = named.and_then(|name| available.iter().find(|isa| isa.name() == name));
            *named.unwrap_or(&available[0])
        })
    }

    fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// All that this processor runs, the widest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                found.push(Self::Avx512);
            }
            found.push(Self::Avx2);
        }
        found.push(Self::Portable);
        found
    }

    /// Whether it multiplies and adds pairs, of bf16 and of 16-bit whole numbers, in one instruction; elsewhere several
    /// stand in for it.
    pub(crate) fn has_dots(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512vnni")
            }
            _ => false,
        }
    }

    /// Values in a register.
    pub(crate) fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => 16,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 8,
            Self::Portable => 4,
        }
    }

    /// Rows and registers of the largest tile: as many sums as leave registers for the operands.
    pub(crate) fn tile(self) -> (usize, usize) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => (8, 3),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => (6, 2),
            Self::Portable => (4, 2),
        }
    }
}
