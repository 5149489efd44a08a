//! Readers and writers, one file per format. A new one is a file here and a line in this list.

mod csv_rows;

mod acl_imdb;
mod csv_columns;
pub(crate) mod csv_corpus;
mod fastai_csv;
pub(crate) mod folder;
pub(crate) mod jsonl;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
pub(crate) mod plain_text;
mod review_set;
mod write_csv;

pub use csv_columns::{Column, CsvColumns};
pub use plain_text::TextUnit;
pub use review_set::ReviewSet;
pub use write_csv::{write_classes, write_split};
