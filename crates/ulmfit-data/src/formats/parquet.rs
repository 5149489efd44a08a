//! Parquet files, by the names of their columns.

use std::fs::File;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use super::jsonl::names;
use super::{Row, Rows, Value, csv};
use crate::columns::{Column, Layout};
use crate::document::Place;
use crate::error::quoted;
use crate::input::{STDIN, io_error, read, shown};
use crate::report::ReadReport;
use crate::{Error, Result};

pub(super) fn open(path: &Path, layout: &Layout) -> Result<Box<dyn Rows>> {
    let file = shown(path);
    let columns = names(&layout.columns)?;
    let reader = caught(&file, || reader(path))?;
    let metadata = reader.metadata();
    let projection = projection(metadata.file_metadata().schema(), &columns, &file)?;
    known_compression(metadata, &columns, &file)?;
    let rows = caught(&file, || {
        RowIter::from_file_into(reader)
            .project(Some(projection))
            .map_err(|e| damaged(&file, &e))
    })?;
    Ok(Box::new(Parquet {
        file,
        columns,
        rows: Some(rows),
        read: 0,
    }))
}

struct Parquet {
    file: Arc<Path>,
    columns: Vec<String>,
    /// None behind an error.
    rows: Option<RowIter<'static>>,
    read: usize,
}

impl Rows for Parquet {
    fn next(&mut self) -> Result<Option<Row>> {
        let Some(mut rows) = self.rows.take() else {
            return Ok(None);
        };
        let next = caught(&self.file, || {
            rows.next().transpose().map_err(|e| damaged(&self.file, &e))
        });
        let Some(row) = next? else {
            return Ok(None);
        };
        self.rows = Some(rows);
        self.read += 1;
        let mut fields: Vec<(String, Field)> = row.into_columns();
        let mut take = |name: &String| {
            let at = fields.iter().position(|(there, _)| there == name);
            at.map_or(Value::Null, |at| {
                value(std::mem::replace(&mut fields[at].1, Field::Null))
            })
        };
        Ok(Some(Row {
            values: self.columns.iter().map(&mut take).collect(),
            place: Place::new(&self.file, self.read as u64),
            raw: None,
        }))
    }

    fn report(&self, report: &mut ReadReport) {
        (report.files, report.rows) = (1, self.read);
    }
}

/// A reader of the file, or of its content where that is compressed as a whole or comes from a pipe.
fn reader(path: &Path) -> Result<Box<dyn FileReader>> {
    let damaged = |e| damaged(&shown(path), &e);
    if path.as_os_str() != STDIN && path.is_file() {
        let mut file = File::open(path).map_err(|e| io_error("open", path, e))?;
        let mut start = [0; 4];
        if file.read_exact(&mut start).is_err() || start == *b"PAR1" {
            return Ok(Box::new(SerializedFileReader::new(file).map_err(damaged)?));
        }
    }
    let content = Bytes::from(read(path)?);
    Ok(Box::new(
        SerializedFileReader::new(content).map_err(damaged)?,
    ))
}

/// The value of `read`; the library panics over some files that are damaged.
fn caught<T>(file: &Path, read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let error = ParquetError::General("data that makes no sense".into());
        Err(damaged(file, &error))
    })
}

fn damaged(file: &Path, error: &ParquetError) -> Error {
    Error::layout(
        file,
        "a parquet file",
        error.to_string(),
        "write the file again, or convert it to csv",
    )
}

/// The schema of the asked columns alone, so that the others are not even decompressed.
fn projection(schema: &Type, columns: &[String], file: &Path) -> Result<Type> {
    let there = schema.get_fields();
    for name in columns {
        let places: Vec<usize> = (0..there.len())
            .filter(|&at| there[at].name() == name)
            .collect();
        match places[..] {
            [_] => {}
            [] => {
                let names: Vec<&str> = there.iter().map(|field| field.name()).collect();
                return Err(Error::Column {
                    path: file.to_owned(),
                    asked: format!("`{name}`"),
                    there: quoted(&names),
                    remedy: "name one of these".into(),
                });
            }
            [..] => return Err(csv::twice(file, &Column::from(name.as_str()), &places)),
        }
    }
    let wanted = |name: &str| columns.iter().any(|column| column == name);
    let fields = there.iter().filter(|f| wanted(f.name())).cloned().collect();
    Type::group_type_builder(schema.name())
        .with_fields(fields)
        .build()
        .map_err(|e| {
            Error::layout(
                file,
                "columns of plain values",
                e.to_string(),
                "name other columns",
            )
        })
}

/// Fails if an asked column is compressed in a way that this build does not read.
fn known_compression(metadata: &ParquetMetaData, columns: &[String], file: &Path) -> Result<()> {
    let all = metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns());
    for chunk in all {
        let name = chunk.column_path().parts().first();
        let unknown = match chunk.compression() {
            Compression::LZO => "lzo",
            Compression::BROTLI(_) => "brotli",
            Compression::LZ4 | Compression::LZ4_RAW => "lz4",
            _ => continue,
        };
        if let Some(name) = name.filter(|name| columns.contains(name)) {
            return Err(Error::layout(
                file,
                format!("the column `{name}` plain, or compressed by snappy, gzip or zstd"),
                format!("one compressed by {unknown}"),
                "write the file again, with compression=\"zstd\"",
            ));
        }
    }
    Ok(())
}

fn value(field: Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Str(text) => Value::Text(text),
        // Some writers do not say that their bytes are text.
        Field::Bytes(bytes) => match String::from_utf8(bytes.data().to_vec()) {
            Ok(text) => Value::Text(text),
            Err(_) => Value::Other("bytes that are no utf-8"),
        },
        Field::Double(number) => Value::of_float(number),
        // By its decimal digits: 0.1 as a number of 32 bits is 0.1, not 0.10000000149.
        Field::Float(number) => match number.to_string().parse() {
            Ok(number) => Value::of_float(number),
            Err(_) => Value::Null,
        },
        Field::Float16(number) => Value::of_float(number.to_f64()),
        Field::ListInternal(list) => {
            let name = |field: &Field| match value(field.clone()) {
                Value::Text(name) | Value::Number(name) => Some(name),
                _ => None,
            };
            let names: Option<Vec<String>> = list.elements().iter().map(name).collect();
            names.map_or(
                Value::Other("a list of other things than names"),
                Value::List,
            )
        }
        Field::Group(_) => Value::Other("a group"),
        Field::MapInternal(_) => Value::Other("a map"),
        number => Value::Number(number.to_string()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::sync::Arc;

    use parquet::basic::{Compression, ZstdLevel};
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::{Corpus, LabelKind, Source};

    /// Writes a row group.
    type WriteGroup<'a> = &'a dyn Fn(&mut SerializedRowGroupWriter<'_, File>);

    fn write(path: &Path, schema: &str, compression: Compression, groups: &[WriteGroup<'_>]) {
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = WriterProperties::builder().set_compression(compression);
        let file = File::create(path).unwrap();
        let mut writer =
            SerializedFileWriter::new(file, schema, Arc::new(properties.build())).unwrap();
        for fill in groups {
            let mut group = writer.next_row_group().unwrap();
            fill(&mut group);
            group.close().unwrap();
        }
        writer.close().unwrap();
    }

    macro_rules! column {
        ($group:expr, $kind:ty, $values:expr, $levels:expr, $repeated:expr) => {{
            let mut column = $group.next_column().unwrap().unwrap();
            column
                .typed::<$kind>()
                .write_batch($values, $levels, $repeated)
                .unwrap();
            column.close().unwrap();
        }};
    }

    fn texts(texts: &[&str]) -> Vec<ByteArray> {
        texts.iter().map(|&text| text.into()).collect()
    }

    /// A file of two texts and an unlabeled third, in two row groups.
    fn file(path: &Path, compression: Compression) {
        let schema =
            "message m { required int64 id; optional int64 stars; required binary body (UTF8); }";
        write(
            path,
            schema,
            compression,
            &[
                &|group| {
                    column!(group, Int64Type, &[1, 2], None, None);
                    column!(group, Int64Type, &[10, 9], Some(&[1, 1]), None);
                    column!(group, ByteArrayType, &texts(&["ten", "nine"]), None, None);
                },
                &|group| {
                    column!(group, Int64Type, &[3], None, None);
                    column!(group, Int64Type, &[], Some(&[0]), None);
                    column!(group, ByteArrayType, &texts(&["none"]), None, None);
                },
            ],
        );
    }

    fn source(path: &Path) -> Source {
        Source::new(path).with_text("body").with_label("stars")
    }

    fn check(corpus: &Corpus) {
        assert_eq!(corpus.texts(), ["ten", "nine", "none"]);
        assert_eq!(corpus.classes(), ["9", "10"]);
        let labels: Vec<_> = corpus.documents().iter().map(|d| d.label.clone()).collect();
        assert_eq!(labels, [Some(1.into()), Some(0.into()), None]);
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
            check(&source(&path).corpus().unwrap());
        }
        // The file as a whole, too.
        let bytes = std::fs::read(&path).unwrap();
        let path = dir.path().join("a.parquet.gz");
        std::fs::write(&path, zstd::encode_all(&bytes[..], 1).unwrap()).unwrap();
        check(&source(&path).corpus().unwrap());
    }

    #[test]
    fn numbers_are_names_without_a_fraction() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        let schema = "message m { required double stars; required binary body; }";
        write(
            &path,
            schema,
            Compression::UNCOMPRESSED,
            &[&|group| {
                column!(group, DoubleType, &[0.0, f64::NAN, 2.5, 10.0], None, None);
                column!(
                    group,
                    ByteArrayType,
                    &texts(&["a", "b", "c", "d"]),
                    None,
                    None
                );
            }],
        );
        let (corpus, report) = source(&path).read().unwrap();
        assert_eq!(corpus.classes(), ["0", "2.5", "10"]);
        assert_eq!((report.documents, report.unlabeled), (4, 1));
        let numbers = source(&path)
            .with_label_kind(LabelKind::Regression)
            .corpus()
            .unwrap();
        let labels: Vec<_> = numbers
            .documents()
            .iter()
            .map(|d| d.label.clone())
            .collect();
        assert_eq!(
            labels,
            [Some(0.0.into()), None, Some(2.5.into()), Some(10.0.into())]
        );
    }

    #[test]
    fn lists_are_sets_if_they_are_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        let schema = "message m { required group stars (LIST) { repeated group list { required binary element (UTF8); } } \
                      required binary body; }";
        write(
            &path,
            schema,
            Compression::UNCOMPRESSED,
            &[&|group| {
                column!(
                    group,
                    ByteArrayType,
                    &texts(&["x", "y", "x"]),
                    Some(&[1, 1, 1, 0]),
                    Some(&[0, 1, 0, 0])
                );
                column!(group, ByteArrayType, &texts(&["a", "b", "c"]), None, None);
            }],
        );
        let sets = source(&path)
            .with_label_kind(LabelKind::multi_label(","))
            .corpus()
            .unwrap();
        assert_eq!(sets.classes(), ["x", "y"]);
        assert_eq!(
            sets.all_labels().unwrap(),
            vec![vec![0, 1], vec![0], vec![]].into()
        );
        let error = source(&path).corpus().unwrap_err().to_string();
        assert!(
            error.contains("a.parquet, line 1: expected one class, found a list; "),
            "{error}"
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        file(&path, Compression::SNAPPY);
        let read = |text: &str| {
            Source::new(&path).with_text(text).corpus().map_err(|e| {
                let path = path.display().to_string();
                e.to_string().replace(&path, "a.parquet")
            })
        };
        let error = read("text").unwrap_err();
        assert_eq!(
            error,
            "a.parquet: expected a column `text`, found the columns `id`, `stars`, `body`; name one of these"
        );
        let error = read("id").unwrap_err();
        assert!(
            error.starts_with("a.parquet, line 1: expected a string in `id`, found `1`"),
            "{error}"
        );
        let whole = std::fs::read(&path).unwrap();
        for cut in [0, 3, 20, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let error = read("body").unwrap_err();
            assert!(
                error.starts_with("a.parquet: expected a parquet file, found "),
                "{error}"
            );
        }
        let schema = "message m { required binary body; required binary body; }";
        write(
            &path,
            schema,
            Compression::SNAPPY,
            &[&|group| {
                column!(group, ByteArrayType, &texts(&["a"]), None, None);
                column!(group, ByteArrayType, &texts(&["b"]), None, None);
            }],
        );
        let error = read("body").unwrap_err();
        let expected = "a.parquet: expected a column `body`, found the columns number 0 and 1 of that name; rename all of \
                        them but one";
        assert_eq!(error, expected);
    }
}
