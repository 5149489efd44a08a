//! Writing a corpus in fast.ai's layout, which `ReviewSet::open` reads back.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::corpus::Corpus;
use crate::input::{file_name, io_error};
use crate::labels::Label;
use crate::{Error, Result};

/// Writes `corpus` to `<folder>/<name>.csv` as [`Corpus::write_csv`] does; the folder is made if need be.
///
/// ```
/// use ulmfit_data::{Corpus, Document, ReviewSet, write_classes, write_split};
/// # let dir = tempfile::tempdir().unwrap();
/// # let folder = dir.path();
/// let corpus = Corpus::new(vec![Document::labeled("fine", 1)], vec!["neg".into(), "pos".into()])?;
/// write_split(folder, "train", &corpus)?;
/// write_classes(folder, corpus.classes())?;
/// assert_eq!(ReviewSet::open(folder)?.train, corpus);
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
///
/// # Errors
/// If the folder or the file cannot be written.
pub fn write_split(folder: impl AsRef<Path>, name: &str, corpus: &Corpus) -> Result<()> {
    let folder = folder.as_ref();
    fs::create_dir_all(folder).map_err(|e| io_error("write", folder, e))?;
    corpus.write_csv(folder.join(format!("{name}.csv")))
}

/// Writes the names of the classes to `<folder>/classes.txt`, one a line; the folder is made if need be.
///
/// # Errors
/// If the folder or the file cannot be written.
pub fn write_classes(folder: impl AsRef<Path>, classes: &[String]) -> Result<()> {
    let folder = folder.as_ref();
    fs::create_dir_all(folder).map_err(|e| io_error("write", folder, e))?;
    replace(&folder.join("classes.txt"), |out| {
        classes.iter().try_for_each(|name| writeln!(out, "{name}"))
    })
}

impl Corpus {
    /// Writes the documents as rows `label,text` without a header. Labels are numbers; unlabeled documents get the
    /// number of classes, as in fast.ai's `unsup.csv`. The rows are written beside `path` and moved there when all are
    /// on disk, so `path` never holds half a corpus. A name that ends in `.gz` or `.zst` is compressed.
    ///
    /// # Errors
    /// If a document's label is no single class; if the file cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let kinds = self
            .documents()
            .iter()
            .map(|d| d.label.as_ref())
            .enumerate();
        let mut others = kinds.filter_map(|(at, label)| Some((at, label?)));
        if let Some((at, label)) = others.find(|(_, label)| label.class().is_none()) {
            return Err(Error::LabelText {
                at: self.place(at),
                expected: "one class, as fast.ai's layout has".into(),
                found: label.kind().into(),
                remedy: "give each document one class",
            });
        }
        replace(path.as_ref(), |out| {
            let mut writer = csv::WriterBuilder::new()
                .has_headers(false)
                .from_writer(out);
            for document in self.documents() {
                let class = document.label.as_ref().and_then(Label::class);
                let label = class.map_or(self.n_classes(), |class| class as usize);
                writer.write_record([label.to_string().as_str(), &document.text])?;
            }
            writer.flush()
        })
    }
}

/// Puts what `write` writes at `path`, at once or not at all.
fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let beside = path.with_file_name(format!(".{}.{}.tmp", file_name(path), std::process::id()));
    let written =
        write_all(&beside, path.extension(), write).and_then(|()| fs::rename(&beside, path));
    written.map_err(|e| {
        // The error worth reporting is the first one.
        let _ = fs::remove_file(&beside);
        io_error("write", path, e)
    })
}

fn write_all(
    path: &Path,
    extension: Option<&OsStr>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let file = BufWriter::new(File::create(path)?);
    let file = match extension.and_then(OsStr::to_str) {
        Some("gz") => {
            let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            write(&mut out)?;
            out.finish()?
        }
        Some("zst") => {
            let mut out = zstd::stream::write::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            write(&mut out)?;
            out.finish()?
        }
        _ => {
            let mut out = file;
            write(&mut out)?;
            out
        }
    };
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::{Document, ReviewSet};

    fn corpus() -> Corpus {
        let texts = ["plain", "a, \"b\"\r\nc", "", " spaces ", "é"];
        let documents = texts
            .iter()
            .zip([0, 1, 0, 1, 0])
            .map(|(&text, label)| Document::labeled(text, label));
        Corpus::new(documents.collect(), vec!["neg".into(), "pos".into()]).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        for name in ["train.csv", "train.csv.gz", "train.csv.zst"] {
            let dir = tempfile::tempdir().unwrap();
            corpus().write_csv(dir.path().join(name)).unwrap();
            write_split(dir.path(), "unsup", &corpus().without_labels()).unwrap();
            write_classes(dir.path(), corpus().classes()).unwrap();
            let set = ReviewSet::open(dir.path()).unwrap();
            assert_eq!(
                (set.train, set.unlabeled),
                (corpus(), Some(corpus().without_labels())),
                "{name}"
            );
            assert!(
                fs::read_to_string(dir.path().join("unsup.csv"))
                    .unwrap()
                    .starts_with("2,plain\n")
            );
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
        }
    }

    #[test]
    fn failures_name_the_file_that_was_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let error = corpus()
            .write_csv(dir.path().join("no/train.csv"))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("cannot write ") && error.contains("no/train.csv:"),
            "{error}"
        );
        fs::create_dir(dir.path().join("taken")).unwrap();
        fs::write(dir.path().join("taken/file"), "").unwrap();
        assert!(corpus().write_csv(dir.path().join("taken")).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
