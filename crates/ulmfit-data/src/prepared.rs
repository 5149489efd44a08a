//! Text of any size made ready for a language model in flat memory: its words counted and its ids stored, once for all
//! runs of a folder.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use ulmfit_text::{Tokenizer, Vocab, VocabConfig, write_beside};

use crate::Result;
use crate::chunks::{count_tokens, ids_in_memory};
use crate::document::DocumentSource;
use crate::input::io_error;
use crate::store::{TokenDocs, TokenStore};

/// Text that a language model is trained on: any source, whose ids are then held in memory, or
/// [one that is kept in a folder](PreparedText::text), of which nothing is.
pub trait LmText {
    /// The vocabulary of the text: that of a subword model, or counted, in memory that does not grow with the text.
    ///
    /// # Errors
    /// As the source's documents.
    fn vocabulary(&self, tokenizer: &Tokenizer, config: &VocabConfig) -> Result<Vocab>;

    /// The ids of its documents.
    ///
    /// # Errors
    /// As the source's documents.
    fn ids(&self, tokenizer: &Tokenizer, vocab: &Vocab) -> Result<TokenDocs>;
}

impl<S: DocumentSource> LmText for S {
    fn vocabulary(&self, tokenizer: &Tokenizer, config: &VocabConfig) -> Result<Vocab> {
        match tokenizer.fixed_vocab() {
            Some(vocab) => Ok(vocab),
            None => Ok(config.build_from_counts(&count_tokens(self, tokenizer)?)),
        }
    }

    fn ids(&self, tokenizer: &Tokenizer, vocab: &Vocab) -> Result<TokenDocs> {
        ids_in_memory(self, tokenizer, vocab)
    }
}

/// A source whose vocabulary and ids are kept in a folder: a language model is trained on it in memory that does not grow
/// with the text.
#[derive(Clone, Copy)]
pub struct PreparedSource<'a> {
    folder: &'a PreparedText,
    source: &'a dyn DocumentSource,
}

impl LmText for PreparedSource<'_> {
    fn vocabulary(&self, tokenizer: &Tokenizer, config: &VocabConfig) -> Result<Vocab> {
        self.folder.vocabulary(self.source, tokenizer, config)
    }

    fn ids(&self, tokenizer: &Tokenizer, vocab: &Vocab) -> Result<TokenDocs> {
        self.folder.ids("text", self.source, tokenizer, vocab)
    }
}

/// A folder that keeps what was made of text: a vocabulary and the ids of documents. Both are made again only when the
/// text, the tokenizer or the vocabulary has changed.
///
/// The text is read one document at a time, never held as a whole.
///
/// ```
/// use ulmfit_data::{LmLoaderConfig, PreparedText};
/// use ulmfit_text::{TokenizerConfig, VocabConfig};
///
/// let text = vec!["one two three"; 40]; // Or any `Source` or `Sources`.
/// let tokenizer = TokenizerConfig::new().init();
/// # let folder = tempfile::tempdir().unwrap();
/// let prepared = PreparedText::open(folder.path())?;
/// let vocab = prepared.vocabulary(&text, &tokenizer, &VocabConfig::new())?;
/// let (train, valid) = prepared.ids("train", &text, &tokenizer, &vocab)?.hold_out(20);
/// assert_eq!((train.len(), valid.len()), (38, 2));
/// let loader = LmLoaderConfig::new().with_batch_size(4).build(train)?;
/// # let _ = loader;
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PreparedText {
    folder: PathBuf,
}

impl PreparedText {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|e| io_error("write", &folder, e))?;
        Ok(Self { folder })
    }

    /// This source as text for the steps of a training.
    pub fn text<'a>(&'a self, source: &'a dyn DocumentSource) -> PreparedSource<'a> {
        let folder = self;
        PreparedSource { folder, source }
    }

    /// The vocabulary of a source, counted or as it was counted before; that of a subword model needs no counting.
    ///
    /// # Errors
    /// As the source's documents; if the folder cannot be written.
    pub fn vocabulary(
        &self,
        source: &dyn DocumentSource,
        tokenizer: &Tokenizer,
        config: &VocabConfig,
    ) -> Result<Vocab> {
        if let Some(vocab) = tokenizer.fixed_vocab() {
            return Ok(vocab);
        }
        let of = json!([source.fingerprint()?, tokenizer.config(), config]);
        let path = self.folder.join("vocabulary.json");
        let stored = fs::read(&path).ok().and_then(|file| stored(&file, &of));
        if let Some(vocab) = stored {
            return Ok(vocab);
        }
        let vocab = config.build_from_counts(&count_tokens(source, tokenizer)?);
        let file = json!({ "of": of, "vocabulary": vocab }).to_string();
        write_beside(&path, file.as_bytes()).map_err(|e| io_error("write", &path, e))?;
        Ok(vocab)
    }

    /// The ids of a source's documents, from a store of this name in the folder, which is made unless it is of this very
    /// text.
    ///
    /// # Errors
    /// As [`TokenStore::create`].
    pub fn ids(
        &self,
        name: &str,
        source: &dyn DocumentSource,
        tokenizer: &Tokenizer,
        vocab: &Vocab,
    ) -> Result<TokenDocs> {
        let path = self.folder.join(format!("{name}.tokens"));
        let store = TokenStore::create(path, source, tokenizer, vocab)?;
        Ok(store.docs().clone())
    }
}

/// A vocabulary that was counted for exactly this; else it is counted again.
fn stored(file: &[u8], of: &Value) -> Option<Vocab> {
    let mut file: Value = serde_json::from_slice(file).ok()?;
    if file.get("of") != Some(of) {
        return None;
    }
    serde_json::from_value(file.get_mut("vocabulary")?.take()).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use ulmfit_text::TokenizerConfig;

    use super::*;

    #[test]
    fn what_is_stored_is_of_this_text() {
        let folder = tempfile::tempdir().unwrap();
        let prepared = PreparedText::open(folder.path().join("new")).unwrap();
        let (tokenizer, config) = (TokenizerConfig::new().init(), VocabConfig::new());
        let config = config.with_min_freq(1);
        let of = |text: &str| {
            let source = vec![text.to_owned()];
            let vocab = prepared.vocabulary(&source, &tokenizer, &config).unwrap();
            let ids = prepared.ids("train", &source, &tokenizer, &vocab).unwrap();
            vocab.decode_tokens(&ids.doc(0)).join(" ")
        };
        for text in ["one two", "one two", "three", "one two"] {
            assert_eq!(of(text), format!("xxbos {text}"));
        }
        // From a folder or in memory, the language model reads the same.
        let source: Vec<String> = (0..9).map(|n| "a b c ".repeat(n)).collect();
        let both: [&dyn LmText; 2] = [&prepared.text(&source), &source];
        let [kept, held] = both.map(|text| {
            let vocab = text.vocabulary(&tokenizer, &config).unwrap();
            let ids = text.ids(&tokenizer, &vocab).unwrap();
            (vocab, ids.fingerprint())
        });
        assert_eq!(kept, held);
        fs::write(folder.path().join("new/vocabulary.json"), "{").unwrap();
        assert_eq!(of("one two"), "xxbos one two");
    }
}
