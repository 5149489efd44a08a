//! One register of each instruction set.

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
    /// `a.0 * b.0 + a.1 * b.1 + c` for pairs of bf16, the first ones in the lower halves.
    unsafe fn mul_add_pairs(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// Pairs of whole numbers of 8 bits as pairs of 16 bits; `from` is good for `2 * LANES` of them.
    unsafe fn load_int8_pairs(from: *const i8) -> Self::Vector;
    /// `a.0 * b.0 + a.1 * b.1 + c` for pairs of 16 bits and `c` in 32, all of them whole numbers.
    unsafe fn mul_add_int16_pairs(
        a: Self::Vector,
        b: Self::Vector,
        c: Self::Vector,
    ) -> Self::Vector;
    /// Whole numbers of 32 bits, as values.
    unsafe fn from_int32(x: Self::Vector) -> Self::Vector;
}

/// Asks for the cache line at `at`, which may lie anywhere, in the nearest cache; every x86-64 processor can.
#[inline(always)]
pub(super) fn prefetch(at: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: asking for a line reads nothing.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// The same for the second-level cache.
#[inline(always)]
pub(super) fn prefetch_far(at: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: asking for a line reads nothing.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

pub(super) struct Portable;

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512, Avx512Dots};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::mem;

    use super::Simd;

    pub(in super::super) struct Avx512;
    pub(in super::super) struct Avx512Dots;
    pub(in super::super) struct Avx2;

    macro_rules! registers {
        ($set:ident: $vector:ty, $lanes:literal; $splat:ident $load:ident $store:ident $add:ident $mul_add:ident;
         $load_bytes:ident $widen:ident $convert:ident; $load_twice:ident $widen_to_16:ident $values:ident $bits:ident;
         $mul_add_pairs:ident $mul_add_int16_pairs:ident) => {
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
                unsafe fn mul_add_pairs(a: $vector, b: $vector, c: $vector) -> $vector {
                    // SAFETY: the caller answers for the processor.
                    unsafe { $mul_add_pairs(a, b, c) }
                }
                #[inline(always)]
                unsafe fn load_int8_pairs(from: *const i8) -> $vector {
                    // SAFETY: the caller answers for processor and pointers; twice as many bytes as lanes are read.
                    unsafe { $values($widen_to_16($load_twice(from.cast()))) }
                }
                #[inline(always)]
                unsafe fn mul_add_int16_pairs(a: $vector, b: $vector, c: $vector) -> $vector {
                    // SAFETY: the caller answers for the processor.
                    unsafe { $values($mul_add_int16_pairs($bits(a), $bits(b), $bits(c))) }
                }
                #[inline(always)]
                unsafe fn from_int32(x: $vector) -> $vector {
                    // SAFETY: the caller answers for the processor.
                    unsafe { $convert($bits(x)) }
                }
            }
        };
    }

    registers!(Avx512: __m512, 16; _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_fmadd_ps;
        _mm_loadu_si128 _mm512_cvtepi8_epi32 _mm512_cvtepi32_ps;
        _mm256_loadu_si256 _mm512_cvtepi8_epi16 _mm512_castsi512_ps _mm512_castps_si512; widened_512 two_steps_512);
    registers!(Avx512Dots: __m512, 16; _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_fmadd_ps;
        _mm_loadu_si128 _mm512_cvtepi8_epi32 _mm512_cvtepi32_ps;
        _mm256_loadu_si256 _mm512_cvtepi8_epi16 _mm512_castsi512_ps _mm512_castps_si512; dot_512 dot_int16_512);
    registers!(Avx2: __m256, 8; _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_fmadd_ps;
        _mm_loadl_epi64 _mm256_cvtepi8_epi32 _mm256_cvtepi32_ps;
        _mm_loadu_si128 _mm256_cvtepi8_epi16 _mm256_castsi256_ps _mm256_castps_si256; widened_256 two_steps_256);

    /// The processor's own product of pairs of whole numbers.
    #[inline(always)]
    unsafe fn dot_int16_512(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        // SAFETY: the caller answers for the processor.
        unsafe { _mm512_dpwssd_epi32(c, a, b) }
    }

    #[inline(always)]
    unsafe fn two_steps_512(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        // SAFETY: the caller answers for the processor.
        unsafe { _mm512_add_epi32(c, _mm512_madd_epi16(a, b)) }
    }

    #[inline(always)]
    unsafe fn two_steps_256(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        // SAFETY: the caller answers for the processor.
        unsafe { _mm256_add_epi32(c, _mm256_madd_epi16(a, b)) }
    }

    /// The processor's own product of pairs.
    #[inline(always)]
    unsafe fn dot_512(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the caller answers for the processor; the registers are the same bits under another name.
        unsafe {
            let a = mem::transmute::<__m512, __m512bh>(a);
            let b = mem::transmute::<__m512, __m512bh>(b);
            _mm512_dpbf16_ps(c, a, b)
        }
    }

    /// Both halves as single values: the upper one is what it is above 16 zeros, the lower one is shifted there.
    macro_rules! widened {
        ($name:ident: $vector:ty; $bits:ident $values:ident $shift:ident $and:ident $all:ident $mul_add:ident) => {
            #[inline(always)]
            unsafe fn $name(a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: the caller answers for the processor.
                unsafe {
                    let upper = |x| $values($and($bits(x), $all(0xffff_0000_u32 as i32)));
                    let lower = |x| $values($shift::<16>($bits(x)));
                    $mul_add(upper(a), upper(b), $mul_add(lower(a), lower(b), c))
                }
            }
        };
    }

    widened!(widened_512: __m512; _mm512_castps_si512 _mm512_castsi512_ps _mm512_slli_epi32 _mm512_and_si512
        _mm512_set1_epi32 _mm512_fmadd_ps);
    widened!(widened_256: __m256; _mm256_castps_si256 _mm256_castsi256_ps _mm256_slli_epi32 _mm256_and_si256
        _mm256_set1_epi32 _mm256_fmadd_ps);
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
    unsafe fn mul_add_pairs(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        let upper = |x: f32| f32::from_bits(x.to_bits() & 0xffff_0000);
        let lower = |x: f32| f32::from_bits(x.to_bits() << 16);
        std::array::from_fn(|i| c[i] + lower(a[i]) * lower(b[i]) + upper(a[i]) * upper(b[i]))
    }
    #[inline(always)]
    unsafe fn load_int8_pairs(from: *const i8) -> [f32; 4] {
        // SAFETY: the caller answers for the pointer.
        let pairs = unsafe { from.cast::<[[i8; 2]; 4]>().read() };
        pairs.map(|pair| {
            let [first, second] = pair.map(|x| u32::from(i16::from(x) as u16));
            f32::from_bits(first | second << 16)
        })
    }
    #[inline(always)]
    unsafe fn mul_add_int16_pairs(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        let halves = |x: f32| [x.to_bits() as i16, (x.to_bits() >> 16) as i16].map(i32::from);
        std::array::from_fn(|i| {
            let ([a0, a1], [b0, b1]) = (halves(a[i]), halves(b[i]));
            let sum = (c[i].to_bits() as i32)
                .wrapping_add(a0 * b0)
                .wrapping_add(a1 * b1);
            f32::from_bits(sum as u32)
        })
    }
    #[inline(always)]
    unsafe fn from_int32(x: [f32; 4]) -> [f32; 4] {
        x.map(|x| x.to_bits() as i32 as f32)
    }
}
