//! The operation on the CPU: one pass over the elements, in place where nothing else holds them.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use super::KeptElements;
use super::node::DropoutKernels;
use crate::flex_slices::{tensor, values};
use crate::product::best_isa;

/// Elements of one task.
const TASK: usize = 16 << 10;

impl DropoutKernels for Flex {
    fn multiply(x: FlexTensor, kept: &KeptElements) -> FlexTensor {
        let mut x = x.to_contiguous();
        let whole = x.layout().contiguous_offsets() == Some((0, x.bytes().len() / 4));
        if let Some(elements) = x.try_storage_mut::<f32>().filter(|_| whole) {
            multiply_all(elements, kept);
            return x;
        }
        let mut product = values(&x).to_vec();
        multiply_all(&mut product, kept);
        tensor(product, x.layout().shape().clone())
    }
}

fn multiply_all(elements: &mut [f32], kept: &KeptElements) {
    let tasks = elements.par_chunks_mut(TASK).enumerate();
    tasks.for_each(|(task, elements)| {
        let from = task * TASK;
        best_isa!(multiply_run; elements: &mut [f32], kept: &KeptElements, from: usize);
    });
}

/// Multiplies `run`, copies of the elements from number `from` on, by their factors.
#[inline(always)]
pub(crate) fn multiply_run(run: &mut [f32], kept: &KeptElements, from: usize) {
    // 32 bits at a time: as wide as a value, which is how vector code wants them.
    for (part, run) in run.chunks_mut(32).enumerate() {
        let word = kept.bits_from(from + part * 32);
        for (bit, value) in run.iter_mut().enumerate() {
            *value *= kept.factor_if(word >> bit & 1 == 1);
        }
    }
}

impl KeptElements {
    /// The bits of the 32 elements from `element` on; none behind the last word.
    #[inline(always)]
    fn bits_from(&self, element: usize) -> u32 {
        let (word, shift) = (element / 64, element % 64);
        let mut bits = self.bits[word] >> shift;
        if shift > 32 {
            let next = self.bits.get(word + 1).copied().unwrap_or(0);
            bits |= next << (64 - shift);
        }
        bits as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dropout::generic;

    #[test]
    fn a_run_may_begin_anywhere() {
        let kept = KeptElements::from_fn(200, 2.0, |element| element * element % 3 > 0);
        for from in 0..200 {
            for len in [1, 31, 32, 33, 48, 100] {
                let mut run = vec![1.0; len.min(200 - from)];
                multiply_run(&mut run, &kept, from);
                let expected: Vec<f32> = (from..from + run.len()).map(|n| kept.factor(n)).collect();
                assert_eq!(run, expected, "{len} from {from}");
            }
        }
    }

    #[test]
    fn the_generic_body_agrees_in_place_and_beside() {
        // Two tasks, with a tail.
        let n = TASK + 77;
        let x: Vec<f32> = (0..n).map(|n| (n as f32 * 0.7).sin()).collect();
        let kept = KeptElements::from_fn(n, 1.25, |element| element % 7 % 3 > 0);
        let x = || tensor(x.clone(), [n]);
        let expected = generic::multiply::<Flex>(x(), &kept);
        let in_place = Flex::multiply(x(), &kept);
        assert_eq!(values(&in_place), values(&expected));
        let shared = x();
        let beside = Flex::multiply(shared.clone(), &kept);
        assert_eq!(values(&beside), values(&expected));
        assert_eq!(
            values(&shared),
            values(&x()),
            "a shared tensor stays as it was"
        );
    }
}
