//! The innermost product: a tile of the result that stays in registers while the sum over the depth runs.

use super::Into;
use super::isa::Isa;
use super::right::Right;
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512, Avx512Dots};
use super::simd::{Portable, Simd, prefetch, prefetch_far};

/// Panels that one row is multiplied by side by side: its sums wait for each other otherwise, most registers being idle.
pub(super) const ABREAST: usize = 4;

/// What a tile reads and writes.
#[derive(Clone, Copy)]
pub(super) struct Operands<W: Right> {
    /// Of the depth: as many as there are rows in the panel.
    pub(super) steps: usize,
    /// Left element `(r, k)` is `lhs.add(r * lhs_row + k * lhs_step)`.
    pub(super) lhs: *const W::Left,
    pub(super) lhs_row: usize,
    pub(super) lhs_step: usize,
    /// Right row `k` is the `Q` registers at `panel.add(k * Q * LANES)`.
    pub(super) panel: *const W,
    /// From a panel to the next, where several are multiplied side by side.
    pub(super) panels_apart: usize,
    /// What will be read next: asked for row by row, as the panel is read. It may lie anywhere.
    pub(super) next: *const W,
    /// What will be read after this panel: asked for `later_step` values a row. It may lie anywhere.
    pub(super) later: *const W,
    pub(super) later_step: usize,
    /// A factor for each column of the result, panel after panel; null stands for 1.
    pub(super) factors: *const f32,
    /// Row `r` of the result is at `dst.add(r * dst_row)`.
    pub(super) dst: *mut f32,
    pub(super) dst_row: usize,
    /// From the result of a panel to that of the next.
    pub(super) dst_apart: usize,
    pub(super) into: Into,
}

/// `dst[r][c] (+)= sum over k of lhs(r, k) * panel[k][c]` for a tile of `rows` rows and `registers` registers, of one panel,
/// or of one row and [`ABREAST`] `panels`.
///
/// The sum runs in order from zero, so that an element depends neither on the rows and panels beside it nor on the thread.
///
/// # Safety
/// The processor has `isa`; `rows` and `registers` are at least 1 and at most `isa.tile()`; the pointers reach the
/// elements described, and nobody else touches those of `dst` meanwhile.
pub(super) unsafe fn tile<W: Right>(
    isa: Isa,
    panels: usize,
    rows: usize,
    registers: usize,
    operands: Operands<W>,
) {
    macro_rules! pick {
        ($run:ident, $($registers:literal: $($rows:literal)*;)*) => {
            match (panels, registers, rows) {
                // SAFETY: the caller's.
                $($((1, $registers, $rows) => unsafe { $run::<W, 1, $rows, $registers>(operands) },)*)*
                // SAFETY: the caller's.
                $((ABREAST, $registers, 1) => unsafe { $run::<W, ABREAST, 1, $registers>(operands) },)*
                _ => unreachable!("a tile of {panels} panels, {rows} rows and {registers} registers"),
            }
        };
    }
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 if W::PAIRED && isa.has_dots() => pick!(
            avx512_dots,
            1: 1 2 3 4 5 6 7 8;
            2: 1 2 3 4 5 6 7 8;
            3: 1 2 3 4 5 6 7 8;
        ),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => pick!(
            avx512,
            1: 1 2 3 4 5 6 7 8;
            2: 1 2 3 4 5 6 7 8;
            3: 1 2 3 4 5 6 7 8;
        ),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => pick!(
            avx2,
            1: 1 2 3 4 5 6;
            2: 1 2 3 4 5 6;
        ),
        Isa::Portable => pick!(
            portable,
            1: 1 2 3 4;
            2: 1 2 3 4;
        ),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512bf16,avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn avx512_dots<W: Right, const P: usize, const R: usize, const Q: usize>(
    operands: Operands<W>,
) {
    // SAFETY: the caller's.
    unsafe { any::<Avx512Dots, W, P, R, Q>(operands) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn avx512<W: Right, const P: usize, const R: usize, const Q: usize>(operands: Operands<W>) {
    // SAFETY: the caller's.
    unsafe { any::<Avx512, W, P, R, Q>(operands) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<W: Right, const P: usize, const R: usize, const Q: usize>(operands: Operands<W>) {
    // SAFETY: the caller's.
    unsafe { any::<Avx2, W, P, R, Q>(operands) }
}

unsafe fn portable<W: Right, const P: usize, const R: usize, const Q: usize>(
    operands: Operands<W>,
) {
    // SAFETY: the caller's.
    unsafe { any::<Portable, W, P, R, Q>(operands) }
}

#[inline(always)]
unsafe fn any<S: Simd, W: Right, const P: usize, const R: usize, const Q: usize>(
    operands: Operands<W>,
) {
    let Operands {
        steps,
        lhs,
        lhs_row,
        lhs_step,
        panel,
        panels_apart,
        next,
        later,
        later_step,
        factors,
        dst,
        dst_row,
        dst_apart,
        into,
    } = operands;
    // SAFETY: `p < P`, `r < R`, `k < steps` and `q < Q` throughout: inside of what the caller vouches for. A left element
    // is a single value or has the size of one. The pointers beyond the last step are made by `wrapping_add` and not read.
    unsafe {
        let scaled = !factors.is_null();
        let mut sums = [[[S::splat(0.0); Q]; R]; P];
        let (mut lhs, mut panel, mut next, mut later) = (lhs, panel, next, later);
        for _ in 0..steps {
            for (p, sums) in sums.iter_mut().enumerate() {
                let at = p * panels_apart;
                let right: [_; Q] =
                    std::array::from_fn(|q| W::load::<S>(panel.add(at + q * S::LANES)));
                for q in 0..Q {
                    prefetch(next.wrapping_add(at + q * S::LANES).cast());
                }
                prefetch_far(later.wrapping_add(at).cast());
                for (r, row) in sums.iter_mut().enumerate() {
                    let left = S::splat(*lhs.add(r * lhs_row).cast());
                    for (sum, right) in row.iter_mut().zip(right) {
                        *sum = W::mul_add::<S>(left, right, *sum);
                    }
                }
            }
            lhs = lhs.wrapping_add(lhs_step);
            panel = panel.wrapping_add(Q * S::LANES);
            next = next.wrapping_add(Q * S::LANES);
            later = later.wrapping_add(later_step);
        }
        for (p, sums) in sums.iter().enumerate() {
            let (dst, factors) = (
                dst.wrapping_add(p * dst_apart),
                factors.wrapping_add(p * Q * S::LANES),
            );
            for (r, row) in sums.iter().enumerate() {
                for (q, &sum) in row.iter().enumerate() {
                    let to = dst.add(r * dst_row + q * S::LANES);
                    let sum = W::total::<S>(sum);
                    let sum = match (scaled, into) {
                        (false, Into::Replace) => sum,
                        (false, Into::Add) => S::add(S::load(to), sum),
                        (true, into) => {
                            let before = match into {
                                Into::Replace => S::splat(0.0),
                                Into::Add => S::load(to),
                            };
                            S::mul_add(S::load(factors.add(q * S::LANES)), sum, before)
                        }
                    };
                    S::store(to, sum);
                }
            }
        }
    }
}
