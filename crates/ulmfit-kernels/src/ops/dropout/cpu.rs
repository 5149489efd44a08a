//! The operation on the CPU: one pass over the elements, in place where nothing else holds them.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use super::node::DropoutKernels;
use crate::cpu::isa::best_isa;
use crate::cpu::parts::chunks;
use crate::cpu::team::Team;
use crate::mask::KeptElements;
use crate::ops::flex_tensors::{tensor, values};

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
    let tasks = chunks(elements, TASK);
    Team::run(|team| {
        team.for_each_part(tasks, |task, elements| {
            let from = task * TASK;
            best_isa!(apply; elements: &mut [f32], kept: &KeptElements, from: usize);
        });
    });
}

#[inline(always)]
fn apply(run: &mut [f32], mask: &KeptElements, from: usize) {
    mask.apply(run, from);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::dropout::generic;

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
