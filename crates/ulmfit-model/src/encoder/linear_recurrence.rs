//! The recurrence of a QRNN: linear in its state, so that the steps need not be taken one after the other.

use burn::tensor::Tensor;

/// `c_t = keep_t * c_{t-1} + add_t` for all steps, element by element, from `c_{-1} = start`.
///
/// Two steps in a row are one step of the same kind, with `keep_1 keep_0` and `keep_1 add_0 + add_1`: all pairs are
/// joined at once, the half as long sequence is solved in the same way, and the states between follow from it. That is
/// a few operations for each doubling of the length. Step by step, autodiff would make a full-size gradient for the
/// slice of every step, and time would grow with the square of the length; here each halving slices once, and the work
/// in all is that of a few passes over the tensors, forward and backward.
///
/// # Shapes
/// `keep`, `add`: `[T, N]`; `start`: `[1, N]`; returns `[T, N]`.
pub(crate) fn linear_recurrence(keep: Tensor<2>, add: Tensor<2>, start: Tensor<2>) -> Tensor<2> {
    let [steps, width] = keep.dims();
    if steps == 1 {
        return keep * start + add;
    }
    let (keep_even, keep_odd) = halves(keep);
    let (add_even, add_odd) = halves(add);
    let odd = linear_recurrence(
        keep_odd.clone() * keep_even.clone(),
        keep_odd * add_even.clone() + add_odd,
        start.clone(),
    );
    let pairs = steps.div_ceil(2);
    // Before an even step stands the odd one of the pair before.
    let before = match pairs {
        1 => start,
        _ => Tensor::cat(vec![start, odd.clone().slice([0..pairs - 1, 0..width])], 0),
    };
    let even = keep_even * before + add_even;
    let all = Tensor::cat(vec![even, odd], 1).reshape([2 * pairs, width]);
    match steps % 2 {
        0 => all,
        _ => all.slice([0..steps, 0..width]),
    }
}

/// The even and the odd steps of `[T, N]`; where `T` is odd, a step of zeros is added.
fn halves(x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let [steps, width] = x.dims();
    let whole = match steps % 2 {
        0 => x,
        _ => {
            let zeros = Tensor::zeros([1, width], &x.device());
            Tensor::cat(vec![x, zeros], 0)
        }
    };
    let pairs = steps.div_ceil(2);
    let side_by_side = whole.reshape([pairs, 2 * width]);
    let cut = |from: usize| side_by_side.clone().slice([0..pairs, from..from + width]);
    (cut(0), cut(width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use burn::tensor::Device;

    fn values(x: &Tensor<2>) -> Vec<f32> {
        x.to_data().iter::<f32>().collect()
    }

    #[test]
    fn every_length_equals_step_by_step() {
        let device = Device::default();
        let width = 3;
        for steps in (1..20).chain([63, 64, 70]) {
            let mut random = Random::new(steps as u64);
            let keep = random.uniform([steps, width], 1.0, &device);
            let add = random.uniform([steps, width], 1.0, &device);
            let start = random.uniform([1, width], 1.0, &device);
            let (k, a) = (values(&keep), values(&add));
            let mut state = values(&start);
            let actual = values(&linear_recurrence(keep, add, start));
            for (t, row) in actual.chunks(width).enumerate() {
                for (n, (c, actual)) in state.iter_mut().zip(row).enumerate() {
                    *c = k[t * width + n] * *c + a[t * width + n];
                    assert!((*c - actual).abs() < 1e-5, "step {t} of {steps}");
                }
            }
        }
    }
}
