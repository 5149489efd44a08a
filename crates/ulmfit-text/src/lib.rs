//! Text for ULMFiT: raw strings in, token ids out. This crate knows no tensor.
//!
//! The pipeline has three stages, each usable alone:
//!
//! 1. **Rules** ([`RulePreset`]) mend markup, mark repeats and capitals, and lower-case the text.
//! 2. **Words** ([`WordSplit`]) cut it into tokens; a [`Tokenizer`] is rules plus words.
//! 3. **Vocabulary** ([`Vocab`]) numbers the tokens; built by a [`VocabConfig`] from token counts.
//!
//! ```
//! use ulmfit_text::{TokenizerConfig, VocabConfig};
//!
//! let tokenizer = TokenizerConfig::new().init();
//! let docs = tokenizer.tokenize_all(&["A GREAT film.", "Not a great film."]);
//! assert_eq!(docs[0].join(" "), "xxbos a xxup great film .");
//!
//! let vocab = VocabConfig::new().with_min_freq(2).build(&docs);
//! let ids = vocab.encode(&docs[0]);
//! assert_eq!(vocab.decode(&ids), "a GREAT film .");
//! ```
//!
//! With the cargo feature `subwords`, words can also be cut into the pieces of a [`SubwordModel`], trained here
//! ([`SubwordConfig`]) or read from a Hugging Face `tokenizer.json`.
//!
//! Ids mean nothing without the rules and the vocabulary that made them, so both serialize and
//! belong into every model file. fastai's generations of text rules are presets that never change
//! meaning; text prepared by one must not meet weights trained on another.

#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod counter;
mod decode;
mod error;
mod fields;
mod grid;
mod pytext;
mod readable;
mod rules;
mod specials;
mod tables;
mod tokenizer;
mod tokenizer_config;
mod vocab;
mod vocab_config;
mod words;
mod write_beside;

pub use counter::TokenCounter;
pub use decode::{WordSpan, detokenize, undo_specials, word_spans, word_spans_within};
pub use error::{Error, Result};
pub use fields::join_fields;
pub use grid::TokenGrid;
pub use rules::{Rule, RulePreset, TokenRule};
pub use specials::Special;
pub use tokenizer::Tokenizer;
pub use tokenizer_config::{Direction, EndToken, FieldMarks, TokenizerConfig};
pub use vocab::Vocab;
pub use vocab_config::{VocabConfig, VocabStyle};
pub use words::{EnglishSplitter, SubwordConfig, SubwordModel, SubwordSize, WordSplit};
pub use write_beside::{BesideFile, write_beside};
