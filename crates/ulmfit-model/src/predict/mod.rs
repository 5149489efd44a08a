//! Texts in, classes or numbers out.

pub(crate) mod attribution;
pub(crate) mod ensemble;
pub(crate) mod predictor;
pub(crate) mod regressor;
pub(crate) mod scorer;
pub(crate) mod top_class;
