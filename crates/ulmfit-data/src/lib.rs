//! Data for ULMFiT: files in, batches of token ids out. This crate knows no tensor and no text rule.
//!
//! 1. **Sources** yield documents: a [`Source`] reads CSV, JSON lines, Parquet, plain text and folders, one document at a
//!    time or all of them as a [`Corpus`]; [`ReviewSet`] opens a whole data set in each layout it comes in.
//! 2. **Subsets** cut it: [`Corpus::split`], [`Corpus::balanced`] and their neighbors.
//! 3. **Loaders** make batches of the ids of its texts: [`LmLoader`] streams for a language model, every token predicted
//!    once an epoch; [`ClassLoader`] right-padded documents of like length for a classifier.
//!
//! ```
//! use ulmfit_data::{Corpus, Document, LmLoaderConfig};
//!
//! let documents = vec![Document::labeled("good", 1), Document::labeled("bad", 0)];
//! let corpus = Corpus::new(documents, vec!["neg".into(), "pos".into()])?;
//! assert_eq!(corpus.labels()?, [1, 0]);
//!
//! let ids = vec![vec![2, 9, 10, 11], vec![2, 12, 13]]; // What a vocabulary made of two texts.
//! let loader = LmLoaderConfig::new().with_batch_size(2).with_seq_len(3).build(ids)?;
//! assert_eq!(loader.epoch(0).count(), loader.n_batches());
//! # Ok::<(), ulmfit_data::Error>(())
//! ```
//!
//! **Randomness.** Every random choice is a pure function of a seed, of the epoch where there is one, and of what the
//! choice is for: SplitMix64's finalizer mixes the three into the seed of a xoshiro256++ generator. There is no hidden
//! generator state, an epoch's choices do not need those of the epochs before it, and they are equal on every machine.

#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

mod digest;
mod error;
mod random;

mod columns;
mod document;
mod labels;
mod report;

mod formats;
mod input;
mod lines;

mod classes;
mod corpus;
mod label_kind;
mod splits;
mod strata;
mod subsets;

mod review_set;
mod source;
mod sources;
mod write_csv;

mod chunks;
mod prepared;
mod store;

mod lm_loader;
mod lm_rows;
mod step_lengths;

mod class_loader;
mod length_order;

pub use chunks::count_tokens;
pub use class_loader::{ClassBatch, ClassLoader, ClassLoaderConfig, TokenBudget};
pub use columns::{Column, Quotes, TextUnit};
pub use corpus::Corpus;
pub use document::{Document, DocumentSource, Documents, Place, RawDocument, RawLabel};
pub use error::{Error, Result};
pub use formats::{Format, RawRow};
pub use label_kind::LabelKind;
pub use labels::{Label, Labels};
pub use length_order::{batches_by_length, sort_chunks};
pub use lm_loader::{DocumentOrder, LmLoader, LmLoaderConfig};
pub use lm_rows::{IGNORE, LmBatch, Remainder};
pub use prepared::{LmText, PreparedSource, PreparedText};
pub use report::ReadReport;
pub use review_set::ReviewSet;
pub use source::{DocumentReader, Source};
pub use sources::Sources;
pub use step_lengths::Lengths;
pub use store::{TokenDocs, TokenStore};
pub use write_csv::{write_classes, write_split};

/// The padding id of every generation's vocabulary: what loaders use unless told otherwise.
const PAD: u32 = 1;
