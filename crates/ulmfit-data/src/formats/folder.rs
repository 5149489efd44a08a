//! A folder with a folder for each class and a file for each document.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Row, Rows, Value};
use crate::document::Place;
use crate::error::quoted;
use crate::input::{file_name, io_error, list, open_text};
use crate::report::ReadReport;
use crate::{Error, Result};

/// The names under which parts of a data set stand beside `train`.
const PARTS: [&str; 6] = ["test", "valid", "validation", "val", "dev", "unsup"];

/// Opens a folder. Documents come class by class, sorted by their paths; the files of folders within that of a class
/// belong to it. Each row has two values, text and class.
pub(super) fn open(path: &Path) -> Result<Box<dyn Rows>> {
    let layout = |path: &Path, expected: &str, found: String, remedy| {
        Error::layout(path, expected, found, remedy)
    };
    const REMEDY: &str = "put the files of each class in a folder named like the class";
    let (folders, others): (Vec<PathBuf>, Vec<PathBuf>) =
        list(path)?.into_iter().partition(|p| p.is_dir());
    if folders.is_empty() {
        let names: Vec<String> = others.iter().map(|other| file_name(other)).collect();
        return Err(layout(
            path,
            "a folder for each class",
            quoted(&names),
            REMEDY,
        ));
    }
    let names: Vec<String> = folders.iter().map(|folder| file_name(folder)).collect();
    let part = |name: &String| name == "train" || PARTS.contains(&name.as_str());
    if names.iter().any(|name| name == "train") && names.iter().all(part) {
        return Err(layout(
            path,
            "a folder for each class",
            format!("the parts of a data set: {}", quoted(&names)),
            "read each part by itself, or all of them with `ReviewSet::open`",
        ));
    }
    let mut all = Vec::new();
    for folder in &folders {
        let class = class_name(folder)?;
        let of_class = all_files(folder)?;
        if of_class.is_empty() {
            return Err(layout(
                folder,
                "at least one file of this class",
                "none".into(),
                REMEDY,
            ));
        }
        all.extend(of_class.into_iter().map(|file| (class.clone(), file)));
    }
    let left_out = others.iter().map(|file| file.display().to_string());
    Ok(Box::new(Folder {
        report: ReadReport {
            left_out: left_out.collect(),
            ..ReadReport::default()
        },
        all: all.into_iter(),
    }))
}

/// The name of a class, which is that of its folder.
pub(crate) fn class_name(folder: &Path) -> Result<String> {
    match folder.file_name().and_then(|name| name.to_str()) {
        Some(name) => Ok(name.to_owned()),
        // Two such names can look alike: neither is guessed at.
        None => Err(Error::layout(
            folder,
            "a folder whose name is utf-8, as it is that of a class",
            format!("{:?}", folder.file_name().unwrap_or_default()),
            "rename the folder",
        )),
    }
}

/// The files of a folder and of the folders in it, sorted by their paths; hidden ones are left out.
pub(crate) fn all_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in list(folder)? {
        match path.is_dir() {
            true => files.extend(all_files(&path)?),
            false => files.push(path),
        }
    }
    Ok(files)
}

struct Folder {
    all: std::vec::IntoIter<(String, PathBuf)>,
    report: ReadReport,
}

impl Rows for Folder {
    fn next(&mut self) -> Result<Option<Row>> {
        let Some((class, file)) = self.all.next() else {
            return Ok(None);
        };
        self.report.files += 1;
        self.report.rows += 1;
        let text = whole_text(&file)?;
        Ok(Some(Row {
            place: Place::new(&Arc::from(file.as_path()), 1),
            values: vec![Value::Text(text), Value::Text(class)],
            raw: None,
        }))
    }

    fn report(&self, report: &mut ReadReport) {
        report.merge(&self.report);
    }
}

/// The whole text of a file.
pub(crate) fn whole_text(file: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    open_text(file)?
        .read_to_end(&mut bytes)
        .map_err(|e| io_error("read", file, e))?;
    decode(bytes, file)
}

/// The text of the bytes of a file.
pub(crate) fn decode(bytes: Vec<u8>, file: &Path) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let source = error.utf8_error();
        let before = &error.as_bytes()[..source.valid_up_to()];
        Error::Utf8 {
            path: file.to_owned(),
            line: 1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64,
            byte: error.as_bytes()[source.valid_up_to()],
            source,
        }
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::fs;

    use crate::{Corpus, ReadReport, Result, Source};
    use std::path::Path;

    fn read(folder: &Path) -> Result<(Corpus, ReadReport)> {
        Source::new(folder).with_label("label").read()
    }

    fn make(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn folders_are_classes_and_files_documents() {
        let dir = make(&[
            ("pos/b.txt", "2"),
            ("pos/a/c.txt", "1"),
            ("neg/c.txt", "0"),
            ("README", "no document"),
            ("pos/.hidden", "no document"),
        ]);
        let (corpus, report) = read(dir.path()).unwrap();
        assert_eq!(
            (corpus.texts(), corpus.labels().unwrap()),
            (vec!["0", "1", "2"], vec![0, 1, 1])
        );
        assert_eq!(corpus.classes(), ["neg", "pos"]);
        assert_eq!((report.files, report.documents), (3, 3));
        assert_eq!(
            report.left_out,
            [dir.path().join("README").display().to_string()]
        );
    }

    #[test]
    fn other_folders_are_refused() {
        let says = |files: &[(&str, &str)], expected: &str| {
            let error = read(make(files).path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        says(
            &[("a.txt", "text")],
            "expected a folder for each class, found `a.txt`; put the files",
        );
        says(
            &[("pos/.hidden", "text")],
            "pos: expected at least one file of this class, found none",
        );
        says(
            &[("train/pos/a", "text"), ("test/pos/a", "text")],
            "expected a folder for each class, found the parts of a data set: `test`, `train`; read each part",
        );
        let missing = read(Path::new("no/such")).unwrap_err().to_string();
        assert!(missing.starts_with("cannot "), "{missing}");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_utf_8_are_no_classes() {
        use std::os::unix::ffi::OsStrExt as _;
        let dir = make(&[("a/1.txt", "text")]);
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
        fs::create_dir(dir.path().join(name)).unwrap();
        let error = read(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains("a folder whose name is utf-8") && error.contains(r#""caf\xE9""#),
            "{error}"
        );
    }
}
