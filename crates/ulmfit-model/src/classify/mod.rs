//! From whole documents to classes or numbers.

pub(crate) mod batch_norm;
pub(crate) mod class_loss;
pub(crate) mod classifier;
pub(crate) mod cut;
pub(crate) mod document;
pub(crate) mod head;
pub(crate) mod pooling;
pub(crate) mod targets;
pub(crate) mod task;
