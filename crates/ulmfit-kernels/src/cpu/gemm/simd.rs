//! One vector register of each instruction set, as lanes of 32 bits: an `f32`, a pair of bf16, or a quad of int8.

/// One register, and what the micro-kernel and packing do with it.
///
/// # Safety
/// The functions may be called only where the processor has the instruction set; pointers are good for `LANES` lanes where
/// nothing else is said. Pointers need no alignment.
pub(super) trait Simd {
    type Vector: Copy;
    const LANES: usize;
    /// Rows of the micro-kernel's tile.
    const MR: usize;

    unsafe fn splat(x: f32) -> Self::Vector;
    unsafe fn load(from: *const f32) -> Self::Vector;
    unsafe fn store(to: *mut f32, x: Self::Vector);
    unsafe fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b + c`
    unsafe fn mul_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `a.0 * b.0 + a.1 * b.1 + c` of bf16 pairs, with sums in `f32`.
    unsafe fn dot_bf16(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `c` plus the products of four `u8` with four `i8`, exact in `i32`.
    unsafe fn dot_int8(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// Lanes of `i32` as `f32`.
    unsafe fn from_int32(x: Self::Vector) -> Self::Vector;
    /// `2 * LANES` values that follow each other, as pairs of bf16.
    unsafe fn pairs_along(from: *const f32) -> Self::Vector;
    /// Pairs of bf16, the first of each from `first`, the second from `second`.
    unsafe fn pairs_across(first: *const f32, second: *const f32) -> Self::Vector;
    /// Writes the transpose of the `LANES` rows of `LANES` lanes at `from` (dense) to rows `to_row` lanes apart.
    unsafe fn transpose(from: *const f32, to: *mut f32, to_row: usize) {
        // SAFETY: the caller's.
        unsafe { transpose_scalar(from, to, to_row, Self::LANES) }
    }
}

/// Asks for the cache line at `at`, which may lie anywhere; every x86-64 processor can.
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

/// # Safety
/// As [`Simd::transpose`].
#[inline(always)]
unsafe fn transpose_scalar(from: *const f32, to: *mut f32, to_row: usize, lanes: usize) {
    for r in 0..lanes {
        for c in 0..lanes {
            // SAFETY: the caller's.
            unsafe { *to.add(c * to_row + r) = *from.add(r * lanes + c) };
        }
    }
}

/// The bits of two values as a pair of bf16, rounded to nearest, ties to even; the first one in the lower half.
#[inline(always)]
pub(super) fn bf16_pair(first: f32, second: f32) -> f32 {
    f32::from_bits(nearest(first) >> 16 | nearest(second) & 0xffff_0000)
}

/// The bits of the nearest bf16 in the upper half; the lower half is not cleared.
#[inline(always)]
fn nearest(x: f32) -> u32 {
    let bits = x.to_bits();
    if x.is_nan() {
        // The sum below could carry it to infinity or beyond.
        return bits | 0x0040_0000;
    }
    bits.wrapping_add(0x7fff + (bits >> 16 & 1))
}

/// Both values of a pair of bf16.
#[inline(always)]
fn unpair(x: f32) -> [f32; 2] {
    [x.to_bits() << 16, x.to_bits() & 0xffff_0000].map(f32::from_bits)
}

pub(super) struct Portable;

impl Simd for Portable {
    type Vector = [f32; 4];
    const LANES: usize = 4;
    const MR: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> [f32; 4] {
        [x; 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        // SAFETY: the caller's.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, x: [f32; 4]) {
        // SAFETY: the caller's.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(x) }
    }
    #[inline(always)]
    unsafe fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn mul_add(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    unsafe fn dot_bf16(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| {
            let ([a0, a1], [b0, b1]) = (unpair(a[i]), unpair(b[i]));
            c[i] + a0 * b0 + a1 * b1
        })
    }
    #[inline(always)]
    unsafe fn dot_int8(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| {
            let (a, b) = (a[i].to_bits().to_le_bytes(), b[i].to_bits().to_le_bytes());
            let products = a
                .iter()
                .zip(b)
                .map(|(&a, b)| i32::from(a) * i32::from(b as i8));
            f32::from_bits(products.fold(c[i].to_bits() as i32, i32::wrapping_add) as u32)
        })
    }
    #[inline(always)]
    unsafe fn from_int32(x: [f32; 4]) -> [f32; 4] {
        x.map(|x| x.to_bits() as i32 as f32)
    }
    #[inline(always)]
    unsafe fn pairs_along(from: *const f32) -> [f32; 4] {
        // SAFETY: the caller's.
        let all = unsafe { from.cast::<[[f32; 2]; 4]>().read_unaligned() };
        all.map(|[first, second]| bf16_pair(first, second))
    }
    #[inline(always)]
    unsafe fn pairs_across(first: *const f32, second: *const f32) -> [f32; 4] {
        // SAFETY: the caller's.
        let (first, second) = unsafe { (Self::load(first), Self::load(second)) };
        std::array::from_fn(|i| bf16_pair(first[i], second[i]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512, Avx512Dot};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::mem::transmute;

    use super::{Simd, bf16_pair};

    pub(in super::super) struct Avx512Dot;
    pub(in super::super) struct Avx512;
    pub(in super::super) struct Avx2;

    /// What the sets share but for the names of their instructions.
    macro_rules! registers {
        ($set:ident: $vector:ty, $lanes:literal x $mr:literal; $splat:ident $load:ident $store:ident $add:ident $mul:ident
         $mul_add:ident $convert:ident $bits:ident; $dot_bf16:ident $dot_int8:ident $transpose:ident $along:path, $across:path) => {
            impl Simd for $set {
                type Vector = $vector;
                const LANES: usize = $lanes;
                const MR: usize = $mr;

                #[inline(always)]
                unsafe fn splat(x: f32) -> $vector {
                    // SAFETY: the caller answers for the processor.
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: *const f32) -> $vector {
                    // SAFETY: the caller answers for processor and pointer.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(to: *mut f32, x: $vector) {
                    // SAFETY: the caller answers for processor and pointer.
                    unsafe { $store(to, x) }
                }
                #[inline(always)]
                unsafe fn add(a: $vector, b: $vector) -> $vector {
                    // SAFETY: the caller answers for the processor.
                    unsafe { $add(a, b) }
                }
                #[inline(always)]
                unsafe fn mul(a: $vector, b: $vector) -> $vector {
                    // SAFETY: the caller answers for the processor.
                    unsafe { $mul(a, b) }
                }
                #[inline(always)]
                unsafe fn mul_add(a: $vector, b: $vector, c: $vector) -> $vector {
                    // SAFETY: the caller answers for the processor.
                    unsafe { $mul_add(a, b, c) }
                }
                #[inline(always)]
                unsafe fn dot_bf16(a: $vector, b: $vector, c: $vector) -> $vector {
                    // SAFETY: the caller answers for the processor.
                    unsafe { $dot_bf16(a, b, c) }
                }
                #[inline(always)]
                #[expect(
                    clippy::missing_transmute_annotations,
                    reason = "the signature of the function that is called has the types"
                )]
                unsafe fn dot_int8(a: $vector, b: $vector, c: $vector) -> $vector {
                    // SAFETY: the caller answers for the processor; registers of one size are the same bits.
                    unsafe { transmute($dot_int8(transmute(a), transmute(b), transmute(c))) }
                }
                #[inline(always)]
                unsafe fn from_int32(x: $vector) -> $vector {
                    // SAFETY: the caller answers for the processor.
                    unsafe { $convert($bits(x)) }
                }
                #[inline(always)]
                unsafe fn pairs_along(from: *const f32) -> $vector {
                    // SAFETY: the caller answers for processor and pointer.
                    unsafe { $along(from) }
                }
                #[inline(always)]
                unsafe fn pairs_across(first: *const f32, second: *const f32) -> $vector {
                    // SAFETY: the caller answers for processor and pointers.
                    unsafe { $across(first, second) }
                }
                #[inline(always)]
                unsafe fn transpose(from: *const f32, to: *mut f32, to_row: usize) {
                    // SAFETY: the caller answers for processor and pointers.
                    unsafe { $transpose(from, to, to_row) }
                }
            }
        };
    }

    registers!(Avx512Dot: __m512, 16 x 8; _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_mul_ps
        _mm512_fmadd_ps _mm512_cvtepi32_ps _mm512_castps_si512;
        dot_bf16_512 dot_int8_512 transpose_512 along_512, across_512);
    registers!(Avx512: __m512, 16 x 8; _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_mul_ps
        _mm512_fmadd_ps _mm512_cvtepi32_ps _mm512_castps_si512;
        widened_bf16_512 widened_int8_512 transpose_512 along_each::<__m512, 16>, across_each::<__m512, 16>);
    registers!(Avx2: __m256, 8 x 6; _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_mul_ps
        _mm256_fmadd_ps _mm256_cvtepi32_ps _mm256_castps_si256;
        widened_bf16_256 widened_int8_256 transpose_256 along_each::<__m256, 8>, across_each::<__m256, 8>);

    #[inline(always)]
    unsafe fn dot_bf16_512(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the caller answers for the processor; the registers are the same bits under another name.
        unsafe {
            _mm512_dpbf16_ps(
                c,
                transmute::<__m512, __m512bh>(a),
                transmute::<__m512, __m512bh>(b),
            )
        }
    }

    #[inline(always)]
    unsafe fn dot_int8_512(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        // SAFETY: the caller answers for the processor.
        unsafe { _mm512_dpbusd_epi32(c, a, b) }
    }

    #[inline(always)]
    unsafe fn along_512(from: *const f32) -> __m512 {
        // SAFETY: the caller answers for processor and pointer.
        unsafe {
            let (low, high) = (_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(16)));
            transmute::<__m512bh, __m512>(_mm512_cvtne2ps_pbh(high, low))
        }
    }

    #[inline(always)]
    unsafe fn across_512(first: *const f32, second: *const f32) -> __m512 {
        // SAFETY: the caller answers for processor and pointers.
        unsafe {
            let (first, second) = (_mm512_loadu_ps(first), _mm512_loadu_ps(second));
            let first = transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(first));
            let second = transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(second));
            let (first, second) = (_mm512_cvtepu16_epi32(first), _mm512_cvtepu16_epi32(second));
            _mm512_castsi512_ps(_mm512_or_si512(first, _mm512_slli_epi32::<16>(second)))
        }
    }

    /// Without the instruction: lane by lane, which the compiler turns into vector code.
    #[inline(always)]
    unsafe fn along_each<V: Copy, const LANES: usize>(from: *const f32) -> V {
        // SAFETY: the caller answers for the pointer.
        let pair = |i| unsafe { bf16_pair(*from.add(2 * i), *from.add(2 * i + 1)) };
        register(std::array::from_fn::<f32, LANES, _>(pair))
    }

    #[inline(always)]
    unsafe fn across_each<V: Copy, const LANES: usize>(first: *const f32, second: *const f32) -> V {
        // SAFETY: the caller answers for the pointers.
        let pair = |i| unsafe { bf16_pair(*first.add(i), *second.add(i)) };
        register(std::array::from_fn::<f32, LANES, _>(pair))
    }

    #[inline(always)]
    fn register<V: Copy, const LANES: usize>(lanes: [f32; LANES]) -> V {
        const { assert!(size_of::<V>() == size_of::<[f32; LANES]>()) };
        // SAFETY: of one size, and any bits are a value of a register.
        unsafe { std::mem::transmute_copy(&lanes) }
    }

    /// Dot products of bf16 pairs without the instruction: both halves as `f32`, of which the upper one is what it is above
    /// 16 zeros, and the lower one is shifted there; and of int8 quads: the even and the odd bytes as 16 bits.
    macro_rules! widened {
        ($bf16:ident $int8:ident: $vector:ty, $integers:ty; $bits:ident $values:ident $shift:ident $and:ident $all:ident
         $mul_add:ident; $left:ident $right:ident $signed_right:ident $multiply:ident $add:ident) => {
            #[inline(always)]
            unsafe fn $bf16(a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: the caller answers for the processor.
                unsafe {
                    let upper = |x| $values($and($bits(x), $all(0xffff_0000_u32 as i32)));
                    let lower = |x| $values($shift::<16>($bits(x)));
                    $mul_add(upper(a), upper(b), $mul_add(lower(a), lower(b), c))
                }
            }

            #[inline(always)]
            unsafe fn $int8(a: $integers, b: $integers, c: $integers) -> $integers {
                // SAFETY: the caller answers for the processor. A product of 8 by 8 bits, and the sum of two, has 17 bits:
                // `vpmaddubsw` would cut it to 16, and the sums would not be exact.
                unsafe {
                    let even = $multiply(
                        $and(a, $all(0x00ff_00ff)),
                        $signed_right::<8>($left::<8>(b)),
                    );
                    let odd = $multiply($right::<8>(a), $signed_right::<8>(b));
                    $add(c, $add(even, odd))
                }
            }
        };
    }

    widened!(widened_bf16_512 widened_int8_512: __m512, __m512i; _mm512_castps_si512 _mm512_castsi512_ps
        _mm512_slli_epi32 _mm512_and_si512 _mm512_set1_epi32 _mm512_fmadd_ps;
        _mm512_slli_epi16 _mm512_srli_epi16 _mm512_srai_epi16 _mm512_madd_epi16 _mm512_add_epi32);
    widened!(widened_bf16_256 widened_int8_256: __m256, __m256i; _mm256_castps_si256 _mm256_castsi256_ps
        _mm256_slli_epi32 _mm256_and_si256 _mm256_set1_epi32 _mm256_fmadd_ps;
        _mm256_slli_epi16 _mm256_srli_epi16 _mm256_srai_epi16 _mm256_madd_epi16 _mm256_add_epi32);

    /// Four rows: each 128-bit lane `l` of result `j` holds column `4 l + j`.
    macro_rules! four_rows {
        ($rows:expr; $low:ident $high:ident $low_pairs:ident $high_pairs:ident $pairs:ident $values:ident) => {{
            let [a, b, c, d] = $rows;
            let (ab, cd) = ([$low(a, b), $high(a, b)], [$low(c, d), $high(c, d)]);
            let both = |i: usize| ($pairs(ab[i]), $pairs(cd[i]));
            let ((a, c), (b, d)) = (both(0), both(1));
            [
                $values($low_pairs(a, c)),
                $values($high_pairs(a, c)),
                $values($low_pairs(b, d)),
                $values($high_pairs(b, d)),
            ]
        }};
    }

    #[inline(always)]
    unsafe fn transpose_512(from: *const f32, to: *mut f32, to_row: usize) {
        // SAFETY: the caller answers for processor and pointers.
        unsafe {
            let four: [[__m512; 4]; 4] = std::array::from_fn(|g| {
                let rows = std::array::from_fn(|r| _mm512_loadu_ps(from.add((4 * g + r) * 16)));
                four_rows!(rows; _mm512_unpacklo_ps _mm512_unpackhi_ps _mm512_unpacklo_pd _mm512_unpackhi_pd
                    _mm512_castps_pd _mm512_castpd_ps)
            });
            for j in 0..4 {
                let [a, b, c, d] = four.map(|rows| rows[j]);
                let (ab, cd) = (
                    _mm512_shuffle_f32x4::<0x88>(a, b),
                    _mm512_shuffle_f32x4::<0x88>(c, d),
                );
                _mm512_storeu_ps(to.add(j * to_row), _mm512_shuffle_f32x4::<0x88>(ab, cd));
                _mm512_storeu_ps(
                    to.add((j + 8) * to_row),
                    _mm512_shuffle_f32x4::<0xdd>(ab, cd),
                );
                let (ab, cd) = (
                    _mm512_shuffle_f32x4::<0xdd>(a, b),
                    _mm512_shuffle_f32x4::<0xdd>(c, d),
                );
                _mm512_storeu_ps(
                    to.add((j + 4) * to_row),
                    _mm512_shuffle_f32x4::<0x88>(ab, cd),
                );
                _mm512_storeu_ps(
                    to.add((j + 12) * to_row),
                    _mm512_shuffle_f32x4::<0xdd>(ab, cd),
                );
            }
        }
    }

    #[inline(always)]
    unsafe fn transpose_256(from: *const f32, to: *mut f32, to_row: usize) {
        // SAFETY: the caller answers for processor and pointers.
        unsafe {
            let [top, bottom]: [[__m256; 4]; 2] = std::array::from_fn(|g| {
                let rows = std::array::from_fn(|r| _mm256_loadu_ps(from.add((4 * g + r) * 8)));
                four_rows!(rows; _mm256_unpacklo_ps _mm256_unpackhi_ps _mm256_unpacklo_pd _mm256_unpackhi_pd
                    _mm256_castps_pd _mm256_castpd_ps)
            });
            for j in 0..4 {
                let (a, b) = (top[j], bottom[j]);
                _mm256_storeu_ps(to.add(j * to_row), _mm256_permute2f128_ps::<0x20>(a, b));
                _mm256_storeu_ps(
                    to.add((j + 4) * to_row),
                    _mm256_permute2f128_ps::<0x31>(a, b),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(x: f32) -> f32 {
        unpair(bf16_pair(0.0, x))[1]
    }

    #[test]
    fn rounded_to_nearest_and_ties_to_even() {
        assert_eq!(rounded(1.0), 1.0);
        // Between 1 and 1 + 2^-7 lie 1 + 2^-8, which goes to the even 1, and what is above it.
        assert_eq!(rounded(1.0 + 1.0 / 256.0), 1.0);
        assert_eq!(rounded(1.0 + 1.1 / 256.0), 1.0 + 1.0 / 128.0);
        assert_eq!(rounded(1.0 + 3.0 / 256.0), 1.0 + 2.0 / 128.0);
        assert_eq!(rounded(-1.0 - 3.0 / 256.0), -1.0 - 2.0 / 128.0);
        assert_eq!(rounded(f32::MAX), f32::INFINITY);
        assert_eq!(rounded(f32::NEG_INFINITY), f32::NEG_INFINITY);
        assert!(rounded(f32::NAN).is_nan() && rounded(f32::from_bits(0x7f80_0001)).is_nan());
    }
}
