//! A corpus from a folder of folders: one per class, one document per file.

use std::path::{Path, PathBuf};

use crate::decode::decode_file;
use crate::error::quoted;
use crate::open::{file_name, list, read};
use crate::source::{Documents, RawDocument, until_error};
use crate::{Corpus, Error, Result, Source};

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
        Source::folder(path.as_ref()).corpus()
    }

    /// The training and the validation documents of a folder that holds one such folder for each, as ImageNet and
    /// fast.ai's data sets do: `from_folder_split("reviews", "train", "test")`. Both take the numbering of the first.
    ///
    /// # Errors
    /// As [`from_folder`](Self::from_folder) for both; if the second has a class that the first has not.
    pub fn from_folder_split(
        path: impl AsRef<Path>,
        train: &str,
        valid: &str,
    ) -> Result<(Self, Self)> {
        let path = path.as_ref();
        let train = Self::from_folder(path.join(train))?;
        let valid = Self::from_folder(path.join(valid))?.with_classes(train.classes())?;
        Ok((train, valid))
    }
}

/// The documents of a folder of folders, one at a time.
pub(crate) fn documents(path: &Path) -> Result<Documents<'_>> {
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
    let mut all = Vec::new();
    for folder in &folders {
        let class = file_name(folder);
        let of_class = files(folder)?;
        if of_class.is_empty() {
            return Err(layout(
                folder,
                "at least one file of this class",
                "none".into(),
            ));
        }
        all.extend(of_class.into_iter().map(|file| (class.clone(), file)));
    }
    let mut all = all.into_iter();
    Ok(until_error(move || {
        let Some((class, file)) = all.next() else {
            return Ok(None);
        };
        Ok(Some(RawDocument {
            text: decode_file(read(&file)?, &file)?,
            label: Some(class),
            line: 1,
        }))
    }))
}

/// The files of a folder, sorted by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = list(folder)?;
    files.retain(|path| path.is_file());
    Ok(files)
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
    fn two_folders_share_the_classes_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        for (folder, text) in [("train/neg", "0"), ("train/pos", "1"), ("test/pos", "2")] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
            fs::write(dir.path().join(folder).join("a.txt"), text).unwrap();
        }
        let (train, test) = Corpus::from_folder_split(dir.path(), "train", "test").unwrap();
        assert_eq!(
            (train.labels().unwrap(), test.labels().unwrap()),
            (vec![0, 1], vec![1])
        );
        assert!(Corpus::from_folder_split(dir.path(), "test", "train").is_err());
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
