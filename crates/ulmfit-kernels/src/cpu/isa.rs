//! The instruction sets of the kernels, chosen when the program runs.

use std::sync::OnceLock;

/// An instruction set that this processor has: a value exists only where it was detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa(Kind);

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 32 registers of 16 lanes, with dot products of bf16 pairs (AVX512-BF16) and of int8 quads (VNNI).
    #[cfg(target_arch = "x86_64")]
    Avx512Dot,
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
    /// processor has it; chosen once. Two machines with the same one give the same bits.
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
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Dot | Kind::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            Kind::Portable => "portable",
        }
    }

    /// All that this processor has, the widest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                if is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512vnni")
                {
                    found.push(Self(Kind::Avx512Dot));
                }
                found.push(Self(Kind::Avx512));
            }
            found.push(Self(Kind::Avx2));
        }
        found.push(Self(Kind::Portable));
        found
    }

    pub(crate) fn kind(self) -> Kind {
        self.0
    }

    /// Whether bf16 products are known to be faster than fp32: on AMD processors with AVX512-BF16 (Zen 4 and later), whose
    /// rate is double. Intel's without AMX were measured at a third of their fp32, and AMX is not used here.
    pub(crate) fn has_fast_bf16(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Dot => vendor() == *b"AuthenticAMD",
            _ => false,
        }
    }

    /// The 32-bit lanes of a register.
    pub(crate) fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Dot | Kind::Avx512 => 16,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => 8,
            Kind::Portable => 4,
        }
    }

    /// MR and NR of the micro-kernel, NR in registers: as many sums as leave registers for the operands.
    pub(crate) fn tile(self) -> (usize, usize) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Dot | Kind::Avx512 => (8, 3),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => (6, 2),
            Kind::Portable => (4, 2),
        }
    }
}

/// The maker's name, as the processor spells it.
#[cfg(target_arch = "x86_64")]
fn vendor() -> [u8; 12] {
    let leaf = std::arch::x86_64::__cpuid(0);
    let mut name = [0; 12];
    for (to, from) in name.chunks_exact_mut(4).zip([leaf.ebx, leaf.edx, leaf.ecx]) {
        to.copy_from_slice(&from.to_le_bytes());
    }
    name
}

/// Calls an `#[inline(always)]` function compiled for the best instruction set of this processor: the compiler turns its
/// loops over slices into vector code.
///
/// The types of the arguments are written out, since the copies are functions of their own. After `fused`, the function
/// is told by its constant parameter whether a product and a sum are one instruction ([`crate::cpu::math::mul_add`]).
macro_rules! best_isa {
    (fused $body:ident; $($arg:ident: $type:ty),* $(,)?) => {
        $crate::cpu::isa::best_isa!(@ $body::<true>, $body::<false>; $($arg: $type),*)
    };
    ($body:path; $($arg:ident: $type:ty),* $(,)?) => {
        $crate::cpu::isa::best_isa!(@ $body, $body; $($arg: $type),*)
    };
    (@ $body:path, $portable:path; $($arg:ident: $type:ty),*) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        fn avx512($($arg: $type),*) {
            $body($($arg),*)
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn avx2($($arg: $type),*) {
            $body($($arg),*)
        }
        use $crate::cpu::isa::{Isa, Kind};
        match Isa::best().kind() {
            // SAFETY: an `Isa` is one that this processor has.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512Dot | Kind::Avx512 => unsafe { avx512($($arg),*) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { avx2($($arg),*) },
            Kind::Portable => $portable($($arg),*),
        }
    }};
}

pub(crate) use best_isa;
