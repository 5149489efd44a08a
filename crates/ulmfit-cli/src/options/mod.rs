//! What several verbs ask for: groups of options, and what they come to.

pub(crate) mod compute;
pub(crate) mod label;
pub(crate) mod labeled;
pub(crate) mod language_model;
pub(crate) mod number;
pub(crate) mod output;
pub(crate) mod page;
pub(crate) mod recipe;
pub(crate) mod source;
pub(crate) mod stream;
pub(crate) mod text_files;
