//! Documents in a file, a folder or the standard input: read one at a time, as often as needed, or all at once.

use std::path::{Path, PathBuf};

use ulmfit_text::join_fields;

use crate::columns::{Column, Layout, Quotes, TextUnit};
use crate::corpus::Corpus;
use crate::digest::Digest;
use crate::document::{DocumentSource, Documents, Place, RawDocument, RawLabel};
use crate::formats::{Format, RawRow, Row, Rows, Value};
use crate::input::{STDIN, bytes_of, io_error, list, shown};
use crate::label_kind::{LabelKind, LabelNames, MISSING};
use crate::report::ReadReport;
use crate::{Error, Result};

/// Documents in a file, a folder or, for the path `-`, the standard input.
///
/// One reader serves every format; what a format has no use for is ignored. Compression by gzip or Zstandard is told by
/// the content, and a byte order mark is no part of the text.
///
/// | setting | default | purpose |
/// |---|---|---|
/// | format | by the name: `.csv`, `.tsv`, `.jsonl`, `.parquet`, `.txt`, also `.gz` or `.zst` | how it is read |
/// | text | `text` | the column of the text; several are joined, each marked with its number as in fastai v2 |
/// | label | none | the column of the label; of a folder, that its folders are classes |
/// | label kind | one class | whether a label is a class, several or a number, see [`LabelKind`] |
/// | classes | the distinct labels, sorted | their order, and a check that no other label occurs |
/// | missing labels | `nan`, `NULL` and the like | texts that stand for no label |
/// | split | none | the column that says which rows are for validation |
/// | delimiter | `,`, and tab for `.tsv` | what separates fields |
/// | quotes | doubled | what quotes mean in a CSV or TSV file |
/// | header | there is one | whether the first row names the columns |
/// | unit | a line | what a document is in plain text |
///
/// ```no_run
/// use ulmfit_data::Source;
/// let reviews = Source::new("reviews.csv.zst").with_label("label");
/// let corpus = reviews.corpus()?; // or, of any size: TokenStore::create(path, &reviews, ...)
/// # Ok::<(), ulmfit_data::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    format: Option<Format>,
    texts: Vec<Column>,
    label: Option<Column>,
    kind: LabelKind,
    classes: Option<Vec<String>>,
    missing: Vec<String>,
    split: Option<Column>,
    delimiter: Option<u8>,
    quotes: Quotes,
    header: bool,
    unit: TextUnit,
}

impl Source {
    /// The documents at a path, of the column `text` where there are columns.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            format: None,
            texts: vec!["text".into()],
            label: None,
            kind: LabelKind::default(),
            classes: None,
            missing: MISSING.map(str::to_owned).to_vec(),
            split: None,
            delimiter: None,
            quotes: Quotes::default(),
            header: true,
            unit: TextUnit::default(),
        }
    }

    /// In this format, whatever the name.
    #[must_use]
    pub fn with_format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// With texts from this column.
    #[must_use]
    pub fn with_text(self, text: impl Into<Column>) -> Self {
        self.with_texts([text])
    }

    /// With texts from these columns: of several, each is marked with its number from 1, see [`join_fields`].
    #[must_use]
    pub fn with_texts<C: Into<Column>>(mut self, texts: impl IntoIterator<Item = C>) -> Self {
        self.texts = texts.into_iter().map(Into::into).collect();
        self
    }

    /// With labels from this column; of a folder, with its folders as classes.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Column>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With labels of this kind.
    ///
    /// ```
    /// use ulmfit_data::{LabelKind, Source};
    /// let posts = Source::new("posts.jsonl").with_label("tags").with_label_kind(LabelKind::multi_label(";"));
    /// let stars = Source::new("reviews.csv").with_label("stars").with_label_kind(LabelKind::Regression);
    /// # let _ = (posts, stars);
    /// ```
    #[must_use]
    pub fn with_label_kind(mut self, kind: LabelKind) -> Self {
        self.kind = kind;
        self
    }

    /// With these classes, in this order; a label that is none of them is an error that names its line. Of numbers it is
    /// the name. A validation set takes those of the training set.
    #[must_use]
    pub fn with_classes<S: AsRef<str>>(mut self, classes: &[S]) -> Self {
        self.classes = Some(
            classes
                .iter()
                .map(|class| class.as_ref().to_owned())
                .collect(),
        );
        self
    }

    /// With these texts standing for no label. Default: what pandas and data bases write for a missing value; give none
    /// of them, and a class may have such a name.
    ///
    /// ```
    /// use ulmfit_data::Source;
    /// let countries = Source::new("countries.csv").with_label("code").with_missing(&["?"]); // NA is Namibia
    /// # let _ = countries;
    /// ```
    #[must_use]
    pub fn with_missing<S: AsRef<str>>(mut self, texts: &[S]) -> Self {
        self.missing = texts.iter().map(|text| text.as_ref().to_owned()).collect();
        self
    }

    /// With this column saying which rows are for validation, for [`Self::read_split`].
    #[must_use]
    pub fn with_split(mut self, split: impl Into<Column>) -> Self {
        self.split = Some(split.into());
        self
    }

    /// With fields separated by this byte, such as `b';'`.
    #[must_use]
    pub fn with_delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// With quotes of this meaning.
    #[must_use]
    pub fn with_quotes(mut self, quotes: Quotes) -> Self {
        self.quotes = quotes;
        self
    }

    /// For a table whose first row is data; columns are then given by number.
    #[must_use]
    pub fn without_header(mut self) -> Self {
        self.header = false;
        self
    }

    /// With documents of this unit in plain text.
    #[must_use]
    pub fn with_unit(mut self, unit: TextUnit) -> Self {
        self.unit = unit;
        self
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The documents, one at a time, with a report of what was read.
    ///
    /// # Errors
    /// If the file cannot be opened, or has no such column.
    pub fn documents(&self) -> Result<DocumentReader<'_>> {
        self.reader(false)
    }

    /// As [`Self::documents`], and keeps each row as it stands in the file, for [`DocumentReader::take_raw_row`].
    ///
    /// # Errors
    /// As [`Self::documents`].
    pub fn documents_and_rows(&self) -> Result<DocumentReader<'_>> {
        self.reader(true)
    }

    fn reader(&self, raw_rows: bool) -> Result<DocumentReader<'_>> {
        let asked = [&self.label, &self.split].into_iter().flatten();
        let format = self.format()?;
        let texts = match format {
            Format::Text | Format::Folder => &self.texts[..self.texts.len().min(1)],
            Format::Csv | Format::Tsv | Format::Jsonl | Format::Parquet => &self.texts[..],
        };
        let layout = Layout {
            columns: texts.iter().chain(asked).cloned().collect(),
            n_texts: texts.len(),
            delimiter: self.delimiter,
            quotes: self.quotes,
            header: self.header,
            unit: self.unit,
            raw_rows,
        };
        if self.texts.is_empty() {
            return Err(Error::setting("text columns", "at least one", "none"));
        }
        Ok(DocumentReader {
            rows: format.open(&self.path, &layout)?,
            source: self,
            texts,
            report: ReadReport::default(),
            raw: None,
            ended: false,
        })
    }

    /// All documents in memory, their labels numbered.
    ///
    /// # Errors
    /// If the file cannot be read, has no rows, no text or no such column, or a row is malformed: too few or too many
    /// fields, a quote that does not end a field, a label outside the given classes or not of the kind that was asked
    /// for, bytes that are no text. The message names the line as an editor counts.
    pub fn corpus(&self) -> Result<Corpus> {
        Ok(self.read()?.0)
    }

    /// As [`Self::corpus`], with a report of what was read and what was left out.
    ///
    /// # Errors
    /// As [`Self::corpus`].
    pub fn read(&self) -> Result<(Corpus, ReadReport)> {
        let (corpus, _, report) = self.read_parts()?;
        Ok((corpus, report))
    }

    /// The training and the validation rows, told apart by a column, as in fast.ai's samples, and what was read.
    ///
    /// The column set by [`Self::with_split`] holds `true`, `1`, `yes`, `valid`, `validation` or `test` for the second
    /// part and `false`, `0`, `no`, `train` or nothing for the first, in any case. Both parts share one list of classes.
    ///
    /// # Errors
    /// As [`Self::corpus`]; if no split column was set; if the column holds anything else.
    pub fn read_split(&self) -> Result<(Corpus, Corpus, ReadReport)> {
        if self.split.is_none() {
            return Err(Error::setting(
                "split",
                "the column that tells validation rows apart (`with_split`)",
                "none",
            ));
        }
        let (corpus, valid, report) = self.read_parts()?;
        let (second, first): (Vec<usize>, Vec<usize>) =
            (0..corpus.len()).partition(|&row| valid[row]);
        Ok((corpus.pick(&first), corpus.pick(&second), report))
    }

    /// All documents, which of them are for validation, and what was read.
    fn read_parts(&self) -> Result<(Corpus, Vec<bool>, ReadReport)> {
        let (documents, valid, report) = self.raw_parts()?;
        if report.empty_texts == report.documents {
            return Err(Error::layout(
                &shown(&self.path),
                "text in at least one row",
                format!("none in {} rows", report.rows),
                "name the column of the text",
            ));
        }
        let names = LabelNames {
            kind: &self.kind,
            classes: self.classes.as_deref(),
            name: self.label.as_ref(),
        };
        Ok((names.corpus(documents)?, valid, report))
    }

    /// All documents as they stand in the file.
    pub(crate) fn rows(&self) -> Result<(Vec<RawDocument>, ReadReport)> {
        let (documents, _, report) = self.raw_parts()?;
        Ok((documents, report))
    }

    fn raw_parts(&self) -> Result<(Vec<RawDocument>, Vec<bool>, ReadReport)> {
        let mut reader = self.documents()?;
        let (mut documents, mut valid) = (Vec::new(), Vec::new());
        while let Some((document, is_valid)) = reader.next_part()? {
            documents.push(document);
            valid.push(is_valid);
        }
        reader.require_rows()?;
        let report = reader.report();
        Ok((documents, valid, report))
    }

    fn no_rows(&self, found: &str) -> Error {
        Error::layout(
            &shown(&self.path),
            "at least one row of text",
            found,
            "check that it is the right file and that it was written to its end",
        )
    }

    /// The format that the file is read in: that which was set, else that of its name; plain text if neither is known.
    ///
    /// # Errors
    /// If there is no such file, and for labels asked of plain text.
    pub fn format(&self) -> Result<Format> {
        let is_pipe = self.path.as_os_str() == STDIN;
        let is_folder = match is_pipe {
            true => false,
            // Follows links, and tells "not there" from "not allowed".
            false => std::fs::metadata(&self.path)
                .map_err(|e| io_error("open", &self.path, e))?
                .is_dir(),
        };
        match (
            self.format.or_else(|| Format::of_name(&self.path)),
            &self.label,
        ) {
            (Some(format), _) if self.format.is_some() && format != Format::Text => Ok(format),
            (_, Some(_)) if is_folder => Ok(Format::Folder),
            (_, None) if is_folder => Ok(Format::Text),
            (Some(format), None) => Ok(format),
            (Some(format), Some(_)) if format != Format::Text => Ok(format),
            (None, None) => Ok(Format::Text),
            (_, Some(_)) => Err(Error::layout(
                &shown(&self.path),
                "a file with labels (.csv, .tsv, .jsonl or .parquet, also .gz or .zst) or a folder with a folder \
                           for each class",
                match is_pipe {
                    true => "no name",
                    false => "another name",
                },
                "say which format it is (--format), or rename the file by its format",
            )),
        }
    }
}

impl DocumentSource for Source {
    fn documents_iter(&self) -> Result<Documents<'_>> {
        let mut reader = self.documents()?;
        let mut ended = false;
        Ok(Box::new(std::iter::from_fn(move || {
            let next = reader.next();
            if next.is_some() || ended {
                return next;
            }
            ended = true;
            reader.require_rows().err().map(Err)
        })))
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        let may_be_read_again = self.path.is_file() || self.path.is_dir() || !self.path.exists();
        if self.path.as_os_str() == STDIN || !may_be_read_again {
            return Err(Error::layout(
                &shown(&self.path),
                "a file, as the text is read more than once",
                "a pipe",
                "write the text to a file first",
            ));
        }
        let mut digest = Digest::default();
        let unnamed = Self {
            path: PathBuf::new(),
            ..self.clone()
        };
        digest.bytes(format!("{:?} {unnamed:?}", self.format()?).as_bytes());
        digest_files(&self.path, &mut digest)?;
        Ok(digest.finish())
    }
}

/// The documents of a source, one at a time. Behind an error of one row the next one follows; any other is the last.
pub struct DocumentReader<'a> {
    rows: Box<dyn Rows>,
    source: &'a Source,
    /// The columns of the text that the format has.
    texts: &'a [Column],
    report: ReadReport,
    raw: Option<RawRow>,
    ended: bool,
}

impl DocumentReader<'_> {
    /// The names of the columns, where a CSV or TSV file has a row of them and rows are kept.
    pub fn header(&self) -> Option<&[String]> {
        self.rows.header()
    }

    /// The row of the last document as it stands in the file, if rows are kept ([`Source::documents_and_rows`]) and the
    /// format is CSV, TSV or JSON lines.
    pub fn take_raw_row(&mut self) -> Option<RawRow> {
        self.raw.take()
    }

    /// What was read so far.
    pub fn report(&self) -> ReadReport {
        let mut report = self.report.clone();
        self.rows.report(&mut report);
        report
    }

    /// Fails if there was no row at all.
    pub(crate) fn require_rows(&self) -> Result<()> {
        match self.report().rows {
            0 => Err(self.source.no_rows(self.rows.nothing())),
            _ => Ok(()),
        }
    }

    /// The next document and whether it is for validation.
    fn next_part(&mut self) -> Result<Option<(RawDocument, bool)>> {
        let Some(row) = self.rows.next()? else {
            return Ok(None);
        };
        let source = self.source;
        let Row { place, values, raw } = row;
        self.raw = raw;
        let mut values = values.into_iter();
        let mut texts = Vec::with_capacity(self.texts.len());
        for column in self.texts {
            let value = values.next().unwrap_or(Value::Null);
            texts.push(match value {
                Value::Text(text) => text,
                Value::Null => String::new(),
                other => return Err(wrong(&place, "a string", column, &other)),
            });
        }
        let text = match <[String; 1]>::try_from(texts) {
            Ok([only]) => only,
            Err(several) => join_fields(&several),
        };
        let label = match (
            &source.label,
            source.label.as_ref().and_then(|_| values.next()),
        ) {
            (Some(column), Some(value)) => match value {
                Value::Null => None,
                Value::Text(text) | Value::Number(text) => self.label(&text),
                Value::List(names) => Some(RawLabel::List(names)),
                Value::Other(_) => {
                    return Err(wrong(
                        &place,
                        "a string, a number or a list",
                        column,
                        &value,
                    ));
                }
            },
            _ => None,
        };
        let is_valid = match (&source.split, values.next()) {
            (Some(column), Some(value)) => match &value {
                Value::Null => false,
                Value::Text(mark) | Value::Number(mark) => {
                    is_validation(mark).ok_or_else(|| Error::Row {
                        path: place.file.as_deref().unwrap_or(&source.path).to_owned(),
                        line: place.line,
                        expected: "`true` or `false` in the split column".into(),
                        found: format!("`{mark}`"),
                        remedy: "correct the row",
                    })?
                }
                other => return Err(wrong(&place, "`true` or `false`", column, other)),
            },
            _ => false,
        };
        self.report.documents += 1;
        self.report.empty_texts += usize::from(text.trim().is_empty());
        self.report.unlabeled += usize::from(label.is_none() && source.label.is_some());
        Ok(Some((RawDocument { text, label, place }, is_valid)))
    }

    /// The label in a field, unless the field says that there is none.
    fn label(&mut self, text: &str) -> Option<RawLabel> {
        let (text, source) = (text.trim(), self.source);
        if text.is_empty() && !matches!(source.kind, LabelKind::MultiLabel { .. }) {
            return None;
        }
        let is_class = || source.classes.iter().flatten().any(|class| class == text);
        if source.missing.iter().any(|missing| missing == text) && !is_class() {
            *self.report.missing.entry(text.to_owned()).or_default() += 1;
            return None;
        }
        Some(text.into())
    }
}

impl Iterator for DocumentReader<'_> {
    type Item = Result<RawDocument>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_part();
        self.ended = match &next {
            Ok(document) => document.is_none(),
            Err(error) => !error.is_of_one_row(),
        };
        Some(next.transpose()?.map(|(document, _)| document))
    }
}

fn wrong(place: &Place, expected: &str, column: &Column, found: &Value) -> Error {
    Error::Row {
        path: place.file.as_deref().unwrap_or(Path::new("")).to_owned(),
        line: place.line,
        expected: format!("{expected} in {column}"),
        found: found.kind(),
        remedy: "name another column or correct the row",
    }
}

fn is_validation(mark: &str) -> Option<bool> {
    match mark.trim().to_lowercase().as_str() {
        "true" | "1" | "yes" | "valid" | "validation" | "test" => Some(true),
        "false" | "0" | "no" | "train" | "" => Some(false),
        _ => None,
    }
}

/// The names and bytes, as they are on the disk, of a file or of all files of a folder.
fn digest_files(path: &Path, digest: &mut Digest) -> Result<()> {
    if path.is_dir() {
        for inner in list(path)? {
            digest.bytes(inner.file_name().unwrap_or_default().as_encoded_bytes());
            digest.bytes(&[0]);
            digest_files(&inner, digest)?;
        }
        return Ok(());
    }
    let mut length = 0;
    bytes_of(path, |bytes| {
        length += bytes.len() as u64;
        digest.bytes(bytes);
    })?;
    digest.number(length);
    Ok(())
}
