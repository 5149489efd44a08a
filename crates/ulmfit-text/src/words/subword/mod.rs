//! Subwords: pieces of words, from a model of the Hugging Face `tokenizers` library.

mod config;

#[cfg(not(feature = "subwords"))]
mod absent;
#[cfg(feature = "subwords")]
mod lattice;
#[cfg(feature = "subwords")]
mod layout;
#[cfg(feature = "subwords")]
mod model;
#[cfg(feature = "subwords")]
mod samples;
#[cfg(feature = "subwords")]
mod train;
#[cfg(feature = "subwords")]
mod unigram;

#[cfg(not(feature = "subwords"))]
pub use absent::SubwordModel;
pub use config::{SubwordConfig, SubwordSize};
#[cfg(feature = "subwords")]
pub use model::SubwordModel;
