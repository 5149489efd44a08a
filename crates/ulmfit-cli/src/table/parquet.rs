//! Parquet: the columns of a file as they are, with others beside them; and columns of vectors.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::{Cell, taken_name};

/// Copies the file `from` to `to` with a column added for each of `names`, which hold text where `are_text` says so. A row
/// without cells has null in them.
///
/// # Errors
/// For a file that is no Parquet file or has a column of such a name, and if the output cannot be written.
pub(crate) fn extend(
    from: &Path,
    to: &Path,
    names: &[String],
    are_text: &[bool],
    rows: &[Option<Vec<Cell>>],
) -> anyhow::Result<()> {
    let place = || from.display().to_string();
    let input = File::open(from).with_context(place)?;
    let reader = SerializedFileReader::new(input.try_clone()?).with_context(place)?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema();
    let mut fields = schema.get_fields().to_vec();
    for (name, is_text) in names.iter().zip(are_text) {
        if fields.iter().any(|field| field.name() == name) {
            return Err(taken_name(name)).with_context(place);
        }
        fields.push(column(name, *is_text)?);
    }
    let schema = Type::group_type_builder(schema.name());
    let schema = Arc::new(schema.with_fields(fields).build()?);
    // Arrow's own copy of the schema does not know the new columns.
    let notes = metadata.file_metadata().key_value_metadata();
    let notes = notes.into_iter().flatten();
    let notes: Vec<KeyValue> = notes
        .filter(|note| note.key != "ARROW:schema")
        .cloned()
        .collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(notes));
    let mut writer =
        SerializedFileWriter::new(File::create(to)?, schema, Arc::new(properties.build()))?;
    let mut rows = rows.iter();
    for group in metadata.row_groups() {
        let mut out = writer.next_row_group()?;
        for chunk in group.columns() {
            let whole = ColumnCloseResult {
                bytes_written: chunk.compressed_size().unsigned_abs(),
                rows_written: group.num_rows().unsigned_abs(),
                metadata: chunk.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            out.append_column(&input, whole)?;
        }
        let cells: Vec<_> = rows.by_ref().take(group.num_rows() as usize).collect();
        if cells.len() != group.num_rows() as usize {
            bail!(
                "{}: expected as many rows as were read, found more; was it changed meanwhile?",
                place()
            );
        }
        for (at, &is_text) in are_text.iter().enumerate() {
            let of_row =
                |row: &&Option<Vec<Cell>>| row.as_ref().and_then(|row| row.get(at).cloned());
            write_column(&mut out, cells.iter().map(of_row).collect(), is_text)?;
        }
        out.close()?;
    }
    writer.close()?;
    Ok(())
}

fn column(name: &str, is_text: bool) -> anyhow::Result<TypePtr> {
    let column = match is_text {
        true => Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_converted_type(ConvertedType::UTF8)
            .with_logical_type(Some(LogicalType::String)),
        false => Type::primitive_type_builder(name, Physical::FLOAT),
    };
    Ok(Arc::new(
        column.with_repetition(Repetition::OPTIONAL).build()?,
    ))
}

fn write_column(
    group: &mut SerializedRowGroupWriter<'_, File>,
    cells: Vec<Option<Cell>>,
    is_text: bool,
) -> anyhow::Result<()> {
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let cells = cells.into_iter().flatten();
    let mut column = group.next_column()?.context("there is no such column")?;
    match is_text {
        true => {
            let texts = cells.filter_map(|cell| match cell {
                Cell::Text(text) => Some(ByteArray::from(text.into_bytes())),
                Cell::Number(_) => None,
            });
            let texts: Vec<ByteArray> = texts.collect();
            column
                .typed::<ByteArrayType>()
                .write_batch(&texts, Some(&levels), None)?;
        }
        false => {
            let numbers = cells.filter_map(|cell| match cell {
                Cell::Number(number) => Some(number),
                Cell::Text(_) => None,
            });
            let numbers: Vec<f32> = numbers.collect();
            column
                .typed::<FloatType>()
                .write_batch(&numbers, Some(&levels), None)?;
        }
    }
    Ok(column.close()?)
}

/// A file with one column, `vector`: a list of numbers in each row.
pub(crate) struct Vectors {
    writer: SerializedFileWriter<File>,
}

impl Vectors {
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let element = Type::primitive_type_builder("element", Physical::FLOAT)
            .with_repetition(Repetition::REQUIRED)
            .build()?;
        let list = Type::group_type_builder("list")
            .with_repetition(Repetition::REPEATED)
            .with_fields(vec![Arc::new(element)])
            .build()?;
        let vector = Type::group_type_builder("vector")
            .with_repetition(Repetition::REQUIRED)
            .with_converted_type(ConvertedType::LIST)
            .with_logical_type(Some(LogicalType::List))
            .with_fields(vec![Arc::new(list)])
            .build()?;
        let schema = Type::group_type_builder("vectors").with_fields(vec![Arc::new(vector)]);
        let properties: WriterPropertiesPtr = Arc::new(
            WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .build(),
        );
        let file = File::create(path)?;
        let writer = SerializedFileWriter::new(file, Arc::new(schema.build()?), properties)?;
        Ok(Self { writer })
    }

    /// Appends rows, as a group.
    pub(crate) fn rows(&mut self, rows: &[Vec<f32>]) -> anyhow::Result<()> {
        let mut group = self.writer.next_row_group()?;
        let mut column = group.next_column()?.context("there is no column")?;
        let numbers = rows.concat();
        // 0 begins a list, 1 goes on with it.
        let repeated: Vec<i16> = rows
            .iter()
            .flat_map(|row| (0..row.len()).map(|at| i16::from(at > 0)))
            .collect();
        let defined = vec![1; numbers.len()];
        column
            .typed::<FloatType>()
            .write_batch(&numbers, Some(&defined), Some(&repeated))?;
        column.close()?;
        group.close()?;
        Ok(())
    }

    pub(crate) fn finish(self) -> anyhow::Result<()> {
        self.writer.close()?;
        Ok(())
    }
}
