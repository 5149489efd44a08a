//! By which names the files of fastai's generations are told apart.
//!
//! | part | v2 | v1 | v0.7 |
//! |---|---|---|---|
//! | copy of the embedding | `encoder_dp.emb.weight` | the same | `encoder_with_dropout.embed.weight` |
//! | recurrent weight | `rnns.0.weight_hh_l0_raw` | the same, and a copy `rnns.0.module.weight_hh_l0` | `rnns.0.module.weight_hh_l0_raw` |
//! | backward direction | `rnns.0.module.weight_hh_l0_reverse` | the same | the same |
//! | decoder's bias | `1.decoder.bias` | the same | none |
//! | head | `1.layers.0.0.weight`, `1.layers.0.2.weight` | `1.layers.0.weight`, `1.layers.2.weight` | `1.layers.0.bn.weight`, `1.layers.0.lin.weight` |
//!
//! Deviation: fastai v2 loads pretrained weights by position, whatever their names; here every tensor is found by name.
//!
//! In front of an encoder's names stands `0.` in a language model, `0.module.` in a classifier of v1 and v2, and nothing
//! in a saved encoder.

use ulmfit_text::{RulePreset, Special, Vocab};

use super::fault::Fault;
use crate::file::layout::{DECODER_BIAS, DECODER_WEIGHT, EMBEDDING, HEAD, OLD_EMBEDDING};

/// A generation of fastai.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 0.7, with the paper's scripts.
    V07,
    /// 1.0: the published WikiText-103 weights.
    V1,
    /// 2.0 and later.
    V2,
}

impl Generation {
    /// The rules that texts went through in this generation.
    ///
    /// ```
    /// use ulmfit_model::import::Generation;
    /// use ulmfit_text::RulePreset;
    /// assert_eq!(Generation::V1.rules(), RulePreset::FastaiV1);
    /// ```
    pub fn rules(self) -> RulePreset {
        match self {
            Self::V07 => RulePreset::Paper,
            Self::V1 => RulePreset::FastaiV1,
            Self::V2 => RulePreset::FastaiV2,
        }
    }

    /// The generation whose special tokens a vocabulary begins with, where they tell.
    pub(super) fn of_vocabulary(vocab: &Vocab) -> Option<Self> {
        let token = |id: usize| vocab.tokens().get(id).map(String::as_str);
        let is = |id, special: Special| token(id) == Some(special.as_str());
        match () {
            () if token(0) == Some(RulePreset::Paper.unknown()) => Some(Self::V07),
            () if is(5, Special::Maj) => Some(Self::V1),
            () if is(5, Special::Rep) => Some(Self::V2),
            () => None,
        }
    }
}

impl std::fmt::Display for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V07 => "fastai v0.7",
            Self::V1 => "fastai v1",
            Self::V2 => "fastai v2",
        })
    }
}

/// What a weight file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightsKind {
    /// An encoder and its tied decoder.
    LanguageModel,
    /// An encoder alone (fastai's `save_encoder`).
    Encoder,
    /// An encoder and a classifier's head.
    Classifier,
}

impl std::fmt::Display for WeightsKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LanguageModel => "a language model",
            Self::Encoder => "an encoder",
            Self::Classifier => "a classifier",
        })
    }
}

/// What the names of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) generation: Generation,
    pub(super) kind: WeightsKind,
    /// What stands in front of the encoder's names.
    pub(super) prefix: &'static str,
}

impl Layout {
    /// Reads the names of all tensors.
    pub(super) fn of(names: &[&str]) -> Result<Self, Fault> {
        let has = |name: &str| names.contains(&name);
        let prefixes = ["0.module.", "0.", ""];
        let Some(prefix) = prefixes
            .into_iter()
            .find(|p| has(&format!("{p}{EMBEDDING}")))
        else {
            return Err(Fault::new(
                "names of the tensors",
                format!("`0.{EMBEDDING}`, `0.module.{EMBEDDING}` or `{EMBEDDING}`"),
                format!(
                    "{} others, such as `{}`",
                    names.len(),
                    names.first().unwrap_or(&"")
                ),
                "pass weights of an AWD-LSTM that fastai has saved",
            ));
        };
        let kind = if names.iter().any(|name| name.starts_with(HEAD)) {
            WeightsKind::Classifier
        } else if has(DECODER_WEIGHT) || has(DECODER_BIAS) {
            WeightsKind::LanguageModel
        } else {
            WeightsKind::Encoder
        };
        let encoder_has = |name: &str| has(&format!("{prefix}{name}"));
        let generation = if encoder_has(OLD_EMBEDDING)
            || encoder_has("rnns.0.module.weight_hh_l0_raw")
            || has("1.layers.0.lin.weight")
        {
            Generation::V07
        } else if encoder_has("rnns.0.module.weight_hh_l0") || has("1.layers.0.weight") {
            Generation::V1
        } else {
            Generation::V2
        };
        Ok(Self {
            generation,
            kind,
            prefix,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn names_tell_generation_and_kind() {
        use {Generation as G, WeightsKind as K};
        for (names, generation, kind, prefix) in [
            (
                &["0.encoder.weight", "1.decoder.bias"][..],
                G::V2,
                K::LanguageModel,
                "0.",
            ),
            (
                &["encoder.weight", "rnns.0.module.weight_hh_l0"],
                G::V1,
                K::Encoder,
                "",
            ),
            (
                &["0.module.encoder.weight", "1.layers.0.0.weight"],
                G::V2,
                K::Classifier,
                "0.module.",
            ),
            (
                &["0.module.encoder.weight", "1.layers.0.weight"],
                G::V1,
                K::Classifier,
                "0.module.",
            ),
            (
                &["0.encoder.weight", "1.layers.0.lin.weight"],
                G::V07,
                K::Classifier,
                "0.",
            ),
            (
                &[
                    "0.encoder.weight",
                    "0.rnns.0.module.weight_hh_l0_raw",
                    "1.decoder.weight",
                ],
                G::V07,
                K::LanguageModel,
                "0.",
            ),
        ] {
            let layout = Layout::of(names).unwrap();
            let expected = Layout {
                generation,
                kind,
                prefix,
            };
            assert_eq!(layout, expected, "{names:?}");
        }
        assert!(Layout::of(&["bert.embeddings"]).is_err());
    }
}
