//! The operation on the CPU: one pass over the elements, in place where nothing else holds them.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use rayon::prelude::*;

use super::node::DropoutKernels;
use super::{KeptElements, word_factor};
use crate::flex_slices::{tensor, values};

/// Elements of one task: a multiple of 64.
const TASK: usize = 16 << 10;

impl DropoutKernels for Flex {
    fn multiply(x: FlexTensor, kept: &KeptElements) -> FlexTensor {
        let mut x = x.to_contiguous();
        let whole = x.layout().contiguous_offsets() == Some((0, x.bytes().len() / 4));
        if let Some(elements) = x.try_storage_mut::<f32>().filter(|_| whole) {
            let tasks = elements.par_chunks_mut(TASK);
            tasks
                .zip(kept.bits.par_chunks(TASK / 64))
                .for_each(|(elements, words)| {
                    for (elements, &word) in elements.chunks_mut(64).zip(words) {
                        for (bit, element) in elements.iter_mut().enumerate() {
                            *element *= word_factor(word, bit, kept.scale);
                        }
                    }
                });
            return x;
        }
        let mut product = vec![0.0; kept.len];
        let tasks = product.par_chunks_mut(TASK);
        tasks
            .zip(values(&x).par_chunks(TASK))
            .zip(kept.bits.par_chunks(TASK / 64))
            .for_each(|((product, x), words)| {
                let blocks = product.chunks_mut(64).zip(x.chunks(64));
                for ((product, x), &word) in blocks.zip(words) {
                    for (bit, (product, x)) in product.iter_mut().zip(x).enumerate() {
                        *product = x * word_factor(word, bit, kept.scale);
                    }
                }
            });
        tensor(product, x.layout().shape().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dropout::generic;

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
