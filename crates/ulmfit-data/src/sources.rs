//! Several sources as one.

use std::sync::Mutex;

use crate::digest::Digest;
use crate::document::{DocumentSource, Documents};
use crate::report::ReadReport;
use crate::source::{DocumentReader, Source};
use crate::{Error, Result};

/// The documents of several files or folders, one after another: what a language model is trained on often lies in more
/// than one file.
///
/// ```no_run
/// use ulmfit_data::{Source, Sources, TextUnit};
/// let part = |name: &str| Source::new(name).with_unit(TextUnit::Article);
/// let wiki = Sources::new(vec![part("wiki-1.txt.zst"), part("wiki-2.txt.zst")])?;
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
#[derive(Debug)]
pub struct Sources {
    parts: Vec<Source>,
    report: Mutex<ReadReport>,
}

impl Sources {
    /// Puts the sources behind one another.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is none.
    pub fn new(sources: Vec<Source>) -> Result<Self> {
        if sources.is_empty() {
            return Err(Error::setting(
                "sources",
                "at least one file or folder",
                "none",
            ));
        }
        Ok(Self {
            parts: sources,
            report: Mutex::default(),
        })
    }

    /// The sources, in order.
    pub fn parts(&self) -> &[Source] {
        &self.parts
    }

    /// What the last reading has read of all of them; nothing if they have not been read to their end.
    pub fn report(&self) -> ReadReport {
        self.report
            .lock()
            .map_or_else(|_| ReadReport::default(), |report| report.clone())
    }
}

impl DocumentSource for Sources {
    fn documents_iter(&self) -> Result<Documents<'_>> {
        let mut parts = self.parts.iter();
        let mut open: Option<DocumentReader<'_>> = None;
        let mut all = ReadReport::default();
        Ok(Box::new(std::iter::from_fn(move || {
            loop {
                if let Some(next) = open.as_mut().and_then(Iterator::next) {
                    return Some(next);
                }
                if let Some(done) = open.take() {
                    all.merge(&done.report());
                    if let Err(error) = done.require_rows() {
                        return Some(Err(error));
                    }
                }
                let Some(part) = parts.next() else {
                    if let Ok(mut report) = self.report.lock() {
                        report.clone_from(&all);
                    }
                    return None;
                };
                match part.documents() {
                    Ok(documents) => open = Some(documents),
                    Err(error) => {
                        parts = [].iter();
                        return Some(Err(error));
                    }
                }
            }
        })))
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        let mut digest = Digest::default();
        for part in &self.parts {
            digest.bytes(&part.fingerprint()?);
        }
        Ok(digest.finish())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_one_another_and_an_error_is_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str| Source::new(folder.path().join(name));
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
