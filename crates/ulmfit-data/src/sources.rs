//! Several sources as one.

use crate::digest::Digest;
use crate::source::{DocumentSource, Documents, Source, until_error};
use crate::{Error, Result};

/// The documents of several files or folders, one after another: what a language model is trained on often lies in more
/// than one file.
///
/// ```no_run
/// use ulmfit_data::{Source, Sources, TextUnit};
/// let part = |name: &str| Source::text(name, TextUnit::Article);
/// let wiki = Sources::new(vec![part("wiki-1.txt.zst"), part("wiki-2.txt.zst")])?;
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Puts the sources behind one another.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is none.
    pub fn new(sources: Vec<Source>) -> Result<Self> {
        if sources.is_empty() {
            return Err(Error::Setting {
                name: "sources",
                expected: "at least one file or folder",
                found: "none".into(),
            });
        }
        Ok(Self(sources))
    }

    /// The sources, in order.
    pub fn parts(&self) -> &[Source] {
        &self.0
    }
}

impl DocumentSource for Sources {
    fn documents_iter(&self) -> Result<Documents<'_>> {
        let mut parts = self.0.iter();
        let mut open: Option<Documents<'_>> = None;
        Ok(until_error(move || {
            loop {
                if let Some(documents) = &mut open
                    && let Some(document) = documents.next().transpose()?
                {
                    return Ok(Some(document));
                }
                match parts.next() {
                    Some(part) => open = Some(part.documents_iter()?),
                    None => return Ok(None),
                }
            }
        }))
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        let mut digest = Digest::default();
        for part in &self.0 {
            digest.bytes(&part.fingerprint()?);
        }
        Ok(digest.finish())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::TextUnit;

    #[test]
    fn parts_follow_one_another_and_an_error_is_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str| Source::text(folder.path().join(name), TextUnit::Line);
        std::fs::write(folder.path().join("a"), "one\ntwo\n").unwrap();
        std::fs::write(folder.path().join("b"), "three\n").unwrap();
        let both = Sources::new(vec![part("a"), part("b")]).unwrap();
        let texts = |sources: &Sources| -> Vec<Option<String>> {
            let documents = sources.documents_iter().unwrap();
            documents.map(|d| d.ok().map(|d| d.text)).collect()
        };
        let words = ["one", "two", "three"].map(|word| Some(word.to_owned()));
        assert_eq!(texts(&both), words);
        let turned = Sources::new(vec![part("b"), part("a")]).unwrap();
        assert_ne!(both.fingerprint().unwrap(), turned.fingerprint().unwrap());
        let broken = Sources::new(vec![part("b"), part("absent"), part("a")]).unwrap();
        assert_eq!(texts(&broken), [Some("three".to_owned()), None]);
        assert!(Sources::new(vec![]).is_err());
    }
}
