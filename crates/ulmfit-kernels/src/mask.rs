//! Masks of dropout, one bit an element.

use std::sync::Arc;

/// Which elements of a tensor are kept.
///
/// ```
/// use ulmfit_kernels::KeptElements;
/// let kept = KeptElements::from_fn(3, 2.0, |element| element != 1);
/// assert_eq!((0..3).map(|element| kept.factor(element)).collect::<Vec<_>>(), [2.0, 0.0, 2.0]);
/// ```
#[derive(Clone, Debug)]
pub struct KeptElements {
    /// Element `n` is bit `n % 64` of word `n / 64`.
    pub(crate) bits: Arc<[u64]>,
    pub(crate) len: usize,
    pub(crate) scale: f32,
}

impl KeptElements {
    /// Asks for `len` elements, in their order, whether each is kept; `scale` is what kept ones are multiplied by.
    pub fn from_fn(len: usize, scale: f32, mut is_kept: impl FnMut(usize) -> bool) -> Self {
        let words = (0..len).step_by(64).map(|from| {
            (from..len.min(from + 64)).fold(0, |word, n| word | u64::from(is_kept(n)) << (n - from))
        });
        Self {
            bits: words.collect(),
            len,
            scale,
        }
    }

    /// What an element is multiplied by: the scale, or 0.
    ///
    /// # Panics
    /// If there is no such element.
    pub fn factor(&self, element: usize) -> f32 {
        assert!(element < self.len, "element {element} of {}", self.len);
        self.factor_if(self.bits[element / 64] >> (element % 64) & 1 == 1)
    }

    #[inline(always)]
    fn factor_if(&self, kept: bool) -> f32 {
        if kept { self.scale } else { 0.0 }
    }

    /// Multiplies `run`, copies of the elements from number `from` on, by their factors.
    #[cfg(feature = "flex")]
    #[inline(always)]
    pub(crate) fn apply(&self, run: &mut [f32], from: usize) {
        // 32 bits at a time: as wide as a value, which is how vector code wants them.
        for (part, run) in run.chunks_mut(32).enumerate() {
            let word = self.bits_from(from + part * 32);
            for (bit, value) in run.iter_mut().enumerate() {
                *value *= self.factor_if(word >> bit & 1 == 1);
            }
        }
    }

    /// The bits of the 32 elements from `element` on; none behind the last word.
    #[cfg(feature = "flex")]
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

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn a_run_may_begin_anywhere() {
        let mask = KeptElements::from_fn(200, 2.0, |element| element * element % 3 > 0);
        for from in 0..200 {
            for len in [1, 31, 32, 33, 48, 100] {
                let mut run = vec![1.0; len.min(200 - from)];
                mask.apply(&mut run, from);
                let expected: Vec<f32> = (from..from + run.len()).map(|n| mask.factor(n)).collect();
                assert_eq!(run, expected, "{len} from {from}");
            }
        }
    }
}
