//! A corpus from any CSV file, by columns.

use std::path::Path;

use csv::StringRecord;
use ulmfit_text::Special;

use super::csv_columns::{Column, CsvColumns, Header};
use super::csv_rows::{CsvRows, Row, no_rows};
use crate::error::quoted;
use crate::label_kind::LabelReader;
use crate::source::{Documents, RawDocument, until_error};
use crate::{Corpus, Error, Result, Source};

impl Corpus {
    /// The documents of a CSV file, one per row. A name that ends in `.gz` or `.zst` is decompressed on the way.
    ///
    /// ```no_run
    /// use ulmfit_data::{Corpus, CsvColumns};
    /// let corpus = Corpus::from_csv("reviews.csv", &CsvColumns::new("text").with_label("label"))?;
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read, has no rows or no such column, or a row is malformed: too few or too many fields, a
    /// quote that is never closed, a label outside the given classes or not of the kind that was asked for, bytes that are
    /// no text. The message names the line.
    pub fn from_csv(path: impl AsRef<Path>, columns: &CsvColumns) -> Result<Self> {
        Source::csv(path.as_ref(), columns.clone()).corpus()
    }

    /// The training and the validation rows of a CSV file with a column that tells them apart, as in fast.ai's samples.
    ///
    /// The column set by [`CsvColumns::with_split`] holds `true`, `1`, `yes`, `valid`, `validation` or `test` for the
    /// second part and `false`, `0`, `no`, `train` or nothing for the first, in any case. Both parts share one list of
    /// classes.
    ///
    /// # Errors
    /// As [`from_csv`](Self::from_csv); if no split column was set; if the column holds anything else.
    pub fn from_csv_split(path: impl AsRef<Path>, columns: &CsvColumns) -> Result<(Self, Self)> {
        let path = path.as_ref();
        if columns.split.is_none() {
            let expected = "the column that tells validation rows apart (`with_split`)";
            return Err(Error::Setting {
                name: "split",
                expected,
                found: "none".into(),
            });
        }
        let mut rows = CsvDocuments::open(path, columns)?;
        let (mut documents, mut valid) = (Vec::new(), Vec::new());
        while let Some((document, is_valid)) = rows.next()? {
            documents.push(document);
            valid.push(is_valid);
        }
        let corpus = columns.label_field(path).corpus(documents)?;
        let (second, first): (Vec<usize>, Vec<usize>) =
            (0..corpus.len()).partition(|&row| valid[row]);
        Ok((corpus.pick(&first), corpus.pick(&second)))
    }
}

/// The documents of a file, one at a time.
pub(crate) fn documents<'a>(path: &'a Path, columns: &'a CsvColumns) -> Result<Documents<'a>> {
    let mut rows = CsvDocuments::open(path, columns)?;
    // Where the classes are given, a wrong label is an error even to those who look at the texts alone.
    let reader = columns
        .classes()
        .map(|classes| LabelReader::new(columns.label_field(path), classes))
        .transpose()?;
    Ok(until_error(move || {
        let Some((document, _)) = rows.next()? else {
            return Ok(None);
        };
        if let Some(reader) = &reader {
            reader.read(&document)?;
        }
        Ok(Some(document))
    }))
}

/// Rows as documents, by the numbers of their columns.
struct CsvDocuments {
    rows: CsvRows,
    texts: Vec<usize>,
    label: Option<usize>,
    /// Whether an empty label says something.
    reads_empty: bool,
    split: Option<usize>,
    /// The row that comes next; looked at beforehand, so that a file without one is an error at once.
    next: Option<Row>,
}

impl CsvDocuments {
    fn open(path: &Path, columns: &CsvColumns) -> Result<Self> {
        let mut rows = CsvRows::open(path, columns.delimiter)?;
        let Some(first) = rows.next()? else {
            return Err(no_rows(path, "blank lines only"));
        };
        let find = |column: &Column| find(column, &first.fields, columns.header, path);
        let texts = columns.texts.iter().map(find).collect::<Result<Vec<_>>>()?;
        if texts.is_empty() {
            return Err(Error::Setting {
                name: "text columns",
                expected: "at least one",
                found: "none".into(),
            });
        }
        let label = columns.label.as_ref().map(find).transpose()?;
        let split = columns.split.as_ref().map(find).transpose()?;
        let next = match columns.header {
            Header::Present => rows.next()?,
            Header::Absent => Some(first),
        };
        if next.is_none() {
            return Err(no_rows(path, "only a header"));
        }
        Ok(Self {
            rows,
            texts,
            label,
            reads_empty: columns.labels.reads_empty(),
            split,
            next,
        })
    }

    /// The next document and whether it is for validation.
    fn next(&mut self) -> Result<Option<(RawDocument, bool)>> {
        let Some(Row { line, fields }) = self.next.take() else {
            return Ok(None);
        };
        let label = self
            .label
            .map(|at| fields[at].trim())
            .filter(|label| self.reads_empty || !label.is_empty())
            .map(str::to_owned);
        let valid = match self.split.map(|at| &fields[at]) {
            None => false,
            Some(mark) => is_validation(mark).ok_or_else(|| {
                let found = format!("`{mark}`");
                let expected = "`true` or `false` in the split column";
                self.rows.error(line, expected, &found, "correct the row")
            })?,
        };
        let text = join(&self.texts, &fields);
        self.next = self.rows.next()?;
        Ok(Some((RawDocument { text, label, line }, valid)))
    }
}

/// The number of a column.
fn find(column: &Column, first: &StringRecord, header: Header, path: &Path) -> Result<usize> {
    let found = match (column, header) {
        (Column::Number(number), _) => Some(*number).filter(|&number| number < first.len()),
        (Column::Name(name), Header::Present) => {
            first.iter().position(|there| there.trim() == name)
        }
        (Column::Name(_), Header::Absent) => None,
    };
    found.ok_or_else(|| Error::Column {
        path: path.to_owned(),
        asked: column.to_string(),
        there: match header {
            Header::Present => names(first),
            Header::Absent => format!("0 to {} without names", first.len() - 1),
        },
    })
}

/// The names in a header. Long ones are cut, and questioned: a file without a header has its first text there.
fn names(header: &StringRecord) -> String {
    const LONGEST: usize = 40;
    let cut = |name: &str| match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    };
    let names: Vec<String> = header.iter().map(|name| cut(name.trim())).collect();
    let question = match names.iter().any(|name| name.ends_with('…')) {
        true => " (if that is no header, give columns by number and say that there is none)",
        false => "",
    };
    quoted(&names) + question
}

/// The text of a row. Several columns are marked with their numbers from 1 (fastai v2: `mark_fields`).
fn join(texts: &[usize], fields: &StringRecord) -> String {
    match texts {
        [only] => fields[*only].to_owned(),
        several => {
            let marked = several
                .iter()
                .zip(1..)
                .map(|(&at, n)| format!("{} {n} {}", Special::Field.as_str(), &fields[at]));
            marked.collect::<Vec<_>>().join(" ")
        }
    }
}

fn is_validation(mark: &str) -> Option<bool> {
    match mark.trim().to_lowercase().as_str() {
        "true" | "1" | "yes" | "valid" | "validation" | "test" => Some(true),
        "false" | "0" | "no" | "train" | "" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::{Label, LabelKind, Labels};

    fn in_file<T>(text: &str, read: impl FnOnce(&Path) -> Result<T>) -> Result<T, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        read(&path).map_err(|e| e.to_string().replace(&path.display().to_string(), "a.csv"))
    }

    fn csv(text: &str, columns: CsvColumns) -> Result<Corpus, String> {
        in_file(text, |path| Corpus::from_csv(path, &columns))
    }

    #[test]
    fn columns_by_name_and_by_number() {
        let named = csv(
            "label, text\npos,a\nneg,b\n,c\n",
            CsvColumns::new("text").with_label("label"),
        )
        .unwrap();
        assert_eq!(
            (named.texts(), named.classes()),
            (vec!["a", "b", "c"], &["neg".into(), "pos".into()][..])
        );
        assert_eq!(
            named
                .documents()
                .iter()
                .map(|d| d.label.clone())
                .collect::<Vec<_>>(),
            [Some(Label::Class(1)), Some(Label::Class(0)), None]
        );
        let tabs = CsvColumns::new(1)
            .with_label(0)
            .with_delimiter(b'\t')
            .without_header();
        assert_eq!(csv("10\ta, b\n9\tc", tabs).unwrap().classes(), ["9", "10"]);
    }

    #[test]
    fn several_text_columns_are_marked() {
        let columns = CsvColumns::new("x").with_text_columns(["title", "body"]);
        assert_eq!(
            csv("body,title\nb c,a\n", columns).unwrap().texts(),
            ["xxfld 1 a xxfld 2 b c"]
        );
    }

    #[test]
    fn a_label_column_of_several_classes() {
        let tags = || {
            CsvColumns::new("text")
                .with_label("tags")
                .with_label_kind(LabelKind::set(";"))
        };
        let text = "text,tags\na,sad; old\nb,\nc,old;old\n";
        let corpus = csv(text, tags()).unwrap();
        assert_eq!(corpus.classes(), ["old", "sad"]);
        let sets = Labels::Sets(vec![vec![0, 1], vec![], vec![0]]);
        assert_eq!(corpus.all_labels().unwrap(), sets);
        let given = csv(text, tags().with_classes(["sad", "new", "old"])).unwrap();
        let sets = Labels::Sets(vec![vec![0, 2], vec![], vec![2]]);
        assert_eq!(given.all_labels().unwrap(), sets);
        let check = |columns: CsvColumns, text: &str, expected: &str| {
            assert_eq!(csv(text, columns).unwrap_err(), expected);
        };
        check(
            tags().with_classes(["sad", "new"]),
            text,
            "a.csv, line 2: expected a label among `sad`, `new`, found `old`; correct the label or add the class",
        );
        check(
            tags(),
            "text,tags\na,sad;;old\n",
            "a.csv, line 2: expected names of classes with `;` between them, found an empty name in `sad;;old`; correct \
             the label or remove the document",
        );
        check(
            tags().with_label_kind(LabelKind::set("")),
            text,
            "setting `delimiter`: expected what stands between two classes, such as `;`, found nothing; change the setting",
        );
    }

    #[test]
    fn a_label_column_of_numbers() {
        let stars = || {
            CsvColumns::new("text")
                .with_label("stars")
                .with_label_kind(LabelKind::Number)
        };
        let corpus = csv("text,stars\na, 4.5\nb,-1e1\n", stars()).unwrap();
        assert_eq!(corpus.classes(), ["stars"]);
        let values = Labels::Values(vec![vec![4.5], vec![-10.0]]);
        assert_eq!(corpus.all_labels().unwrap(), values);
        for (field, found) in [
            ("good", "`good`"),
            ("NaN", "`NaN`"),
            ("1e99", "`1e99`"),
            ("", "nothing"),
            ("\"3,5\"", "`3,5`"),
        ] {
            let error = csv(&format!("text,stars\na,1\nb,{field}\n"), stars()).unwrap_err();
            assert_eq!(
                error,
                format!(
                    "a.csv, line 3: expected a finite number as the label, found {found}; correct the label or remove the \
                     document"
                )
            );
        }
        let error = csv("text,stars\na,1\n", stars().with_classes(["a", "b"])).unwrap_err();
        assert!(error.contains("expected one name for a number"), "{error}");
    }

    #[test]
    fn a_split_column_makes_two_parts() {
        let columns = CsvColumns::new("text")
            .with_label("label")
            .with_split("is_valid");
        let text = "label,text,is_valid\nb,t1,False\na,t2,True\nb,t3,False\n";
        let (train, valid) = in_file(text, |path| Corpus::from_csv_split(path, &columns)).unwrap();
        assert_eq!(
            (train.texts(), valid.texts()),
            (vec!["t1", "t3"], vec!["t2"])
        );
        assert_eq!(
            (train.labels().unwrap(), valid.classes().len()),
            (vec![1, 1], 2)
        );
        let error = in_file("label,text,is_valid\nb,t,maybe\n", |p| {
            Corpus::from_csv_split(p, &columns)
        })
        .unwrap_err();
        assert!(error.starts_with(
            "a.csv, line 2: expected `true` or `false` in the split column, found `maybe`"
        ));
    }

    #[test]
    fn what_is_missing_is_named() {
        let check = |text: &str, columns: CsvColumns, expected: &str| {
            let message = csv(text, columns).unwrap_err();
            assert!(message.starts_with(expected), "{message}");
        };
        let there =
            "a.csv: expected a column `body`, found the columns `label`, `text`; name one of these";
        check("label,text\n", CsvColumns::new("body"), there);
        check(
            &format!("0,{}\n", "Ä long review ".repeat(9)),
            CsvColumns::new("text"),
            "a.csv: expected a column `text`, found the columns `0`, `Ä long review Ä long review Ä long revie…` (if that is no \
             header,",
        );
        check(
            "a,b\n",
            CsvColumns::new("a").without_header(),
            "a.csv: expected a column `a`, found the columns 0 to 1",
        );
        check(
            "a,b\n",
            CsvColumns::new(2),
            "a.csv: expected a column number 2 (the first is 0)",
        );
        check(
            "label,text\n",
            CsvColumns::new("text"),
            "a.csv: expected at least one row of text, found only a header",
        );
        let classes = CsvColumns::new("text")
            .with_label("label")
            .with_classes(["no", "yes"]);
        check(
            "label,text\nmaybe,t\n",
            classes,
            "a.csv, line 2: expected a label among `no`, `yes`, found `maybe`",
        );
        check(
            "a\nb\n",
            CsvColumns::new(0).with_delimiter(b'"'),
            "setting `delimiter`: expected a plain character",
        );
    }
}
