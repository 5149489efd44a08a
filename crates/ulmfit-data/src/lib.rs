//! Data for ULMFiT: files become a [`Corpus`], ids become batches. This crate knows no tensor.
//!
//! * [`Corpus`]: documents and the names of their classes, from CSV, JSON lines, text files or folders;
//!   [`ReviewSet`] for whole data sets; splits by seed.
//! * [`LmLoader`]: the language model's stream, every token predicted once an epoch.
//! * [`ClassLoader`]: documents of like length in right-padded batches.
//!
//! Everything random is a function of a seed and an epoch, the same on every machine.

mod class_loader;
mod classes;
mod corpus;
mod decode;
mod doc_stream;
mod error;
mod formats;
mod length_order;
mod lm_loader;
mod open;
mod pad_chunk;
mod pad_rows;
mod random;
mod step_lengths;
mod subsets;

pub use class_loader::{ClassBatch, ClassLoader, ClassLoaderConfig};
pub use corpus::{Corpus, Document};
pub use error::{Error, Result};
pub use formats::{
    Column, CsvColumns, ReviewSet, TextUnit, write_classes, write_split,
};
pub use length_order::{batches_by_length, sort_chunks};
pub use lm_loader::{DocumentOrder, IGNORE, LmBatch, LmLoader, LmLoaderConfig, Remainder};
pub use pad_chunk::{PadSide, pad_chunk};
pub use pad_rows::pad_rows;
pub use step_lengths::Lengths;
