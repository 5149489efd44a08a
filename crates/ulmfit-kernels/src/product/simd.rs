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

/// One register.
///
/// # Safety
/// The functions may be called only where the processor has the instruction set; pointers are good for `LANES` values.
pub(super) trait Simd {
    type Vector: Copy;
    const LANES: usize;

    unsafe fn splat(x: f32) -> Self::Vector;
    unsafe fn load(from: *const f32) -> Self::Vector;
    /// Whole numbers, as values.
    unsafe fn load_int8(from: *const i8) -> Self::Vector;
    unsafe fn store(to: *mut f32, x: Self::Vector);
    unsafe fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b + c`
    unsafe fn mul_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// Asks for the cache line at `at`, which may lie anywhere.
    unsafe fn prefetch(at: *const f32);
    /// Asks for it in the second-level cache.
    unsafe fn prefetch_far(at: *const f32);
}

pub(super) struct Portable;

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Simd;

    pub(in super::super) struct Avx512;
    pub(in super::super) struct Avx2;

    macro_rules! registers {
        ($set:ident: $vector:ty, $lanes:literal; $splat:ident $load:ident $store:ident $add:ident $mul_add:ident;
         $load_bytes:ident $widen:ident $convert:ident) => {
            impl Simd for $set {
                type Vector = $vector;
                const LANES: usize = $lanes;

                #[inline(always)]
                unsafe fn splat(x: f32) -> $vector {
                    // SAFETY: the caller answers for processor and pointers.
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: *const f32) -> $vector {
                    // SAFETY: the caller answers for processor and pointers.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn load_int8(from: *const i8) -> $vector {
                    // SAFETY: the caller answers for processor and pointers; just as many bytes as lanes are read.
                    unsafe { $convert($widen($load_bytes(from.cast()))) }
                }
                #[inline(always)]
                unsafe fn store(to: *mut f32, x: $vector) {
                    // SAFETY: the caller answers for processor and pointers.
                    unsafe { $store(to, x) }
                }
                #[inline(always)]
                unsafe fn add(a: $vector, b: $vector) -> $vector {
                    // SAFETY: the caller answers for processor and pointers.
                    unsafe { $add(a, b) }
                }
                #[inline(always)]
                unsafe fn mul_add(a: $vector, b: $vector, c: $vector) -> $vector {
                    // SAFETY: the caller answers for processor and pointers.
                    unsafe { $mul_add(a, b, c) }
                }
                #[inline(always)]
                unsafe fn prefetch(at: *const f32) {
                    // SAFETY: asking for a line reads nothing.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
                }
                #[inline(always)]
                unsafe fn prefetch_far(at: *const f32) {
                    // SAFETY: asking for a line reads nothing.
                    unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
                }
            }
        };
    }

    registers!(Avx512: __m512, 16; _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_fmadd_ps;
        _mm_loadu_si128 _mm512_cvtepi8_epi32 _mm512_cvtepi32_ps);
    registers!(Avx2: __m256, 8; _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_fmadd_ps;
        _mm_loadl_epi64 _mm256_cvtepi8_epi32 _mm256_cvtepi32_ps);
}

impl Simd for Portable {
    type Vector = [f32; 4];
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> [f32; 4] {
        [x; 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        // SAFETY: the caller answers for the pointer.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn load_int8(from: *const i8) -> [f32; 4] {
        // SAFETY: the caller answers for the pointer.
        unsafe { from.cast::<[i8; 4]>().read() }.map(f32::from)
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: [f32; 4]) {
        // SAFETY: the caller answers for the pointer.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(x) }
    }
    #[inline(always)]
    unsafe fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn mul_add(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {}
    #[inline(always)]
    unsafe fn prefetch_far(_: *const f32) {}
}
