//! Which columns of a CSV file hold what.

use std::fmt;
use std::path::Path;

use crate::LabelKind;
use crate::label_kind::LabelField;

/// A column, by its name in the header or by its number from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The column under this header.
    Name(String),
    /// The column with this number, from 0.
    Number(usize),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for Column {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Number(number) => write!(f, "number {number} (the first is 0)"),
        }
    }
}

/// What to read from a CSV file. Columns that are not named are ignored.
///
/// | setting | default | purpose |
/// |---|---|---|
/// | text columns | required | the text; several are joined, each marked with its number as in fastai v2 |
/// | label column | none | the label |
/// | label kind | one class | whether a label is a class, several or a number, see [`LabelKind`] |
/// | split column | none | which rows are for validation, see [`Corpus::from_csv_split`](crate::Corpus::from_csv_split) |
/// | classes | the distinct labels, sorted | their order, and a check that no other label occurs |
/// | delimiter | `,` | what separates fields |
/// | header | there is one | names of the columns |
///
/// ```
/// use ulmfit_data::CsvColumns;
/// let by_name = CsvColumns::new("text").with_label("label");
/// let by_number = CsvColumns::new(1).with_label(0).with_delimiter(b'\t').without_header();
/// # let _ = (by_name, by_number);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvColumns {
    pub(super) texts: Vec<Column>,
    pub(super) label: Option<Column>,
    pub(crate) labels: LabelKind,
    pub(super) split: Option<Column>,
    pub(super) classes: Option<Vec<String>>,
    pub(super) delimiter: u8,
    pub(super) header: Header,
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Present,
    Absent,
}

impl CsvColumns {
    /// Text from one column, no label.
    pub fn new(text: impl Into<Column>) -> Self {
        Self {
            texts: vec![text.into()],
            label: None,
            labels: LabelKind::default(),
            split: None,
            classes: None,
            delimiter: b',',
            header: Header::Present,
        }
    }

    /// With these text columns instead of the one given first. Of several, each is marked with its number from 1, as
    /// fastai v2 does (`mark_fields`).
    pub fn with_text_columns<C: Into<Column>>(
        mut self,
        texts: impl IntoIterator<Item = C>,
    ) -> Self {
        self.texts = texts.into_iter().map(Into::into).collect();
        self
    }

    /// With labels from this column.
    pub fn with_label(mut self, label: impl Into<Column>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With labels of this kind; without it each is one class.
    ///
    /// ```
    /// use ulmfit_data::{CsvColumns, LabelKind};
    /// let tags = CsvColumns::new("text").with_label("tags").with_label_kind(LabelKind::set(";"));
    /// let stars = CsvColumns::new("text").with_label("stars").with_label_kind(LabelKind::Number);
    /// # let _ = (tags, stars);
    /// ```
    pub fn with_label_kind(mut self, kind: LabelKind) -> Self {
        self.labels = kind;
        self
    }

    /// With this column saying which rows are for validation.
    pub fn with_split(mut self, split: impl Into<Column>) -> Self {
        self.split = Some(split.into());
        self
    }

    /// With these classes, in this order; a label that is none of them is an error. Of numbers it is the name.
    pub fn with_classes<S: Into<String>>(mut self, classes: impl IntoIterator<Item = S>) -> Self {
        self.classes = Some(classes.into_iter().map(Into::into).collect());
        self
    }

    pub(crate) fn classes(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }

    /// The label column's name, where it is given by name.
    pub(crate) fn label_name(&self) -> Option<&str> {
        match &self.label {
            Some(Column::Name(name)) => Some(name),
            Some(Column::Number(_)) | None => None,
        }
    }

    /// All that is known of the labels of the file.
    pub(super) fn label_field<'a>(&'a self, file: &'a Path) -> LabelField<'a> {
        LabelField {
            kind: &self.labels,
            classes: self.classes(),
            name: self.label_name(),
            file,
        }
    }

    /// With fields separated by this byte, such as `b'\t'`.
    pub fn with_delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// For a file whose first row is data; columns are then given by number.
    pub fn without_header(mut self) -> Self {
        self.header = Header::Absent;
        self
    }
}
