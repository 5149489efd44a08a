//! The five dropouts of AWD-LSTM and the switch between training and evaluation.
//!
//! | dropout | mask | where |
//! |---|---|---|
//! | embed | one draw a vocabulary row | the embedding of every occurrence of a word |
//! | input | `[1, B, E]`, the same at all steps | after the embedding |
//! | weight | one draw an element of an LSTM's recurrent weight, or of a QRNN's input weight | once a call |
//! | hidden | `[1, B, H]`, the same at all steps | between layers, not after the last |
//! | output | `[1, B, E]`, the same at all steps | before the decoder (language model) |
//!
//! What is kept is scaled by `1 / (1 - p)`. Merity et al. 2018, section 4; SPEC names as in fastai.

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use ulmfit_kernels::{KeptElements, drop_elements};

use crate::error::{Error, Result};
use crate::random::Random;

/// Probabilities of the five dropouts, each in `[0, 1)`.
///
/// | field | language model | classifier |
/// |---|---|---|
/// | `embed` | 0.02 | 0.05 |
/// | `input` | 0.25 | 0.4 |
/// | `weight` | 0.2 | 0.5 |
/// | `hidden` | 0.15 | 0.3 |
/// | `output` | 0.1 | 0.4 (in the head, after the first normalization) |
///
/// Defaults: fastai v1 and v2 (`awd_lstm_lm_config`, `awd_lstm_clas_config`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dropouts {
    /// Whole words.
    pub embed: f64,
    /// Features of the embedding.
    pub input: f64,
    /// Elements of the recurrent weights (DropConnect); a QRNN has none, and its input weights take their place.
    pub weight: f64,
    /// Features between layers.
    pub hidden: f64,
    /// Features of the encoder's output.
    pub output: f64,
}

impl Dropouts {
    /// The language model's defaults.
    pub fn language_model() -> Self {
        Self {
            embed: 0.02,
            input: 0.25,
            weight: 0.2,
            hidden: 0.15,
            output: 0.1,
        }
    }

    /// The classifier's defaults.
    pub fn classifier() -> Self {
        Self {
            embed: 0.05,
            input: 0.4,
            weight: 0.5,
            hidden: 0.3,
            output: 0.4,
        }
    }

    /// No dropout at all.
    pub fn none() -> Self {
        Self {
            embed: 0.0,
            input: 0.0,
            weight: 0.0,
            hidden: 0.0,
            output: 0.0,
        }
    }

    /// All five multiplied by `factor` (fastai's `drop_mult`).
    ///
    /// ```
    /// use ulmfit_model::Dropouts;
    /// assert_eq!(Dropouts::language_model().scaled(0.5).input, 0.125);
    /// ```
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            embed: self.embed * factor,
            input: self.input * factor,
            weight: self.weight * factor,
            hidden: self.hidden * factor,
            output: self.output * factor,
        }
    }

    /// Checks that each probability is in `[0, 1)`.
    ///
    /// # Errors
    /// [`Error::Config`] with the field and its value.
    pub fn validate(&self) -> Result<()> {
        for (field, p) in self.fields() {
            if !(0.0..1.0).contains(&p) {
                let expected = "a dropout probability of at least 0 and below 1";
                return Err(Error::config(field, expected, p));
            }
        }
        Ok(())
    }

    fn fields(&self) -> [(&'static str, f64); 5] {
        [
            ("embed", self.embed),
            ("input", self.input),
            ("weight", self.weight),
            ("hidden", self.hidden),
            ("output", self.output),
        ]
    }
}

/// Whether a forward pass trains (dropout on, masks drawn from the generator) or evaluates. Stored and read again, it draws
/// the mask that it would have drawn next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// No dropout; batch normalization uses its running statistics.
    Eval,
    /// Dropout on; batch normalization uses the batch.
    Train(Random),
}

impl Mode {
    /// Training, with masks drawn from `seed`.
    pub fn train(seed: u64) -> Self {
        Self::Train(Random::new(seed))
    }

    /// A mode whose masks are drawn apart from this one's: however many it draws, this one goes on in the same place.
    ///
    /// ```
    /// use ulmfit_model::Mode;
    ///
    /// let (mut a, mut b) = (Mode::train(7), Mode::train(7));
    /// assert_eq!(a.fork(), b.fork());
    /// assert_ne!(a.fork(), a);
    /// ```
    #[must_use]
    pub fn fork(&mut self) -> Self {
        match self {
            Self::Eval => Self::Eval,
            Self::Train(random) => Self::Train(random.fork()),
        }
    }

    /// Whether this is training.
    pub fn is_train(&self) -> bool {
        matches!(self, Self::Train(_))
    }

    /// The generator, where there is something to drop.
    fn active(&mut self, p: f64) -> Option<&mut Random> {
        match self {
            Self::Train(random) if p > 0.0 => Some(random),
            _ => None,
        }
    }

    /// Returns `x` with each element dropped with probability `p` and the others divided by `1 - p`; `x` itself outside of
    /// training.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use ulmfit_model::Mode;
    ///
    /// let x = Tensor::<1>::ones([1000], &Device::default());
    /// let dropped = Mode::train(7).dropout(x.clone(), 0.5);
    /// assert!((dropped.mean().into_scalar::<f32>() - 1.0).abs() < 0.1);
    /// assert_eq!(Mode::Eval.dropout(x, 0.5).min().into_scalar::<f32>(), 1.0);
    /// ```
    pub fn dropout<const D: usize>(&mut self, x: Tensor<D>, p: f64) -> Tensor<D> {
        match self.kept(x.shape().num_elements(), p) {
            Some(kept) => drop_elements(x, kept),
            None => x,
        }
    }

    /// Which of `n` elements are kept, where some are to be dropped.
    pub(crate) fn kept(&mut self, n: usize, p: f64) -> Option<KeptElements> {
        self.active(p).map(|random| random.kept(n, p))
    }

    /// Locked (variational) dropout of `[T, B, W]`: one mask `[1, B, W]` for all steps.
    pub(crate) fn drop_locked(&mut self, x: Tensor<3>, p: f64) -> Tensor<3> {
        let [_, rows, width] = x.dims();
        match self.active(p) {
            Some(random) => {
                let mask = random.mask([1, rows, width], p, &x.device());
                x * mask
            }
            None => x,
        }
    }

    /// Factors of embedding dropout for `ids`, `[N, 1]`: one draw for each of the `vocabulary` words, so that a word
    /// that is dropped is dropped everywhere.
    pub(crate) fn word_factors(
        &mut self,
        ids: &[u32],
        vocabulary: usize,
        p: f64,
        device: &Device,
    ) -> Option<Tensor<2>> {
        let words = self.active(p)?.mask_values(vocabulary, p);
        let factors = ids.iter().map(|&id| words[id as usize]).collect();
        Some(crate::random::from_values(factors, [ids.len(), 1], device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(x: Tensor<3>) -> Vec<f32> {
        x.into_data().iter::<f32>().collect()
    }

    #[test]
    fn locked_mask_is_the_same_at_every_step_and_differs_between_rows() {
        let x = Tensor::ones([3, 4, 50], &Device::default());
        let y = rows(Mode::train(5).drop_locked(x, 0.5));
        let steps: Vec<_> = y.chunks(200).collect();
        assert!(steps.windows(2).all(|pair| pair[0] == pair[1]));
        let batch: Vec<_> = steps[0].chunks(50).collect();
        assert!(batch.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_dropped_word_is_dropped_everywhere_and_masks_are_drawn_anew() {
        let ids = [0, 1, 2, 3, 0, 1, 2, 3];
        let mut mode = Mode::train(3);
        let device = Device::default();
        let mut draw = || -> Vec<f32> {
            let factors = mode.word_factors(&ids, 4, 0.5, &device).expect("training");
            factors.into_data().iter::<f32>().collect()
        };
        let draws: Vec<_> = (0..20).map(|_| draw()).collect();
        assert!(draws.iter().all(|d| d[..4] == d[4..]));
        assert!(draws.windows(2).any(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn elements_are_dropped_one_by_one_scaled_and_drawn_anew() {
        let mut mode = Mode::train(7);
        let mut draw = || -> Vec<f32> {
            let x = mode.dropout(Tensor::<2>::ones([40, 50], &Device::default()), 0.2);
            x.into_data().iter::<f32>().collect()
        };
        let (first, second) = (draw(), draw());
        assert_ne!(first, second);
        assert!(first.iter().all(|&x| x == 0.0 || x == 1.25));
        let kept = first.iter().filter(|&&x| x > 0.0).count();
        assert!((1500..1700).contains(&kept), "{kept} of 2000");
        // Neither whole rows nor whole columns go.
        assert!(
            first
                .chunks(50)
                .all(|row| row.contains(&0.0) && row.contains(&1.25))
        );
        let column = |c: usize| first.iter().skip(c).step_by(50);
        assert!((0..50).all(|c| column(c).any(|&x| x == 0.0) && column(c).any(|&x| x > 0.0)));
    }

    #[test]
    fn locked_and_word_masks_are_scaled() {
        let x = Tensor::ones([2, 8, 25], &Device::default());
        let locked = rows(Mode::train(1).drop_locked(x, 0.2));
        assert!(locked.iter().all(|&x| x == 0.0 || x == 1.25) && locked.contains(&0.0));
        let ids: Vec<u32> = (0..200).collect();
        let words = Mode::train(1).word_factors(&ids, 200, 0.2, &Device::default());
        let words = words.expect("training").into_data();
        assert!(words.iter::<f32>().all(|x| x == 0.0 || x == 1.25));
        let dropped = words.iter::<f32>().filter(|&x| x == 0.0).count();
        assert!((15..70).contains(&dropped), "{dropped} of 200 words");
    }

    #[test]
    fn evaluation_drops_nothing() {
        let x = Tensor::<3>::ones([2, 2, 2], &Device::default());
        assert_eq!(rows(Mode::Eval.drop_locked(x.clone(), 0.9)), vec![1.0; 8]);
        assert_eq!(rows(Mode::Eval.dropout(x, 0.9)), vec![1.0; 8]);
    }
}
