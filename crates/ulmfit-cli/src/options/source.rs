//! Documents in a file: the format is in its name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::bail;
use ulmfit::data::{Column, Source, TextUnit};
use ulmfit::prelude::*;

/// Columns or fields of tables.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Columns {
    /// The column or field of the text; without a header its number from 0.
    #[arg(long, default_value = "text", value_name = "COLUMN")]
    text: String,
    /// The first row of a CSV or TSV file is a document: columns go by number.
    #[arg(long)]
    no_header: bool,
}

impl Columns {
    /// The documents of a file, with the labels of a column; plain text is split into `unit`s and has no labels.
    ///
    /// # Errors
    /// For a column that is no number where there is no header, for plain text with a label, and for a file that is not
    /// there.
    pub(crate) fn source(
        &self,
        path: &Path,
        label: Option<&str>,
        unit: TextUnit,
    ) -> anyhow::Result<Source> {
        if !path.exists() {
            bail!(
                "{}: expected a file, found nothing; check the path",
                path.display()
            );
        }
        Ok(match extension(path).as_str() {
            "csv" => Source::csv(path, self.csv(label)?),
            "tsv" => Source::csv(path, self.csv(label)?.with_delimiter(b'\t')),
            "jsonl" | "json" => Source::jsonl(path, &self.text, label),
            "parquet" => Source::parquet(path, &self.text, label),
            _ if label.is_none() => Source::text(path, unit),
            _ => bail!(
                "{}: expected a file with labels (.csv, .tsv, .jsonl or .parquet, also .gz or .zst) or a folder with a \
                 folder for each class, found another name; rename the file by its format",
                path.display()
            ),
        })
    }

    /// The columns of a CSV file.
    pub(crate) fn csv(&self, label: Option<&str>) -> anyhow::Result<CsvColumns> {
        let mut columns = CsvColumns::new(self.column("--text", &self.text)?);
        if let Some(label) = label {
            columns = columns.with_label(self.column("--label", label)?);
        }
        Ok(match self.no_header {
            true => columns.without_header(),
            false => columns,
        })
    }

    fn column(&self, option: &str, name: &str) -> anyhow::Result<Column> {
        match (self.no_header, name.parse()) {
            (false, _) => Ok(Column::Name(name.to_owned())),
            (true, Ok(number)) => Ok(Column::Number(number)),
            (true, Err(_)) => bail!(
                "{option}: expected the number of a column from 0, as there is no header, found `{name}`; give the number"
            ),
        }
    }
}

/// The corpus, or its error; before a column that is not there stand the options that name columns.
pub(crate) fn asked_by(
    options: &'static str,
    read: Result<Corpus, ulmfit::data::Error>,
) -> anyhow::Result<Corpus> {
    read.map_err(|error| match error {
        ulmfit::data::Error::Column { .. } => anyhow::Error::new(error).context(options),
        _ => error.into(),
    })
}

/// What is behind the last point of a name, in lower case, but for `.gz` and `.zst`.
pub(crate) fn extension(path: &Path) -> String {
    let lower = |path: &Path| {
        let extension = path.extension().and_then(OsStr::to_str);
        extension.unwrap_or_default().to_ascii_lowercase()
    };
    match lower(path).as_str() {
        "gz" | "zst" => lower(&path.with_extension("")),
        other => other.to_owned(),
    }
}

/// The path with another ending: `model.safetensors` and `report.html` make `model.report.html`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    path.with_extension(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_in_the_name_whether_compressed_or_not() {
        let names = ["a.CSV", "a.b.jsonl.zst", "wiki.txt.gz", "wiki", "a.parquet"];
        let found = names.map(|name| extension(Path::new(name)));
        assert_eq!(found, ["csv", "jsonl", "txt", "", "parquet"]);
    }
}
