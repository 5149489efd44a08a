//! fast.ai's layout of classification data: `train.csv`, `test.csv`, `unsup.csv` of `label,text`, and `classes.txt`.

use std::path::{Path, PathBuf};

use super::ReviewSet;
use crate::corpus::Corpus;
use crate::document::{RawDocument, RawLabel};
use crate::formats::whole_text;
use crate::label_kind::{LabelKind, LabelNames};
use crate::report::ReadReport;
use crate::source::Source;
use crate::{Error, Result};

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
    let mut report = ReadReport::default();
    let train = read_part(train, listed.as_deref(), &mut report)?;
    let mut part = |name, labeled: bool| -> Result<Option<Corpus>> {
        let Some(path) = find(folder, name) else {
            return Ok(None);
        };
        let mut rows = read_rows(&path, &mut report)?;
        if !labeled {
            rows.iter_mut().for_each(|row| row.label = None);
        }
        corpus(rows, Some(train.classes())).map(Some)
    };
    let (test, unlabeled) = (part("test.csv", true)?, part("unsup.csv", false)?);
    Ok(ReviewSet {
        train,
        test,
        unlabeled,
        report,
    })
}

fn read_classes(path: &Path) -> Result<Vec<String>> {
    let text = whole_text(path)?;
    let classes: Vec<String> = text
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|l| !l.is_empty())
        .collect();
    match classes.is_empty() {
        true => Err(Error::layout(
            path,
            "at least one row of text",
            "no class name",
            "check that it is the right file and that it was written to its end",
        )),
        false => Ok(classes),
    }
}

fn read_part(path: &Path, classes: Option<&[String]>, report: &mut ReadReport) -> Result<Corpus> {
    corpus(read_rows(path, report)?, classes)
}

/// A part over `classes`. A label that is a number within them counts as such, even where a class has a number for a
/// name.
fn corpus(mut rows: Vec<RawDocument>, classes: Option<&[String]>) -> Result<Corpus> {
    for row in &mut rows {
        let number = match &row.label {
            Some(RawLabel::Text(label)) => label.parse::<usize>().ok(),
            _ => None,
        };
        if let Some(name) = number.and_then(|number| classes?.get(number)) {
            row.label = Some(name.as_str().into());
        }
    }
    let names = LabelNames {
        kind: &LabelKind::SingleLabel,
        classes,
        name: None,
    };
    names.corpus(rows)
}

fn read_rows(path: &Path, report: &mut ReadReport) -> Result<Vec<RawDocument>> {
    let source = Source::new(path)
        .without_header()
        .with_text(1)
        .with_label(0);
    let (rows, read) = source.with_missing::<&str>(&[]).rows()?;
    report.merge(&read);
    Ok(rows)
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
            "./train.csv: expected a column number 1 (the first is 0), found the columns 0 to 0 without names",
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
