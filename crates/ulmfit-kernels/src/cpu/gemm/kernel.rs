//! The micro-kernel: an MR x NR tile of the result stays in registers while the sum over the depth runs.

#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512, Avx512Dot};
use super::simd::{Portable, Simd, prefetch};
use super::{Beta, Element};
use crate::cpu::isa::{Isa, Kind};

/// Panels that one row is multiplied by side by side: its sums wait for each other otherwise, most registers being idle.
pub(super) const ABREAST: usize = 4;

/// Steps of a panel that are fetched ahead of their use: 3 KB with AVX-512.
const AHEAD: usize = 16;

/// What a tile reads and writes. A step of the depth is one 32-bit word of each operand: one `f32`, two bf16 or four int8.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) steps: usize,
    /// Left word `(r, s)` is `lhs.add(r * lhs_row + s * lhs_step)`.
    pub(super) lhs: *const f32,
    pub(super) lhs_row: usize,
    pub(super) lhs_step: usize,
    /// Right words of step `s` are the `Q` registers at `panel.add(s * Q * LANES)`.
    pub(super) panel: *const f32,
    /// From a panel to the next, where several are multiplied side by side.
    pub(super) panel_stride: usize,
    /// Of int8 alone: where the sum of each column begins (`i32`), panel after panel,
    pub(super) start: *const f32,
    /// a factor for each column of the result, panel after panel,
    pub(super) factors: *const f32,
    /// and one for each row.
    pub(super) row_factors: *const f32,
    /// Row `r` of the result is at `dst.add(r * dst_row)`.
    pub(super) dst: *mut f32,
    pub(super) dst_row: usize,
    /// From the result of a panel to that of the next.
    pub(super) dst_stride: usize,
    pub(super) beta: Beta,
}

/// Computes a tile of `rows` rows and `registers` registers of one panel, or of one row and [`ABREAST`] `panels`.
///
/// The sum runs in order from zero, so that an element depends neither on the rows and panels beside it nor on the thread.
///
/// # Safety
/// `rows` and `registers` are at least 1 and at most `isa.tile()`; the pointers reach the words described, and nobody else
/// touches those of `dst` meanwhile.
pub(super) unsafe fn run(
    isa: Isa,
    element: Element,
    [panels, rows, registers]: [usize; 3],
    tile: Tile,
) {
    macro_rules! pick {
        ($run:ident::<$element:ty>; $($registers:literal: $($rows:literal)*;)*) => {
            match (panels, registers, rows) {
                // SAFETY: the caller's.
                $($((1, $registers, $rows) => unsafe { $run::<$element, 1, $rows, $registers>(tile) },)*)*
                // SAFETY: the caller's.
                $((ABREAST, $registers, 1) => unsafe { $run::<$element, ABREAST, 1, $registers>(tile) },)*
                _ => unreachable!("a tile of {panels} panels, {rows} rows and {registers} registers"),
            }
        };
    }
    macro_rules! each_element {
        ($run:ident; $($rest:tt)*) => {
            match element {
                Element::F32 => pick!($run::<F32>; $($rest)*),
                Element::Bf16 => pick!($run::<Bf16>; $($rest)*),
                Element::Int8 => pick!($run::<Int8>; $($rest)*),
            }
        };
    }
    match isa.kind() {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512Dot => {
            each_element!(avx512_dot; 1: 1 2 3 4 5 6 7 8; 2: 1 2 3 4 5 6 7 8; 3: 1 2 3 4 5 6 7 8;)
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            each_element!(avx512; 1: 1 2 3 4 5 6 7 8; 2: 1 2 3 4 5 6 7 8; 3: 1 2 3 4 5 6 7 8;)
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => each_element!(avx2; 1: 1 2 3 4 5 6; 2: 1 2 3 4 5 6;),
        Kind::Portable => each_element!(portable; 1: 1 2 3 4; 2: 1 2 3 4;),
    }
}

macro_rules! compiled_for {
    ($name:ident: $simd:ty $(, $features:literal)?) => {
        $(#[target_feature(enable = $features)])?
        unsafe fn $name<E: Dot, const P: usize, const R: usize, const Q: usize>(tile: Tile) {
            // SAFETY: the caller's.
            unsafe { any::<$simd, E, P, R, Q>(tile) }
        }
    };
}

#[cfg(target_arch = "x86_64")]
compiled_for!(avx512_dot: Avx512Dot, "avx512bf16,avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma");
#[cfg(target_arch = "x86_64")]
compiled_for!(avx512: Avx512, "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma");
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2: Avx2, "avx2,fma");
compiled_for!(portable: Portable);

/// How words of an element type are multiplied.
trait Dot {
    const INTEGERS: bool = false;

    /// # Safety
    /// As [`Simd`]'s functions.
    unsafe fn dot<S: Simd>(a: S::Vector, b: S::Vector, sum: S::Vector) -> S::Vector;
}

struct F32;
struct Bf16;
struct Int8;

impl Dot for F32 {
    #[inline(always)]
    unsafe fn dot<S: Simd>(a: S::Vector, b: S::Vector, sum: S::Vector) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::mul_add(a, b, sum) }
    }
}

impl Dot for Bf16 {
    #[inline(always)]
    unsafe fn dot<S: Simd>(a: S::Vector, b: S::Vector, sum: S::Vector) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::dot_bf16(a, b, sum) }
    }
}

impl Dot for Int8 {
    const INTEGERS: bool = true;

    #[inline(always)]
    unsafe fn dot<S: Simd>(a: S::Vector, b: S::Vector, sum: S::Vector) -> S::Vector {
        // SAFETY: the caller's.
        unsafe { S::dot_int8(a, b, sum) }
    }
}

#[inline(always)]
unsafe fn any<S: Simd, E: Dot, const P: usize, const R: usize, const Q: usize>(tile: Tile) {
    // SAFETY: `p < P`, `r < R`, `q < Q` and the steps throughout: inside of what the caller vouches for. The pointers beyond
    // the last step are made by `wrapping_add` and not read.
    unsafe {
        let column = |p: usize, q: usize| (p * Q + q) * S::LANES;
        let mut sums: [[[S::Vector; Q]; R]; P] = std::array::from_fn(|p| {
            let row: [_; Q] = std::array::from_fn(|q| match E::INTEGERS {
                true => S::load(tile.start.add(column(p, q))),
                false => S::splat(0.0),
            });
            [row; R]
        });
        let (mut lhs, mut panel) = (tile.lhs, tile.panel);
        for _ in 0..tile.steps {
            for (p, sums) in sums.iter_mut().enumerate() {
                let panel = panel.wrapping_add(p * tile.panel_stride);
                let right: [_; Q] = std::array::from_fn(|q| S::load(panel.add(q * S::LANES)));
                for q in 0..Q {
                    prefetch(panel.wrapping_add((AHEAD * Q + q) * S::LANES));
                }
                for (r, row) in sums.iter_mut().enumerate() {
                    let left = S::splat(*lhs.add(r * tile.lhs_row));
                    for (sum, right) in row.iter_mut().zip(right) {
                        *sum = E::dot::<S>(left, right, *sum);
                    }
                }
            }
            lhs = lhs.wrapping_add(tile.lhs_step);
            panel = panel.wrapping_add(Q * S::LANES);
        }
        for (p, sums) in sums.iter().enumerate() {
            let dst = tile.dst.wrapping_add(p * tile.dst_stride);
            for (r, row) in sums.iter().enumerate() {
                for (q, &sum) in row.iter().enumerate() {
                    let to = dst.add(r * tile.dst_row + q * S::LANES);
                    let sum = match E::INTEGERS {
                        true => {
                            let factor = S::load(tile.factors.add(column(p, q)));
                            let factor = S::mul(factor, S::splat(*tile.row_factors.add(r)));
                            S::mul(S::from_int32(sum), factor)
                        }
                        false => sum,
                    };
                    S::store(
                        to,
                        match tile.beta {
                            Beta::Zero => sum,
                            Beta::One => S::add(S::load(to), sum),
                        },
                    );
                }
            }
        }
    }
}
