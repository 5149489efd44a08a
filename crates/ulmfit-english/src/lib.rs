//! A pretrained English language model, as the bytes of a model file. README.md is its card: data, recipe, perplexity,
//! limits.
//!
//! `ulmfit::train::Pretrained::english` (feature `english`) loads it; this crate exists so that who does not want it does
//! not download it.

/// AWD-LSTM 200/512/3 with 20,000 words, whole-number weights: the bytes of a model file that
/// `ulmfit_model::TextLanguageModel::from_bytes` reads.
///
/// ```
/// // A safetensors file: the length of the header, then JSON.
/// assert_eq!(ulmfit_english::BASE[8], b'{');
/// ```
pub const BASE: &[u8] = include_bytes!("../assets/english-base.safetensors");

/// How many tokens that model has read: which of its versions it is.
pub const TOKENS: u64 = 22_820_340;
