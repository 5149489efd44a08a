//! A corpus from a Parquet file, by the names of its columns.

use std::fs::File;
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

use super::csv_rows::no_rows;
use crate::decode::refuse_nul;
use crate::error::quoted;
use crate::open::io_error;
use crate::source::{Documents, RawDocument, until_error};
use crate::{Corpus, Error, Result, Source};

impl Corpus {
    /// The documents of a Parquet file, one per row; uncompressed or by Snappy, gzip or Zstandard inside. Labels are
    /// strings, numbers or booleans; a null means an unlabeled document. Needs the feature `parquet`.
    ///
    /// ```no_run
    /// let corpus = ulmfit_data::Corpus::from_parquet("reviews.parquet", "text", Some("label"))?;
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read, is no Parquet file, has no such column or no row, or a text is no string; the message
    /// names the row.
    pub fn from_parquet(path: impl AsRef<Path>, text: &str, label: Option<&str>) -> Result<Self> {
        Source::parquet(path.as_ref(), text, label).corpus()
    }
}

/// The documents of a file, one at a time.
pub(crate) fn documents<'a>(
    path: &'a Path,
    text: &'a str,
    label: Option<&'a str>,
) -> Result<Documents<'a>> {
    let broken = |error: ParquetError| Error::Layout {
        path: path.to_owned(),
        expected: "a parquet file".into(),
        found: error.to_string(),
        remedy: "write the file again, or convert it to csv",
    };
    let file = File::open(path).map_err(|e| io_error("open", path, e))?;
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let schema = reader.metadata().file_metadata().schema();
    let projection = columns(schema, text, label, path)?;
    if reader.metadata().file_metadata().num_rows() == 0 {
        return Err(no_rows(path, "none"));
    }
    let mut rows = parquet::record::reader::RowIter::from_file_into(Box::new(reader))
        .project(Some(projection))
        .map_err(broken)?;
    let mut line = 0;
    Ok(until_error(move || {
        let Some(row) = rows.next() else {
            return Ok(None);
        };
        line += 1;
        document(&row.map_err(broken)?, text, label, path, line).map(Some)
    }))
}

/// The schema of the asked columns alone, so that the others are not even decompressed.
fn columns(schema: &Type, text: &str, label: Option<&str>, path: &Path) -> Result<Type> {
    let there = schema.get_fields();
    for asked in [Some(text), label].into_iter().flatten() {
        if !there.iter().any(|field| field.name() == asked) {
            let names: Vec<&str> = there.iter().map(|field| field.name()).collect();
            return Err(Error::Column {
                path: path.to_owned(),
                asked: format!("`{asked}`"),
                there: quoted(&names),
            });
        }
    }
    let wanted = |name: &str| name == text || Some(name) == label;
    let fields = there.iter().filter(|f| wanted(f.name())).cloned().collect();
    Type::group_type_builder(schema.name())
        .with_fields(fields)
        .build()
        .map_err(|e| Error::Layout {
            path: path.to_owned(),
            expected: "columns of plain values".into(),
            found: e.to_string(),
            remedy: "name other columns",
        })
}

fn document(
    row: &Row,
    text: &str,
    label: Option<&str>,
    path: &Path,
    line: u64,
) -> Result<RawDocument> {
    let value = |name: &str| {
        row.get_column_iter()
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v)
    };
    let wrong = |column: &str, kind: &str, found: Option<&Field>| Error::Row {
        path: path.to_owned(),
        line,
        expected: format!("{kind} in the column `{column}`"),
        found: found.map_or("nothing".into(), |v| format!("`{v}`")),
        remedy: "name another column or mend the row",
    };
    let string = match value(text) {
        Some(Field::Str(string)) => string.clone(),
        other => return Err(wrong(text, "a string", other)),
    };
    refuse_nul(&string, path, line)?;
    let label = match label.map(|name| (name, value(name))) {
        None | Some((_, Some(Field::Null))) => None,
        Some((_, Some(Field::Str(label)))) => Some(label.clone()),
        Some((
            name,
            None
            | Some(
                Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) | Field::Bytes(_),
            ),
        )) => {
            return Err(wrong(name, "a string or number", value(name)));
        }
        Some((_, Some(number))) => Some(number.to_string()),
    };
    Ok(RawDocument {
        text: string,
        label,
        line,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::sync::Arc;

    use parquet::basic::{Compression, ZstdLevel};
    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    /// A file of two texts and an unlabeled third, in two row groups.
    fn file(path: &Path, compression: Compression) {
        let schema =
            "message m { required int64 id; optional int64 stars; required binary body (UTF8); }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = WriterProperties::builder().set_compression(compression);
        let file = File::create(path).unwrap();
        let mut writer =
            SerializedFileWriter::new(file, schema, Arc::new(properties.build())).unwrap();
        for (ids, stars, bodies) in [
            (&[1_i64, 2][..], &[10_i64, 9][..], &["ten", "nine"][..]),
            (&[3], &[], &["none"]),
        ] {
            let mut group = writer.next_row_group().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            column
                .typed::<Int64Type>()
                .write_batch(ids, None, None)
                .unwrap();
            column.close().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            let levels: Vec<i16> = (0..ids.len()).map(|i| i16::from(i < stars.len())).collect();
            column
                .typed::<Int64Type>()
                .write_batch(stars, Some(&levels), None)
                .unwrap();
            column.close().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            let bodies: Vec<ByteArray> = bodies.iter().map(|&b| b.into()).collect();
            column
                .typed::<ByteArrayType>()
                .write_batch(&bodies, None, None)
                .unwrap();
            column.close().unwrap();
            group.close().unwrap();
        }
        writer.close().unwrap();
    }

    #[test]
    fn reads_rows_of_every_compression() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        for compression in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(Default::default()),
            Compression::ZSTD(ZstdLevel::default()),
        ] {
            file(&path, compression);
            let corpus = Corpus::from_parquet(&path, "body", Some("stars")).unwrap();
            assert_eq!(corpus.texts(), ["ten", "nine", "none"]);
            assert_eq!(corpus.classes(), ["9", "10"]);
            let labels: Vec<_> = corpus.documents().iter().map(|d| d.label.clone()).collect();
            assert_eq!(labels, [Some(1.into()), Some(0.into()), None]);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        file(&path, Compression::SNAPPY);
        let read = |text, label| {
            Corpus::from_parquet(&path, text, label).map_err(|e| {
                let path = path.display().to_string();
                e.to_string().replace(&path, "a.parquet")
            })
        };
        let error = read("text", None).unwrap_err();
        assert_eq!(
            error,
            "a.parquet: expected a column `text`, found the columns `id`, `stars`, `body`; name one of these"
        );
        let error = read("id", None).unwrap_err();
        assert!(
            error.starts_with("a.parquet, line 1: expected a string in the column `id`, found `1`"),
            "{error}"
        );
        let whole = std::fs::read(&path).unwrap();
        for cut in [0, 3, 20, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let error = read("body", None).unwrap_err();
            assert!(
                error.starts_with("a.parquet: expected a parquet file, found "),
                "{error}"
            );
        }
    }
}
