//! Text from a language model.

pub(crate) mod beam;
pub(crate) mod generator;
