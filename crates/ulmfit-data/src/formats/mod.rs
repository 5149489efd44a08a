//! The formats of files: each yields rows of the columns that are asked for, and knows nothing of labels or corpora.
//!
//! A new one is a file here, and a variant of [`Format`] with its line in the registry.

mod csv;
mod folder;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod text;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::columns::Layout;
use crate::document::Place;
use crate::input::file_name;
use crate::report::ReadReport;
use crate::{Error, Result};

pub(crate) use folder::{all_files, class_name, decode, whole_text};

/// The format of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A table with commas between fields.
    Csv,
    /// A table with tabs between fields.
    Tsv,
    /// A JSON object on every line.
    Jsonl,
    /// A Parquet file; needs the feature `parquet`.
    Parquet,
    /// Plain text, or a folder of such files; no labels.
    Text,
    /// A folder with a folder for each class and a file for each document.
    Folder,
}

/// The registry of formats.
static ALL: [Entry; 6] = [
    entry(Format::Csv, "csv", &["csv"], |path, layout| {
        csv::open(path, layout, b',')
    }),
    entry(Format::Tsv, "tsv", &["tsv"], |path, layout| {
        csv::open(path, layout, b'\t')
    }),
    entry(
        Format::Jsonl,
        "jsonl",
        &["jsonl", "ndjson", "json"],
        jsonl::open,
    ),
    entry(Format::Parquet, "parquet", &["parquet"], open_parquet),
    entry(Format::Text, "text", &["txt", "text"], text::open),
    entry(Format::Folder, "folder", &[], |path, _| folder::open(path)),
];

/// What is known of a format.
struct Entry {
    format: Format,
    name: &'static str,
    extensions: &'static [&'static str],
    open: fn(&Path, &Layout) -> Result<Box<dyn Rows>>,
}

const fn entry(
    format: Format,
    name: &'static str,
    extensions: &'static [&'static str],
    open: fn(&Path, &Layout) -> Result<Box<dyn Rows>>,
) -> Entry {
    Entry {
        format,
        name,
        extensions,
        open,
    }
}

impl Format {
    /// The names of all formats, as they are read back.
    pub const NAMES: [&str; 6] = ["csv", "tsv", "jsonl", "parquet", "text", "folder"];

    /// The format by what is behind the last point of a name but for `.gz` and `.zst`.
    ///
    /// ```
    /// use std::path::Path;
    /// use ulmfit_data::Format;
    /// assert_eq!(Format::of_name(Path::new("a.b.JSONL.zst")), Some(Format::Jsonl));
    /// assert_eq!(Format::of_name(Path::new("notes")), None);
    /// ```
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = file_name(path).to_ascii_lowercase();
        let mut parts = name.rsplit('.');
        let mut last = parts.next()?;
        if ["gz", "zst", "zstd"].contains(&last) {
            last = parts.next()?;
        }
        parts.next()?; // Something is in front of the point.
        let known = ALL.iter().find(|entry| entry.extensions.contains(&last));
        known.map(|entry| entry.format)
    }

    /// Opens a file or folder.
    pub(crate) fn open(self, path: &Path, layout: &Layout) -> Result<Box<dyn Rows>> {
        (self.entry().open)(path, layout)
    }

    fn entry(self) -> &'static Entry {
        // Every format has its entry.
        ALL.iter()
            .find(|entry| entry.format == self)
            .unwrap_or(&ALL[0])
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().name)
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = ALL.iter().find(|entry| entry.name == name);
        known.map(|entry| entry.format).ok_or_else(|| {
            Error::setting(
                "format",
                "csv, tsv, jsonl, parquet, text or folder",
                format!("`{name}`"),
            )
        })
    }
}

#[cfg(feature = "parquet")]
fn open_parquet(path: &Path, layout: &Layout) -> Result<Box<dyn Rows>> {
    parquet::open(path, layout)
}

#[cfg(not(feature = "parquet"))]
fn open_parquet(path: &Path, _: &Layout) -> Result<Box<dyn Rows>> {
    Err(Error::layout(
        path,
        "a file of text",
        "a Parquet file",
        "build with the cargo feature `parquet`",
    ))
}

/// The rows of a file or folder, one at a time.
pub(crate) trait Rows: Send {
    /// The next row. Behind an error of one row ([`Error::is_of_one_row`]) the next one follows; behind any other this is
    /// not called again.
    fn next(&mut self) -> Result<Option<Row>>;

    /// What was found, in words, where there was no row.
    fn nothing(&self) -> &'static str {
        "none"
    }

    /// The names of the columns, where the file has a row of them.
    fn header(&self) -> Option<&[String]> {
        None
    }

    /// Adds what the format alone knows to a report.
    fn report(&self, _: &mut ReadReport) {}
}

/// A document's values as they stand in a file.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) place: Place,
    /// Of the columns that were asked for, in their order.
    pub(crate) values: Vec<Value>,
    /// The whole row, if it was asked for and the format is text.
    pub(crate) raw: Option<RawRow>,
}

/// A row as it stands in a file of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawRow {
    /// The fields of a CSV or TSV file, without their quotes.
    Fields(Vec<String>),
    /// The line of a JSON lines file.
    Json(String),
}

/// A value of a column.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Text(String),
    /// A number or a truth value, as text.
    Number(String),
    List(Vec<String>),
    /// Anything else, in words.
    Other(&'static str),
}

impl Value {
    /// A number without a fraction is written without one, in every format.
    #[cfg_attr(
        not(feature = "parquet"),
        allow(dead_code, reason = "only binary formats hold floats")
    )]
    pub(crate) fn of_float(number: f64) -> Self {
        match number {
            n if n.is_nan() => Self::Null,
            n => Self::Number(format!("{n}")),
        }
    }

    /// What it is, for messages: never the data itself, which may be long or private.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Null => "nothing".into(),
            Self::Text(_) => "text".into(),
            Self::Number(number) => format!("`{number}`"),
            Self::List(_) => "a list".into(),
            Self::Other(kind) => (*kind).into(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        assert!(Format::NAMES.iter().eq(ALL.iter().map(|entry| &entry.name)));
        for name in Format::NAMES {
            assert_eq!(name.parse::<Format>().unwrap().to_string(), name);
        }
        let error = "xml".parse::<Format>().unwrap_err().to_string();
        assert!(
            error.contains("csv, tsv, jsonl, parquet, text or folder"),
            "{error}"
        );
    }

    #[test]
    fn the_format_is_in_the_name_whether_compressed_or_not() {
        let names = [
            "a.CSV",
            "a.b.jsonl.zst",
            "wiki.txt.gz",
            "wiki",
            "a.parquet",
            "csv",
            ".csv",
        ];
        let found = names.map(|name| Format::of_name(Path::new(name)));
        use Format::{Csv, Jsonl, Parquet, Text};
        let expected = [
            Some(Csv),
            Some(Jsonl),
            Some(Text),
            None,
            Some(Parquet),
            None,
            Some(Csv),
        ];
        assert_eq!(found, expected);
    }
}
