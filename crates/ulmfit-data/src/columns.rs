//! How a source is to be read: columns, and what separates and quotes fields.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// A column, by its name or by its number from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The column under this header, or the field of this name.
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

/// What quotes mean in a CSV or TSV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Quotes {
    /// A field may stand in quotes, which are doubled within it (RFC 4180).
    #[default]
    Double,
    /// A field may stand in quotes, which have a backslash before them within it, as MySQL and some scripts write them.
    Backslash,
    /// Quotes are characters like any other: no field holds a delimiter or a newline.
    None,
}

impl Quotes {
    /// Their names, in order.
    pub const NAMES: [&str; 3] = ["double", "backslash", "none"];
}

impl FromStr for Quotes {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match Self::NAMES.iter().position(|known| *known == name) {
            Some(0) => Ok(Self::Double),
            Some(1) => Ok(Self::Backslash),
            Some(_) => Ok(Self::None),
            None => Err(Error::setting(
                "quotes",
                "double, backslash or none",
                format!("`{name}`"),
            )),
        }
    }
}

/// What one document is in a file of plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TextUnit {
    /// A line; blank ones are skipped.
    #[default]
    Line,
    /// An article: a line `= Title =` at the start or behind a blank line begins a new one, `= = Section = =` does not.
    /// WikiText and Wikipedia dumps in its layout are cut this way. The title belongs to the text.
    Article,
    /// The whole file.
    File,
}

/// All that formats need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The columns whose values are asked for, in the order of a row's values.
    pub(crate) columns: Vec<Column>,
    /// How many of them, from the first on, are texts.
    pub(crate) n_texts: usize,
    /// What separates fields; none for the format's own.
    pub(crate) delimiter: Option<u8>,
    pub(crate) quotes: Quotes,
    /// Whether the first row of a CSV or TSV file names the columns.
    pub(crate) header: bool,
    pub(crate) unit: TextUnit,
    /// Whether each row is kept as it stands in the file, too.
    pub(crate) raw_rows: bool,
}
