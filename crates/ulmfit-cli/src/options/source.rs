//! Documents in a file: the format is in its name.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::builder::PossibleValuesParser;
use ulmfit::data::{Column, Format, Quotes, TextUnit};
use ulmfit::prelude::*;

/// How documents stand in files.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct Columns {
    /// The column or field of the text; without a header its number from 0. Given several times, the columns are joined,
    /// each marked with its number.
    #[arg(
        id = "text-column",
        long = "text-column",
        alias = "text-field",
        default_value = "text",
        value_name = "COLUMN"
    )]
    texts: Vec<String>,
    /// The first row of a CSV or TSV file is a document: columns go by number.
    #[arg(long, hide_short_help = true)]
    no_header: bool,
    /// What separates the fields of a CSV or TSV file, such as ';' or tab [default: a comma, in .tsv a tab].
    #[arg(long, hide_short_help = true, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// What quotes mean in a CSV or TSV file: doubled within a quoted field, behind a backslash, or nothing.
    #[arg(long, hide_short_help = true, value_name = "MEANING", default_value = "double", value_parser = PossibleValuesParser::new(Quotes::NAMES))]
    quotes: String,
    /// The format, whatever the name; - is the standard input [default: by the name].
    #[arg(long, hide_short_help = true, value_name = "FORMAT", value_parser = PossibleValuesParser::new(Format::NAMES))]
    format: Option<String>,
}

/// A delimiter by its character or its name.
fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        text => match text.as_bytes() {
            &[byte] => Ok(byte),
            _ => Err("expected one character, such as ; or tab".to_owned()),
        },
    }
}

impl Columns {
    /// The documents of a file, or of the standard input for `-`.
    ///
    /// # Errors
    /// For a column that is no number where there is no header, and for a file that is not there.
    pub(crate) fn source(&self, path: &Path) -> anyhow::Result<Source> {
        if path.as_os_str() != "-" && !path.exists() {
            bail!(
                "{}: expected a file, found nothing; check the path",
                path.display()
            );
        }
        let texts = self
            .texts
            .iter()
            .map(|name| self.column("--text-column", name));
        let source = Source::new(path)
            .with_texts(texts.collect::<anyhow::Result<Vec<_>>>()?)
            .with_quotes(self.quotes()?);
        let source = match self.delimiter {
            Some(delimiter) => source.with_delimiter(delimiter),
            None => source,
        };
        let source = match &self.format {
            Some(format) => source.with_format(format.parse()?),
            None => source,
        };
        Ok(match self.no_header {
            true => source.without_header(),
            false => source,
        })
    }

    /// What separates the fields of a table.
    pub(crate) fn delimiter(&self, format: Format) -> u8 {
        let own = if format == Format::Tsv { b'\t' } else { b',' };
        self.delimiter.unwrap_or(own)
    }

    /// What quotes mean in a table.
    pub(crate) fn quotes(&self) -> Result<Quotes, ulmfit::data::Error> {
        self.quotes.parse()
    }

    /// The same for plain text, too, which is cut into `unit`s and has no labels.
    ///
    /// # Errors
    /// As [`Self::source`].
    pub(crate) fn text(&self, path: &Path, unit: TextUnit) -> anyhow::Result<Source> {
        Ok(self.source(path)?.with_unit(unit))
    }

    /// A column by its name or number.
    ///
    /// # Errors
    /// For a name where there is no header.
    pub(crate) fn column(&self, option: &str, name: &str) -> anyhow::Result<Column> {
        match (self.no_header, name.parse()) {
            (false, _) => Ok(Column::Name(name.to_owned())),
            (true, Ok(number)) => Ok(Column::Number(number)),
            (true, Err(_)) => bail!(
                "{option}: expected the number of a column from 0, as there is no header, found `{name}`; give the number"
            ),
        }
    }
}

/// The result, or its error; before a column that is not there stand the options that name columns.
pub(crate) fn asked_by<T>(
    options: &'static str,
    read: Result<T, ulmfit::data::Error>,
) -> anyhow::Result<T> {
    read.map_err(|error| match error {
        ulmfit::data::Error::Column { .. } => anyhow::Error::new(error).context(options),
        _ => error.into(),
    })
}

/// The path with another ending: `model.safetensors` and `report.html` make `model.report.html`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    path.with_extension(ending)
}
