//! The pointwise half of a step: gates, cell and hidden state, forward and backward, on slices.

use crate::cpu::isa::best_isa;
use crate::cpu::math::{exp, mul_add};

#[inline(always)]
fn sigmoid<const FUSED: bool>(x: f32) -> f32 {
    1.0 / (1.0 + exp::<FUSED>(-x))
}

/// Relative error below 3e-7 everywhere: near zero `2 sigmoid(2x) - 1` would cancel, and batch normalization of nearly
/// equal rows would magnify what is lost.
#[inline(always)]
fn tanh<const FUSED: bool>(x: f32) -> f32 {
    let z = x * x;
    let p = -5.704_988_7e-3_f32;
    let p = mul_add::<FUSED>(p, z, 2.063_909e-2);
    let p = mul_add::<FUSED>(p, z, -5.373_971_6e-2);
    let p = mul_add::<FUSED>(p, z, 1.333_144_2e-1);
    let p = mul_add::<FUSED>(p, z, -3.333_328e-1);
    let near = mul_add::<FUSED>(x * z, p, x);
    let far = 1.0 - 2.0 / (1.0 + exp::<FUSED>(2.0 * x));
    if x.abs() < 0.625 { near } else { far }
}

/// One row (or one block of a row) going forward: pre-activations without `bias` in `gates` become activations, `cell`
/// and `hidden` are written. All slices have one length.
pub(super) fn forward(
    gates: [&mut [f32]; 4],
    bias: [&[f32]; 4],
    cell_before: &[f32],
    cell: &mut [f32],
    hidden: &mut [f32],
) {
    best_isa!(
        fused forward_any;
        gates: [&mut [f32]; 4],
        bias: [&[f32]; 4],
        cell_before: &[f32],
        cell: &mut [f32],
        hidden: &mut [f32],
    );
}

#[inline(always)]
fn forward_any<const FUSED: bool>(
    gates: [&mut [f32]; 4],
    bias: [&[f32]; 4],
    cell_before: &[f32],
    cell: &mut [f32],
    hidden: &mut [f32],
) {
    let n = cell.len();
    let [gi, gf, gg, go] = gates;
    // One length for all, so that the loop carries no bounds check.
    let (gi, gf, gg, go) = (&mut gi[..n], &mut gf[..n], &mut gg[..n], &mut go[..n]);
    let [bi, bf, bg, bo] = bias.map(|gate| &gate[..n]);
    let (cell_before, hidden) = (&cell_before[..n], &mut hidden[..n]);
    for j in 0..n {
        let i = sigmoid::<FUSED>(gi[j] + bi[j]);
        let f = sigmoid::<FUSED>(gf[j] + bf[j]);
        let g = tanh::<FUSED>(gg[j] + bg[j]);
        let o = sigmoid::<FUSED>(go[j] + bo[j]);
        let c = mul_add::<FUSED>(f, cell_before[j], i * g);
        (gi[j], gf[j], gg[j], go[j]) = (i, f, g, o);
        cell[j] = c;
        hidden[j] = o * tanh::<FUSED>(c);
    }
}

/// What one row (or block) reads on the way back.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) cell: &'a [f32],
    pub(super) cell_before: &'a [f32],
    /// Gradient of the hidden state from above.
    pub(super) d_hidden: &'a [f32],
    /// Gradient of the hidden state from step `t + 1`.
    pub(super) d_recurrent: &'a [f32],
}

/// One row (or block) going back: activations in `gates` become the gradient of the pre-activations, and `d_cell` is
/// carried to step `t - 1`.
pub(super) fn backward(seen: Seen<'_>, d_cell: &mut [f32], gates: [&mut [f32]; 4]) {
    best_isa!(
        fused backward_any;
        seen: Seen<'_>,
        d_cell: &mut [f32],
        gates: [&mut [f32]; 4],
    );
}

#[inline(always)]
fn backward_any<const FUSED: bool>(seen: Seen<'_>, d_cell: &mut [f32], gates: [&mut [f32]; 4]) {
    let n = d_cell.len();
    let (cell, before) = (&seen.cell[..n], &seen.cell_before[..n]);
    let (from_above, from_next) = (&seen.d_hidden[..n], &seen.d_recurrent[..n]);
    let [gi, gf, gg, go] = gates;
    let (gi, gf, gg, go) = (&mut gi[..n], &mut gf[..n], &mut gg[..n], &mut go[..n]);
    for j in 0..n {
        let (i, f, g, o) = (gi[j], gf[j], gg[j], go[j]);
        let tanh_c = tanh::<FUSED>(cell[j]);
        let dh = from_above[j] + from_next[j];
        let dc = d_cell[j] + dh * o * (1.0 - tanh_c * tanh_c);
        gi[j] = dc * g * i * (1.0 - i);
        gf[j] = dc * before[j] * f * (1.0 - f);
        gg[j] = dc * i * (1.0 - g * g);
        go[j] = dh * tanh_c * o * (1.0 - o);
        d_cell[j] = dc * f;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanh_matches_the_standard_library() {
        for tanh in [tanh::<true>, tanh::<false>] {
            for k in -8700..8800 {
                let x = k as f32 / 100.0;
                let error = (tanh(x) - x.tanh()).abs();
                assert!(error <= 3e-7 * x.tanh().abs(), "tanh({x})");
                let small = x / 10_000.0;
                assert!((tanh(small) - small.tanh()).abs() <= 3e-7 * small.tanh().abs());
            }
        }
    }

    #[test]
    fn nan_is_never_hidden() {
        assert!(sigmoid::<true>(f32::NAN).is_nan() && tanh::<true>(f32::NAN).is_nan());
        assert!(sigmoid::<false>(f32::NAN).is_nan() && tanh::<false>(f32::NAN).is_nan());
    }

    #[test]
    fn one_unit_by_hand() {
        // All pre-activations 0 with their bias: i = f = o = 1/2, g = 0; c = c_before / 2.
        let (mut i, mut f, mut g, mut o) = ([-2.0], [0.0], [0.5], [0.0]);
        let bias: [&[f32]; 4] = [&[2.0], &[0.0], &[-0.5], &[0.0]];
        let (mut c, mut h) = ([0.0], [0.0]);
        let gates = [&mut i[..], &mut f, &mut g, &mut o];
        forward(gates, bias, &[1.0], &mut c, &mut h);
        assert!((c[0] - 0.5).abs() < 1e-6 && (h[0] - 0.5 * 0.5f32.tanh()).abs() < 1e-6);
    }
}
