//! A data set as it is published: training, test and unlabeled documents, in whichever of four layouts.

mod fastai_csv;
mod folders;

use std::path::{Path, PathBuf};

use crate::corpus::Corpus;
use crate::error::quoted;
use crate::input::{file_name, io_error, list};
use crate::report::ReadReport;
use crate::{Error, Result};

/// A data set in its published parts. All parts share one list of classes.
#[derive(Clone, Debug)]
pub struct ReviewSet {
    /// Labeled documents to learn from.
    pub train: Corpus,
    /// Labeled documents to be judged by.
    pub test: Option<Corpus>,
    /// Documents for the language model only.
    pub unlabeled: Option<Corpus>,
    /// What was read, and what was left out.
    pub report: ReadReport,
}

/// Two sets are equal if their parts are.
impl PartialEq for ReviewSet {
    fn eq(&self, other: &Self) -> bool {
        (&self.train, &self.test, &self.unlabeled) == (&other.train, &other.test, &other.unlabeled)
    }
}

impl ReviewSet {
    /// The set at `path`, which is one of
    ///
    /// 1. the Large Movie Review data set as unpacked: the folder `aclImdb` with `train/{pos,neg,unsup}/*.txt` and
    ///    `test/{pos,neg}/*.txt`, or the folder that holds `aclImdb`; without `test` or `unsup` that part is `None`;
    /// 2. its archive as downloaded, `.tar.gz`, read in one pass and never unpacked to disk (`.tgz`, `.tar.zst` and
    ///    `.tar` do as well);
    /// 3. a folder with a folder `train` and perhaps `test` (or `valid`, `validation`, `val`, `dev`) and `unsup`, and in the
    ///    first two a folder for each class, as ImageNet has them; the files of folders within a class belong to it;
    /// 4. fast.ai's CSV layout: a folder with `train.csv` and optionally `test.csv`, `unsup.csv` and `classes.txt`, each
    ///    also as `.gz` or `.zst`. Rows are `label,text` without a header. A label is the line in `classes.txt`, from 0,
    ///    or the name of a class; without `classes.txt` the sorted labels of `train.csv` are the classes. Labels of
    ///    `unsup.csv` are ignored.
    ///
    /// The first two give the same documents in the same order: by class (`neg`, `pos`), then by file name. Neighbors
    /// may be of one film, so shuffle before cutting off a validation set; [`Corpus::split`] does.
    ///
    /// ```no_run
    /// use ulmfit_data::ReviewSet;
    /// let imdb = ReviewSet::open("aclImdb_v1.tar.gz")?;
    /// assert_eq!((imdb.train.len(), imdb.train.classes()), (25_000, &["neg".into(), "pos".into()][..]));
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is nothing at `path` or something else; if a file in it cannot be read; if a row is malformed or a label
    /// is not among the classes. The message names file and line.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        // `metadata` follows links and tells "not there" from "not allowed".
        let metadata = std::fs::metadata(path).map_err(|e| io_error("open", path, e))?;
        if metadata.is_file() {
            let name = file_name(path);
            if [".tar.gz", ".tgz", ".tar.zst", ".tar"]
                .iter()
                .any(|end| name.ends_with(end))
            {
                return folders::open_archive(path);
            }
            return Err(unknown(path, format!("the file `{name}`")));
        }
        match Self::layout(path) {
            Some(Layout::Folders(folder)) => folders::open_folder(&folder),
            Some(Layout::Csv(train)) => fastai_csv::open(path, &train),
            None => {
                let names: Vec<String> = list(path)?.iter().map(|entry| file_name(entry)).collect();
                Err(unknown(path, format!("a folder with {}", quoted(&names))))
            }
        }
    }

    /// Whether there is a folder at `path` that [`Self::open`] reads.
    pub fn is_at(path: impl AsRef<Path>) -> bool {
        Self::layout(path.as_ref()).is_some()
    }

    fn layout(path: &Path) -> Option<Layout> {
        let folders = [path.to_owned(), path.join("aclImdb")];
        let folder = folders.into_iter().find(|folder| folders::is_set(folder));
        let table = || fastai_csv::find(path, "train.csv").map(Layout::Csv);
        folder.map(Layout::Folders).or_else(table)
    }
}

/// How the parts of a set lie in a folder.
enum Layout {
    /// In folders of this one.
    Folders(PathBuf),
    /// In tables, of which this one is to train on.
    Csv(PathBuf),
}

/// The error for a path in none of the layouts.
pub(super) fn unknown(path: &Path, found: String) -> Error {
    Error::layout(
        path,
        "a folder with `train/<class>` (as aclImdb), the archive `aclImdb_v1.tar.gz`, or a folder with \
                   `train.csv` (label,text)",
        found,
        "give the path of one of these three; any other table opens with `Source::new`",
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn other_layouts_are_refused_with_the_three_known_ones() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("notes.txt"), "").unwrap();
        let folder = ReviewSet::open(dir.path()).unwrap_err().to_string();
        for part in [
            "aclImdb_v1.tar.gz",
            "train.csv",
            "found a folder with `notes.txt`;",
        ] {
            assert!(folder.contains(part), "{folder}");
        }
        let file = ReviewSet::open(dir.path().join("notes.txt"))
            .unwrap_err()
            .to_string();
        assert!(
            file.contains("found the file `notes.txt`; give the path"),
            "{file}"
        );
        let missing = ReviewSet::open(dir.path().join("no"))
            .unwrap_err()
            .to_string();
        assert!(missing.starts_with("cannot open "), "{missing}");
    }
}
