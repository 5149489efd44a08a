//! What several verbs ask for.

pub(crate) mod common;
pub(crate) mod label;
pub(crate) mod labeled;
pub(crate) mod language_model;
pub(crate) mod model;
pub(crate) mod number;
pub(crate) mod output;
pub(crate) mod page;
pub(crate) mod recipe;
pub(crate) mod source;
pub(crate) mod stream;
pub(crate) mod text_files;
