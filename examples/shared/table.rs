//! A CSV file with a header, read through the library: plain, `.gz` or `.zst`.

use std::path::Path;

use anyhow::{Context as _, ensure};
use ulmfit::data::{Format, Source, TextUnit};

/// Cells as text, without the spaces around them.
#[derive(Debug)]
pub(crate) struct Table {
    /// What messages call it: its path.
    pub(crate) name: String,
    /// The header.
    pub(crate) names: Vec<String>,
    /// As wide as the header, at least one.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// With path and line for what is no CSV with as many fields in each row; without rows.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        ensure!(
            !path.is_dir(),
            "{}: expected a CSV file, found a folder; name a file in it",
            path.display()
        );
        let whole = Source::new(path)
            .with_format(Format::Text)
            .with_unit(TextUnit::File)
            .corpus()?;
        let text = whole.texts().concat();
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let at = || {
            format!(
                "{}: expected a CSV table with a header; mend the row",
                path.display()
            )
        };
        let names: Vec<String> = reader
            .headers()
            .with_context(at)?
            .iter()
            .map(str::to_owned)
            .collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.with_context(at)?;
            let row: Vec<String> = record.iter().map(str::to_owned).collect();
            rows.push(row);
        }
        ensure!(
            !rows.is_empty(),
            "{}: expected rows under the header, found none; add rows",
            path.display()
        );
        let name = path.display().to_string();
        Ok(Self { name, names, rows })
    }
}
