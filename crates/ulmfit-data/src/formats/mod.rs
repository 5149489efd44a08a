//! Readers and writers, one file per format. A new one is a file here and a line in this list.

mod csv_rows;

mod acl_imdb;
mod csv_columns;
mod csv_corpus;
mod fastai_csv;
mod folder;
mod jsonl;
mod plain_text;
mod review_set;
mod write_csv;

pub use csv_columns::{Column, CsvColumns};
pub use plain_text::TextUnit;
pub use review_set::ReviewSet;
pub use write_csv::{write_classes, write_split};
