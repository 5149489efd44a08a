//! The model file: one safetensors file with the weights, and everything else as one JSON document in its metadata.
//!
//! Weights have PyTorch's layout (`[out, in]`), so that Python reads them as they are; `layout` is the table of them. The
//! metadata has one key, [`METADATA_KEY`]; there are no clock times in it, so that equal models are equal bytes.

mod classifier;
mod document;
mod export;
mod header;
mod info;
mod language_model;
pub(crate) mod layout;
mod linear;
pub(crate) mod params;
mod reader;
mod storage;
mod writer;

pub use document::ModelKind;
pub(crate) use header::blame;
pub use info::ModelInfo;
pub(crate) use reader::transpose;
pub use storage::Storage;

/// The one key of the file's metadata.
pub(crate) const METADATA_KEY: &str = "ulmfit";
