//! Token stores: the ids of a corpus of any size in one file that is mapped, not read.

mod layout;
mod mapped;
mod token_docs;
mod writer;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::prelude::*;
use ulmfit_text::{Tokenizer, Vocab};

use self::layout::{Footer, MAGIC, VERSION, Width};
use self::mapped::Mapped;
pub(crate) use self::token_docs::OrderedDocs;
pub use self::token_docs::TokenDocs;
use self::writer::Writer;
use crate::chunks::{CHUNK_BYTES, for_each_chunk};
use crate::digest::Digest;
use crate::document::{DocumentSource, RawDocument};
use crate::input::io_error;
use crate::{Error, Result};

/// The ids of a corpus in a file.
///
/// The file is mapped: opening one of many gigabytes takes as long as looking through it once, and costs no memory. It
/// knows the rules, the splitter, the vocabulary and the content of the source it was made of by a fingerprint, and is
/// made again only when one of these has changed. Its bytes do not depend on the number of threads. It appears under
/// its name when it is complete; a process that is killed leaves a `.tmp` file beside, which no one opens.
///
/// Other programs may replace or delete a store that is in use, but must not write into it.
///
/// ```
/// use ulmfit_data::{Corpus, Document, LmLoaderConfig, TokenStore};
/// use ulmfit_text::{TokenizerConfig, VocabConfig};
///
/// let corpus = Corpus::new(vec![Document::unlabeled("one two"), Document::unlabeled("two")], vec![])?;
/// let tokenizer = TokenizerConfig::new().init();
/// let counts = ulmfit_data::count_tokens(&corpus, &tokenizer)?;
/// let vocab = VocabConfig::new().with_min_freq(1).build_from_counts(&counts);
/// let path = std::env::temp_dir().join("token_store_example.tokens");
/// let store = TokenStore::create(&path, &corpus, &tokenizer, &vocab)?;
/// assert_eq!(store.docs().doc(1), vocab.encode(&["xxbos", "two"]));
/// let loader = LmLoaderConfig::new().build(store.docs().clone())?;
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TokenStore {
    docs: TokenDocs,
    footer: Footer,
}

impl TokenStore {
    /// Opens the store at `path` if it was made of the same source by the same tokenizer and vocabulary; else makes it.
    ///
    /// The source is read document by document, tokenized on all threads, and written as it is made.
    ///
    /// # Errors
    /// As the source's documents; if the store cannot be written; if the file at `path` is there but is no token store,
    /// which is then left alone.
    pub fn create(
        path: impl AsRef<Path>,
        source: &dyn DocumentSource,
        tokenizer: &Tokenizer,
        vocab: &Vocab,
    ) -> Result<Self> {
        Self::create_in_chunks(path.as_ref(), source, tokenizer, vocab, CHUNK_BYTES)
    }

    /// Opens a store, whatever it was made of.
    ///
    /// # Errors
    /// If the file cannot be read, is no complete token store, or one of its numbers is wrong; the message names it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let (mapped, footer) = Mapped::open(path.as_ref())?;
        Ok(Self {
            docs: TokenDocs::mapped(mapped),
            footer,
        })
    }

    /// The documents, for loaders.
    pub fn docs(&self) -> &TokenDocs {
        &self.docs
    }

    /// The number of words of the vocabulary; every id is below it.
    pub fn vocabulary(&self) -> usize {
        self.footer.vocabulary as usize
    }

    /// What the store was made of, as a number in hexadecimal: equal for equal source, rules, splitter and vocabulary.
    pub fn fingerprint(&self) -> &str {
        &self.footer.fingerprint
    }

    fn create_in_chunks(
        path: &Path,
        source: &dyn DocumentSource,
        tokenizer: &Tokenizer,
        vocab: &Vocab,
        chunk_bytes: usize,
    ) -> Result<Self> {
        let fingerprint = fingerprint(source, tokenizer, vocab)?;
        if path.exists() {
            refuse_other_files(path)?;
            // A damaged store is made again.
            if let Ok(store) = Self::open(path)
                && store.fingerprint() == fingerprint
            {
                return Ok(store);
            }
        }
        let width = Width::of(vocab.len());
        let mut writer = Writer::create(path, width)?;
        let encode = |document: &RawDocument| {
            let ids = vocab.encode_text(tokenizer, &document.text);
            let mut bytes = Vec::with_capacity(ids.len() * width.bytes());
            width.write(&ids, &mut bytes);
            bytes
        };
        for_each_chunk(source, chunk_bytes, |chunk: Vec<RawDocument>| {
            let ids: Vec<Vec<u8>> = chunk.par_iter().map(encode).collect();
            ids.iter().try_for_each(|ids| writer.push(ids))
        })?;
        writer.finish(vocab.len(), fingerprint)?;
        Self::open(path)
    }
}

/// Fails if the file is anything but a token store, whole or damaged: nothing else is ever replaced.
fn refuse_other_files(path: &Path) -> Result<()> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start))
        .map_err(|e| io_error("open", path, e))?;
    if start == MAGIC {
        return Ok(());
    }
    Err(Error::layout(
        path,
        "a token store or no file",
        "another file",
        "give the token store a name of its own",
    ))
}

/// Of everything that the ids follow from. Each part is hashed with its length, so that no two ever run together.
fn fingerprint(
    source: &dyn DocumentSource,
    tokenizer: &Tokenizer,
    vocab: &Vocab,
) -> Result<String> {
    let mut digest = Digest::default();
    digest.part(&VERSION.to_le_bytes());
    let config = serde_json::to_vec(tokenizer.config()).map_err(|source| Error::Json {
        path: "tokenizer".into(),
        line: 1,
        source,
    })?;
    digest.part(&config);
    for id in 0..vocab.len() as u32 {
        digest.part(vocab.token(id).as_bytes());
    }
    digest.part(&source.fingerprint()?);
    Ok(digest.hex())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;
