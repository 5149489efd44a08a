//! A corpus from a folder of folders: one per class, one document per file.

use std::path::{Path, PathBuf};

use crate::decode::decode_file;
use crate::error::quoted;
use crate::open::{file_name, list, read};
use crate::{Corpus, Document, Error, Result};

impl Corpus {
    /// The files of a folder with one folder per class. The folders' names, sorted, are the classes; documents come
    /// class by class, sorted by file name. Hidden files and files beside the class folders are ignored.
    ///
    /// ```no_run
    /// let corpus = ulmfit_data::Corpus::from_folder("reviews/train")?; // reviews/train/neg/1.txt, ...
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the folder cannot be read, has no class folders, one of them has no file, or a file is no UTF-8 text.
    pub fn from_folder(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let layout = |path: &Path, expected: &str, found: String| Error::Layout {
            path: path.to_owned(),
            expected: expected.into(),
            found,
            remedy: "put the files of each class in a folder named like the class",
        };
        let (folders, others): (Vec<PathBuf>, Vec<PathBuf>) =
            list(path)?.into_iter().partition(|p| p.is_dir());
        if folders.is_empty() {
            let names: Vec<String> = others.iter().map(|other| file_name(other)).collect();
            return Err(layout(path, "a folder for each class", quoted(&names)));
        }
        let mut documents = Vec::new();
        for (folder, label) in folders.iter().zip(0..) {
            let texts = read_texts(folder)?;
            if texts.is_empty() {
                return Err(layout(
                    folder,
                    "at least one file of this class",
                    "none".into(),
                ));
            }
            documents.extend(texts.into_iter().map(|text| Document::labeled(text, label)));
        }
        Self::new(
            documents,
            folders.iter().map(|folder| file_name(folder)).collect(),
        )
    }
}

/// The texts of a folder's files, sorted by file name.
pub(super) fn read_texts(folder: &Path) -> Result<Vec<String>> {
    list(folder)?
        .iter()
        .filter(|path| path.is_file())
        .map(|path| decode_file(read(path)?, path))
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn folders_are_classes_and_files_documents() {
        let dir = tempfile::tempdir().unwrap();
        for (class, file, text) in [
            ("pos", "b.txt", "2"),
            ("pos", "a.txt", "1"),
            ("neg", "c.txt", "0"),
        ] {
            fs::create_dir_all(dir.path().join(class)).unwrap();
            fs::write(dir.path().join(class).join(file), text).unwrap();
        }
        fs::write(dir.path().join("README"), "ignored").unwrap();
        fs::write(dir.path().join("pos/.hidden"), "ignored").unwrap();
        let corpus = Corpus::from_folder(dir.path()).unwrap();
        assert_eq!(
            (corpus.texts(), corpus.labels().unwrap()),
            (vec!["0", "1", "2"], vec![0, 1, 1])
        );
        assert_eq!(corpus.classes(), ["neg", "pos"]);
    }

    #[test]
    fn other_folders_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.txt"), "text").unwrap();
        let flat = Corpus::from_folder(dir.path()).unwrap_err().to_string();
        assert!(
            flat.contains("expected a folder for each class, found `a.txt`; put the files"),
            "{flat}"
        );
        fs::create_dir(dir.path().join("pos")).unwrap();
        let empty = Corpus::from_folder(dir.path()).unwrap_err().to_string();
        assert!(
            empty.contains("pos: expected at least one file of this class, found none"),
            "{empty}"
        );
        assert!(
            Corpus::from_folder(dir.path().join("no"))
                .unwrap_err()
                .to_string()
                .starts_with("cannot list ")
        );
    }
}
