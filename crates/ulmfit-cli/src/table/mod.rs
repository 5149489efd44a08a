//! Predictions beside the rows that they belong to, in the format of the rows.
//!
//! [`Lines`] serves every format of text, one row at a time; [`parquet`] copies the columns of a Parquet file as they are
//! and adds others.

mod compress;
pub(crate) mod npy;
pub(crate) mod parquet;

use std::io::Write;

use anyhow::{Context as _, bail};
use csv::{QuoteStyle, Writer, WriterBuilder};
use serde_json::{Map, Value, json};
use ulmfit::data::{Quotes, RawRow};
use ulmfit_serve::{Answer, Reply};

pub(crate) use compress::create;

/// The columns that predictions add: their names, and the values of each answer.
pub(crate) struct Columns {
    prefix: String,
    /// Classes, or the numbers of a regression.
    names: Vec<String>,
    kind: Kind,
    words: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Class,
    Classes,
    Numbers,
}

/// A value of a column that is added.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Number(f32),
}

impl Columns {
    /// The columns of a model's answers, each name behind `prefix`.
    pub(crate) fn of(model: &ulmfit_serve::Model, prefix: &str, words: bool) -> Self {
        Self {
            prefix: prefix.to_owned(),
            names: model.names().to_vec(),
            kind: match model.task() {
                "regression" => Kind::Numbers,
                "multi_label" => Kind::Classes,
                _ => Kind::Class,
            },
            words,
        }
    }

    /// Their names: `prediction`, `probability_CLASS` for each class and `words` if they are weighed; of a regression
    /// `prediction`, or `prediction_NAME` for each of several numbers.
    pub(crate) fn names(&self) -> Vec<String> {
        let (prefix, each) = (&self.prefix, self.names.iter());
        match (self.kind, self.names.len()) {
            (Kind::Numbers, 1) => vec![format!("{prefix}prediction")],
            (Kind::Numbers, _) => each.map(|n| format!("{prefix}prediction_{n}")).collect(),
            (Kind::Class | Kind::Classes, _) => {
                let mut names = vec![format!("{prefix}prediction")];
                names.extend(each.map(|n| format!("{prefix}probability_{n}")));
                names.extend(self.words.then(|| format!("{prefix}words")));
                names
            }
        }
    }

    /// Which of them hold text; the others hold numbers.
    pub(crate) fn are_text(&self) -> Vec<bool> {
        let numbers = self.kind == Kind::Numbers;
        let mut text = vec![false; self.names().len()];
        if let (false, Some(first)) = (numbers, text.first_mut()) {
            *first = true;
        }
        if let (false, true, Some(last)) = (numbers, self.words, text.last_mut()) {
            *last = true;
        }
        text
    }

    /// The values of an answer. Several labels stand with `;` between them.
    pub(crate) fn cells(&self, answer: &Answer) -> Vec<Cell> {
        let numbers = |values: &[f32]| -> Vec<Cell> {
            values.iter().map(|value| Cell::Number(*value)).collect()
        };
        match answer {
            Answer::Numbers(values) => numbers(values),
            Answer::Class { prediction, words } => {
                let label = match self.kind {
                    Kind::Classes => prediction.labels.join(";"),
                    _ => prediction.label.clone(),
                };
                let mut cells = vec![Cell::Text(label)];
                cells.extend(numbers(&prediction.probabilities));
                if self.words {
                    cells.push(Cell::Text(json!(words).to_string()));
                }
                cells
            }
        }
    }

    /// The fields that a JSON object gets, from the object that the server would send.
    fn fields(&self, mut object: Map<String, Value>) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            fields.extend(value.map(|value| (format!("{}{name}", self.prefix), value)));
        };
        let label = object.remove("label");
        put("prediction", object.remove("labels").or(label));
        let values = object.remove("values");
        let only = |all: &Value| Some(all.as_object()?.values().next()?.clone());
        put(
            "prediction",
            match self.names.len() {
                1 => values.as_ref().and_then(only),
                _ => values,
            },
        );
        put("probabilities", object.remove("probabilities"));
        put("words", object.remove("words"));
        fields
    }
}

/// What separates and quotes the fields of a table.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quotes: Quotes,
}

/// Rows of text with columns added.
pub(crate) struct Lines<W: Write> {
    out: Out<W>,
    columns: Columns,
    /// The header of the first table; none until there is one.
    header: Option<Vec<String>>,
    dialect: Dialect,
}

/// A table needs a writer that quotes.
enum Out<W: Write> {
    Plain(W),
    Table(Box<Writer<W>>),
    /// While it changes from one to the other.
    Neither,
}

impl<W: Write> Lines<W> {
    pub(crate) fn new(out: W, columns: Columns, dialect: Dialect) -> Self {
        Self {
            out: Out::Plain(out),
            columns,
            header: None,
            dialect,
        }
    }

    /// Begins a file whose columns have these names, if it has a row of them.
    ///
    /// # Errors
    /// For a name that the file has and a prediction would get, and for columns that are not those of the file before.
    pub(crate) fn begin(&mut self, header: Option<&[String]>) -> anyhow::Result<()> {
        let Some(header) = header else { return Ok(()) };
        if let Some(before) = &self.header {
            if before != header {
                bail!(
                    "expected the columns of the file before it, found others; predict each file by itself"
                );
            }
            return Ok(());
        }
        let added = self.columns.names();
        if let Some(taken) = added.iter().find(|name| header.contains(name)) {
            return Err(taken_name(taken));
        }
        self.header = Some(header.to_vec());
        let all = header.iter().chain(&added);
        Ok(self.table().write_record(all)?)
    }

    /// Writes rows with their answers, in order. A document that is no row of a table is written as the server would.
    ///
    /// # Errors
    /// If the output cannot be written; for a JSON object that has a field of that name.
    pub(crate) fn write(&mut self, rows: Vec<Option<RawRow>>, reply: &Reply) -> anyhow::Result<()> {
        let objects = reply.to_json().into_iter();
        for ((row, answer), object) in rows.into_iter().zip(&reply.answers).zip(objects) {
            match row {
                None => writeln!(self.plain()?, "{object}")?,
                Some(RawRow::Json(line)) => {
                    let Value::Object(object) = object else {
                        continue;
                    };
                    let line = extended(&line, self.columns.fields(object))?;
                    writeln!(self.plain()?, "{line}")?;
                }
                Some(RawRow::Fields(mut fields)) => {
                    let cells = self.columns.cells(answer).into_iter();
                    fields.extend(cells.map(|cell| match cell {
                        Cell::Text(text) => text,
                        // The shortest digits that are read back as the same number.
                        Cell::Number(number) if number.abs() < 1e-4 && number != 0.0 => {
                            format!("{number:e}")
                        }
                        Cell::Number(number) => number.to_string(),
                    }));
                    self.table().write_record(&fields)?;
                }
            }
        }
        match &mut self.out {
            Out::Plain(out) => out.flush()?,
            Out::Table(out) => out.flush()?,
            Out::Neither => {}
        }
        Ok(())
    }

    /// The output, when all is written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn finish(self) -> anyhow::Result<W> {
        match self.out {
            Out::Plain(out) => Ok(out),
            Out::Table(out) => out
                .into_inner()
                .map_err(|error| anyhow::anyhow!("{}", error.error())),
            Out::Neither => bail!("no output"),
        }
    }

    fn plain(&mut self) -> anyhow::Result<&mut W> {
        match &mut self.out {
            Out::Plain(out) => Ok(out),
            _ => bail!(
                "expected files of one format, found a table before another one; predict each by itself"
            ),
        }
    }

    fn table(&mut self) -> &mut Writer<W> {
        if let Out::Plain(_) = self.out
            && let Out::Plain(out) = std::mem::replace(&mut self.out, Out::Neither)
        {
            let Dialect { delimiter, quotes } = self.dialect;
            let mut builder = WriterBuilder::new();
            builder.delimiter(delimiter).flexible(true);
            match quotes {
                Quotes::Double => {}
                Quotes::Backslash => {
                    builder.double_quote(false).escape(b'\\');
                }
                Quotes::None => {
                    builder.quote_style(QuoteStyle::Never);
                }
            }
            self.out = Out::Table(Box::new(builder.from_writer(out)));
        }
        match &mut self.out {
            Out::Table(table) => table,
            Out::Plain(_) | Out::Neither => unreachable!("it was made a table above"),
        }
    }
}

fn taken_name(name: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "expected no column `{name}`, which predictions would get, found one; pass --prefix to name theirs otherwise"
    )
}

/// The JSON object on a line with further fields at its end; what was there stays as it was written.
fn extended(line: &str, fields: Map<String, Value>) -> anyhow::Result<String> {
    // The reader has found an object; parsing it again is only needed where a name may be taken.
    let may_be = |name: &&String| line.contains(&format!("\"{name}\""));
    if let Some(name) = fields.keys().find(may_be) {
        let object: Map<String, Value> =
            serde_json::from_str(line).context("reading a line again")?;
        if object.contains_key(name) {
            return Err(taken_name(name));
        }
    }
    let object = Value::Object(fields).to_string();
    let head = line.trim_end().strip_suffix('}').unwrap_or(line);
    let head = head.trim_end();
    let comma = if head.ends_with('{') { "" } else { ", " };
    Ok(format!("{head}{comma}{}", &object[1..]))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_line_keeps_its_fields_as_they_were_written() {
        let fields = || Map::from_iter([("prediction".to_owned(), json!("pos"))]);
        assert_eq!(
            extended("{\"b\": 1.0, \"a\":\"x}\" }", fields()).unwrap(),
            "{\"b\": 1.0, \"a\":\"x}\", \"prediction\":\"pos\"}"
        );
        assert_eq!(
            extended("{}", fields()).unwrap(),
            "{\"prediction\":\"pos\"}"
        );
        // The name as a value is no field.
        assert!(extended("{\"a\":\"prediction\"}", fields()).is_ok());
        let error = extended("{\"prediction\":1}", fields()).unwrap_err();
        assert!(error.to_string().contains("--prefix"), "{error}");
    }
}
