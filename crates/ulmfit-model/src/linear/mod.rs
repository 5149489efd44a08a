//! Linear text classifiers: words and pairs of words, each with a weight for each class. They read hundreds of texts in
//! the time an LSTM reads one.

pub(crate) mod classifier;
pub(crate) mod ngrams;
pub(crate) mod table;
