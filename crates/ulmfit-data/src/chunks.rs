//! A source in chunks of some megabytes: all threads work on one while the next is read.

use rayon::prelude::*;
use ulmfit_text::{TokenCounter, Tokenizer, Vocab};

use crate::Result;
use crate::document::{DocumentSource, RawDocument};
use crate::store::TokenDocs;

/// Text that is held at one time, twice: large enough for all threads, small beside any model.
pub(crate) const CHUNK_BYTES: usize = 4 << 20;

/// Calls `work` with all documents, in order, in chunks that end with the document that fills `chunk_bytes`.
pub(crate) fn for_each_chunk(
    source: &dyn DocumentSource,
    chunk_bytes: usize,
    mut work: impl FnMut(Vec<RawDocument>) -> Result<()> + Send,
) -> Result<()> {
    let mut documents = source.documents_iter()?;
    let mut read = || -> Result<Vec<RawDocument>> {
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while bytes < chunk_bytes
            && let Some(document) = documents.next().transpose()?
        {
            bytes += document.text.len() + 1;
            chunk.push(document);
        }
        Ok(chunk)
    };
    let mut chunk = read()?;
    while !chunk.is_empty() {
        let (done, next) = rayon::join(|| work(chunk), &mut read);
        done?;
        chunk = next?;
    }
    Ok(())
}

/// The tokens of a source, counted: what a vocabulary is built from.
///
/// The text is never in memory as a whole. The result does not depend on the number of threads.
///
/// ```
/// use ulmfit_data::{Corpus, Document, count_tokens};
/// use ulmfit_text::TokenizerConfig;
/// let corpus = Corpus::new(vec![Document::unlabeled("so so"), Document::unlabeled("so")], vec![])?;
/// let counts = count_tokens(&corpus, &TokenizerConfig::new().init())?;
/// assert_eq!((counts.count("so"), counts.count("xxbos")), (3, 2));
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
///
/// # Errors
/// As the source's documents.
pub fn count_tokens(source: &dyn DocumentSource, tokenizer: &Tokenizer) -> Result<TokenCounter> {
    count_in_chunks(source, tokenizer, CHUNK_BYTES)
}

/// The ids of a source's documents, in memory; the text is not.
pub(crate) fn ids_in_memory(
    source: &dyn DocumentSource,
    tokenizer: &Tokenizer,
    vocab: &Vocab,
) -> Result<TokenDocs> {
    let mut all = Vec::new();
    for_each_chunk(source, CHUNK_BYTES, |chunk| {
        let ids = |document: &RawDocument| vocab.encode_text(tokenizer, &document.text);
        all.par_extend(chunk.par_iter().map(ids));
        Ok(())
    })?;
    Ok(all.into())
}

pub(crate) fn count_in_chunks(
    source: &dyn DocumentSource,
    tokenizer: &Tokenizer,
    chunk_bytes: usize,
) -> Result<TokenCounter> {
    let mut counts = TokenCounter::new();
    for_each_chunk(source, chunk_bytes, |chunk| {
        // A few parts for each thread: their counters are merged one after another.
        let parts = 4 * rayon::current_num_threads();
        let of_part = |part: &[RawDocument]| {
            let mut counts = TokenCounter::new();
            for document in part {
                tokenizer.for_each_token(&document.text, |token| counts.add_count(token, 1));
            }
            counts
        };
        let counted: Vec<TokenCounter> = chunk
            .par_chunks(chunk.len().div_ceil(parts))
            .map(of_part)
            .collect();
        counted.into_iter().for_each(|part| counts.merge(part));
        Ok(())
    })?;
    Ok(counts)
}
