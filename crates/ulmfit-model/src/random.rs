//! Randomness on the host: initial weights and dropout masks.
//!
//! Every backend has a generator of its own, and they do not agree. Weights and masks are therefore drawn here, from
//! one explicit seed, and moved to the device: the same seed gives the same numbers on every device.

use burn::tensor::{Device, Int, Shape, Tensor, TensorData};
use rand::{Rng as _, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use ulmfit_kernels::KeptElements;

/// A seeded generator of weights, masks and samples; a value, passed where it is used. Stored and read again, it goes on
/// with the number it would have drawn next.
///
/// ```
/// use burn::tensor::Device;
/// use ulmfit_model::Random;
///
/// let device = Device::default();
/// let a = Random::new(7).uniform::<2>([2, 3], 0.1, &device);
/// let b = Random::new(7).uniform::<2>([2, 3], 0.1, &device);
/// assert_eq!(a.into_data(), b.into_data());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// A generator that starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The next number in `[0, 1)`, with 24 random bits.
    pub fn unit(&mut self) -> f32 {
        const STEP: f32 = 1.0 / (1 << 24) as f32;
        (self.0.next_u32() >> 8) as f32 * STEP
    }

    /// A generator of its own: this one goes on as if it had drawn once.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::new(self.0.next_u64())
    }

    /// A tensor of independent draws from `U(-bound, bound)`.
    pub fn uniform<const D: usize>(
        &mut self,
        shape: [usize; D],
        bound: f64,
        device: &Device,
    ) -> Tensor<D> {
        let n = shape.iter().product();
        let values = (0..n)
            .map(|_| (2.0 * self.unit() - 1.0) * bound as f32)
            .collect();
        from_values(values, shape, device)
    }

    /// `n` factors of a dropout mask: 0 with probability `p`, else `1 / (1 - p)`.
    pub(crate) fn mask_values(&mut self, n: usize, p: f64) -> Vec<f32> {
        let (mut is_kept, scale) = (self.draws(p), scale(p));
        (0..n)
            .map(|element| if is_kept(element) { scale } else { 0.0 })
            .collect()
    }

    /// The same draws as those of [`Self::mask_values`], as bits.
    pub(crate) fn kept(&mut self, n: usize, p: f64) -> KeptElements {
        KeptElements::from_fn(n, scale(p), self.draws(p))
    }

    /// Draws for the elements 0, 1, and so on whether each is kept.
    fn draws(&mut self, p: f64) -> impl FnMut(usize) -> bool {
        // One 32-bit half of each draw decides one element.
        let threshold = (p * 4_294_967_296.0) as u64;
        let mut bits = 0;
        move |element| {
            if element % 2 == 0 {
                bits = self.0.next_u64();
                bits >> 32 >= threshold
            } else {
                bits & 0xffff_ffff >= threshold
            }
        }
    }

    /// A dropout mask as a tensor.
    pub(crate) fn mask<const D: usize>(
        &mut self,
        shape: [usize; D],
        p: f64,
        device: &Device,
    ) -> Tensor<D> {
        let values = self.mask_values(shape.iter().product(), p);
        from_values(values, shape, device)
    }
}

/// What is kept is multiplied by this.
fn scale(p: f64) -> f32 {
    (1.0 / (1.0 - p)) as f32
}

/// A tensor of `values` in row-major order.
pub(crate) fn from_values<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, Shape::from(shape)), device)
}

/// Ids as a tensor.
pub(crate) fn int_tensor(ids: &[u32], device: &Device) -> Tensor<1, Int> {
    let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    let shape = [ids.len()];
    Tensor::from_data(TensorData::new(ids, shape), device)
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_stored_generator_goes_on_where_it_was() -> serde_json::Result<()> {
        let mut random = Random::new(5);
        random.unit();
        let mut read: Random = serde_json::from_str(&serde_json::to_string(&random)?)?;
        assert_eq!(read.mask_values(9, 0.5), random.mask_values(9, 0.5));
        Ok(())
    }

    #[test]
    fn bits_are_the_draws_of_the_factors() {
        let factors = Random::new(8).mask_values(131, 0.4);
        let kept = Random::new(8).kept(131, 0.4);
        let bits: Vec<f32> = (0..131).map(|element| kept.factor(element)).collect();
        assert_eq!(bits, factors);
    }

    #[test]
    fn a_mask_drops_its_share_and_keeps_the_mean() {
        let mask = Random::new(1).mask_values(100_001, 0.3);
        assert_eq!(mask.len(), 100_001);
        let zeros = mask.iter().filter(|&&m| m == 0.0).count() as f64 / 100_001.0;
        assert!((zeros - 0.3).abs() < 0.01, "{zeros}");
        assert!(
            mask.iter()
                .all(|&m| m == 0.0 || (m - 1.0 / 0.7).abs() < 1e-6)
        );
    }
}
