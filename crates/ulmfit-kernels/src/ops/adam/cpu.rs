//! The step on the CPU: one sweep over four arrays, in place where nothing else holds them.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use super::{AdamOps, Factors};
use crate::cpu::parts::chunks;
use crate::cpu::team::Team;
use crate::ops::flex_tensors::{owned, values};

/// Elements of one task: 4 arrays of 16 Ki values stay in the second-level cache.
const TASK: usize = 16 << 10;

/// Elements that are looked at together for a gradient: a page of memory.
const PAGE: usize = 1 << 10;

impl AdamOps for Flex {
    fn adam_update(
        parameter: FlexTensor,
        gradient: FlexTensor,
        moment1: FlexTensor,
        moment2: FlexTensor,
        factors: Factors,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let gradient = gradient.to_contiguous();
        let mut owned = [parameter, moment1, moment2].map(owned);
        let all = owned.each_mut().map(|tensor| tensor.storage_mut::<f32>());
        let gradient = values(&gradient);
        let fits = all.iter().all(|values| values.len() == gradient.len());
        assert!(fits, "gradient and moments have the parameter's shape");
        let [parameter, moment1, moment2] = all.map(|values| chunks(values, TASK));
        Team::run(|team| {
            team.for_each_part((parameter, (moment1, moment2)), |task, part| {
                let (parameter, (moment1, moment2)) = part;
                let gradient = &gradient[task * TASK..][..parameter.len()];
                let pages = parameter
                    .chunks_mut(PAGE)
                    .zip(moment1.chunks_mut(PAGE))
                    .zip(moment2.chunks_mut(PAGE))
                    .zip(gradient.chunks(PAGE));
                for (((parameter, moment1), moment2), gradient) in pages {
                    let arrays = [&*moment1, &*moment2, gradient];
                    if factors.leave_zeros() && arrays.into_iter().all(is_zero) {
                        // Words that have not occurred yet: the moments stay zero, so that fresh memory which is not
                        // written to stays without pages, and the parameter only decays.
                        decay(parameter, factors);
                    } else {
                        sweep(parameter, gradient, moment1, moment2, factors);
                    }
                }
            });
        });
        let [parameter, moment1, moment2] = owned;
        (parameter, moment1, moment2)
    }
}

fn is_zero(values: &[f32]) -> bool {
    let (blocks, rest) = values.as_chunks::<16>();
    let zero = |block: &[f32]| block.iter().fold(true, |zero, &x| zero & (x == 0.0));
    blocks.iter().all(|block| zero(block)) && zero(rest)
}

fn decay(parameter: &mut [f32], f: Factors) {
    if f.keep != 1.0 {
        parameter.iter_mut().for_each(|p| *p *= f.keep);
    }
}

fn sweep(
    parameter: &mut [f32],
    gradient: &[f32],
    moment1: &mut [f32],
    moment2: &mut [f32],
    f: Factors,
) {
    let n = parameter.len();
    let (gradient, moment1, moment2) = (&gradient[..n], &mut moment1[..n], &mut moment2[..n]);
    for j in 0..n {
        let kept = parameter[j] * f.keep;
        let g = gradient[j] * f.scale + kept * f.l2;
        let m = moment1[j] * f.beta1 + g * f.rest1;
        let s = moment2[j] * f.beta2 + g * g * f.rest2;
        moment1[j] = m;
        moment2[j] = s;
        parameter[j] = kept - m / ((s * f.inverse_correction2).sqrt() + f.eps) * f.rate;
    }
}
