//! fast.ai's layout of classification data: `train.csv`, `test.csv`, `unsup.csv` of `label,text`, and `classes.txt`.

use std::path::{Path, PathBuf};

use super::csv_rows::{CsvRows, no_rows};
use super::review_set::ReviewSet;
use crate::decode::decode_file;
use crate::label_kind::LabelField;
use crate::open::read;
use crate::source::RawDocument;
use crate::{Corpus, Result};

/// The file of this name in `folder`, plain or compressed.
pub(super) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    ["", ".gz", ".zst"]
        .iter()
        .map(|end| folder.join(format!("{name}{end}")))
        .find(|path| path.is_file())
}

/// The set in `folder`, whose training file was found already.
pub(super) fn open(folder: &Path, train: &Path) -> Result<ReviewSet> {
    let listed = find(folder, "classes.txt")
        .map(|path| read_classes(&path))
        .transpose()?;
    let train = read_part(train, listed.as_deref())?;
    let part = |name| {
        find(folder, name)
            .map(|path| read_part(&path, Some(train.classes())))
            .transpose()
    };
    let test = part("test.csv")?;
    let unlabeled = find(folder, "unsup.csv")
        .map(|path| read_unlabeled(&path, train.classes()))
        .transpose()?;
    Ok(ReviewSet {
        train,
        test,
        unlabeled,
    })
}

fn read_classes(path: &Path) -> Result<Vec<String>> {
    let text = decode_file(read(path)?, path)?;
    let classes: Vec<String> = text
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|l| !l.is_empty())
        .collect();
    if classes.is_empty() {
        Err(no_rows(path, "no class name"))
    } else {
        Ok(classes)
    }
}

/// A labeled part. A label that is a number within `classes` counts as such, even where a class has a number for a name.
fn read_part(path: &Path, classes: Option<&[String]>) -> Result<Corpus> {
    let mut rows = read_rows(path)?;
    if let Some(classes) = classes {
        let by_number = |label: String| match label
            .parse::<usize>()
            .ok()
            .and_then(|number| classes.get(number))
        {
            Some(name) => name.clone(),
            None => label,
        };
        for row in &mut rows {
            row.label = row.label.take().map(by_number);
        }
    }
    LabelField::of_classes(classes, path).corpus(rows)
}

fn read_unlabeled(path: &Path, classes: &[String]) -> Result<Corpus> {
    let mut rows = read_rows(path)?;
    rows.iter_mut().for_each(|row| row.label = None);
    LabelField::of_classes(Some(classes), path).corpus(rows)
}

fn read_rows(path: &Path) -> Result<Vec<RawDocument>> {
    let mut rows = CsvRows::open(path, b',')?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        if row.fields.len() != 2 {
            let found = format!("{} fields", row.fields.len());
            let remedy = "write `label,text`, or read other tables with `Corpus::from_csv`";
            return Err(rows.error(row.line, "2 fields, label and text", &found, remedy));
        }
        let label = Some(row.fields[0].trim().to_owned());
        documents.push(RawDocument {
            text: row.fields[1].to_owned(),
            label,
            line: row.line,
        });
    }
    if documents.is_empty() {
        Err(no_rows(path, "blank lines only"))
    } else {
        Ok(documents)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::fs;

    use super::*;

    fn set(files: &[(&str, &str)]) -> Result<ReviewSet, String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        ReviewSet::open(dir.path()).map_err(|e| {
            e.to_string()
                .replace(&dir.path().display().to_string(), ".")
        })
    }

    const CLASSES: (&str, &str) = ("classes.txt", "neg\npos\n");

    #[test]
    fn labels_are_numbers_or_names() {
        let train = ("train.csv", "1,\"two\nlines, \"\"quoted\"\"\"\nneg,b\n");
        let set = set(&[
            CLASSES,
            train,
            ("test.csv", "pos,c"),
            ("unsup.csv", "2,d\n"),
        ])
        .unwrap();
        assert_eq!(set.train.texts(), ["two\nlines, \"quoted\"", "b"]);
        assert_eq!(set.train.labels().unwrap(), [1, 0]);
        assert_eq!(set.test.unwrap().labels().unwrap(), [1]);
        let unlabeled = set.unlabeled.unwrap();
        assert_eq!(
            (
                unlabeled.documents()[0].label.clone(),
                unlabeled.n_classes()
            ),
            (None, 2)
        );
    }

    #[test]
    fn without_a_list_the_labels_are_the_classes() {
        let set = set(&[("train.csv", "b,x\na,y\n"), ("test.csv", "b,z\n")]).unwrap();
        assert_eq!(
            (set.train.classes(), set.test.unwrap().labels().unwrap()),
            (&["a".into(), "b".into()][..], vec![1])
        );
        assert_eq!(set.unlabeled, None);
    }

    #[test]
    fn malformed_files_are_named() {
        let check = |files: &[(&str, &str)], expected: &str| {
            let message = set(files).unwrap_err();
            assert!(message.starts_with(expected), "{message}");
        };
        let outside = "./train.csv, line 2: expected a label among `neg`, `pos`, found `2`";
        check(&[CLASSES, ("train.csv", "0,a\n2,b\n")], outside);
        check(
            &[CLASSES, ("train.csv", "a\n")],
            "./train.csv, line 1: expected 2 fields, label and text, found 1 fields",
        );
        check(
            &[CLASSES, ("train.csv", "")],
            "./train.csv: expected at least one row of text, found an empty file",
        );
        check(
            &[("classes.txt", "\n"), ("train.csv", "0,a\n")],
            "./classes.txt: expected at least one row of text",
        );
    }
}
