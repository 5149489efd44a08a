//! JSON lines: one object per line.

use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value as Json;

use super::{RawRow, Row, Rows, Value};
use crate::columns::{Column, Layout};
use crate::document::Place;
use crate::error::quoted;
use crate::lines::Lines;
use crate::report::ReadReport;
use crate::{Error, Result};

pub(super) fn open(path: &Path, layout: &Layout) -> Result<Box<dyn Rows>> {
    Ok(Box::new(Jsonl {
        lines: Lines::open(path)?,
        seen: vec![false; layout.columns.len()],
        columns: names(&layout.columns)?,
        n_texts: layout.n_texts,
        first_keys: None,
        rows: 0,
        ended: false,
        raw_rows: layout.raw_rows,
    }))
}

/// The names of columns of a format in which they have no numbers.
pub(super) fn names(columns: &[Column]) -> Result<Vec<String>> {
    let name = |column: &Column| match column {
        Column::Name(name) => Ok(name.clone()),
        Column::Number(_) => Err(Error::setting(
            "column",
            "a name, as only CSV and TSV files have columns without one",
            column.to_string(),
        )),
    };
    columns.iter().map(name).collect()
}

struct Jsonl {
    lines: Lines,
    columns: Vec<String>,
    n_texts: usize,
    /// Whether any object had the field.
    seen: Vec<bool>,
    /// The fields of the first object.
    first_keys: Option<Vec<String>>,
    rows: usize,
    ended: bool,
    raw_rows: bool,
}

impl Rows for Jsonl {
    fn next(&mut self) -> Result<Option<Row>> {
        if self.ended {
            return Ok(None);
        }
        while let Some((line, text)) = self.lines.next()? {
            if !text.trim().is_empty() {
                return self.row(text.trim(), line).map(Some);
            }
        }
        self.ended = true;
        // A field that one object lacks is null there; one that all lack is a mistake.
        match (
            self.seen.iter().position(|seen| !seen),
            self.first_keys.take(),
        ) {
            (Some(at), Some(keys)) => Err(Error::Column {
                path: self.lines.file().to_path_buf(),
                asked: format!("`{}`", self.columns[at]),
                there: quoted(&keys),
                remedy: "name one of these".into(),
            }),
            _ => Ok(None),
        }
    }

    fn report(&self, report: &mut ReadReport) {
        (report.files, report.rows) = (1, self.rows);
    }
}

impl Jsonl {
    fn row(&mut self, text: &str, line: u64) -> Result<Row> {
        self.rows += 1;
        let path = || self.lines.file().to_path_buf();
        let mut parser = serde_json::Deserializer::from_str(text);
        let fields = Fields(&self.columns);
        let found = fields
            .deserialize(&mut parser)
            .and_then(|found| parser.end().map(|()| found))
            .map_err(|source| Error::Json {
                path: path(),
                line,
                source,
            })?;
        let row_error = |expected: String, found: String, remedy| Error::Row {
            path: path(),
            line,
            expected,
            found,
            remedy,
        };
        if let Some(name) = found.twice {
            let expected = format!("one field `{name}`");
            return Err(row_error(
                expected,
                "two of that name".into(),
                "remove one of them",
            ));
        }
        if let Some(at) = found.values[..self.n_texts]
            .iter()
            .position(Option::is_none)
        {
            let expected = format!("a string in `{}`", self.columns[at]);
            let keys = format!("the fields {}", quoted(&found.keys));
            return Err(row_error(
                expected,
                keys,
                "name another column or correct the line",
            ));
        }
        for (seen, value) in self.seen.iter_mut().zip(&found.values) {
            *seen |= value.is_some();
        }
        let place = Place::new(self.lines.file(), line);
        self.first_keys.get_or_insert(found.keys);
        let values = found.values.into_iter();
        Ok(Row {
            place,
            values: values
                .map(|value| value.map_or(Value::Null, self::value))
                .collect(),
            raw: self.raw_rows.then(|| RawRow::Json(text.to_owned())),
        })
    }
}

fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::String(text) => Value::Text(text),
        Json::Bool(value) => Value::Number(value.to_string()),
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => Value::of_float(float),
            None => Value::Number(number.to_string()),
        },
        Json::Array(list) => {
            let name = |json| match value(json) {
                Value::Text(name) | Value::Number(name) => Some(name),
                _ => None,
            };
            let names: Option<Vec<String>> = list.into_iter().map(name).collect();
            names.map_or(
                Value::Other("a list of other things than names"),
                Value::List,
            )
        }
        Json::Object(_) => Value::Other("an object"),
    }
}

/// Reads the values of some fields of an object; the others are passed over.
struct Fields<'a>(&'a [String]);

#[derive(Default)]
struct Found {
    values: Vec<Option<Json>>,
    keys: Vec<String>,
    /// A field that was asked for and is there twice: parsers differ in which one they take.
    twice: Option<String>,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Found, M::Error> {
        let mut found = Found::default();
        found.values.resize(self.0.len(), None);
        while let Some(key) = map.next_key::<String>()? {
            match self.0.contains(&key) {
                true => {
                    let value: Json = map.next_value()?;
                    // One field can be asked for twice.
                    for (at, _) in self.0.iter().enumerate().filter(|(_, name)| **name == key) {
                        if found.values[at].replace(value.clone()).is_some() {
                            found.twice = Some(key.clone());
                        }
                    }
                }
                false => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
            found.keys.push(key);
        }
        Ok(found)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use crate::{Corpus, Label, LabelKind, Source};

    fn read_as(bytes: &[u8], label: &str, kind: LabelKind) -> Result<Corpus, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, bytes).unwrap();
        let source = Source::new(&path).with_label(label).with_label_kind(kind);
        let message = |e: crate::Error| {
            e.to_string()
                .replace(&path.display().to_string(), "a.jsonl")
        };
        source.corpus().map_err(message)
    }

    fn read(bytes: &[u8]) -> Result<Corpus, String> {
        read_as(bytes, "stars", LabelKind::SingleLabel)
    }

    #[test]
    fn reads_objects() {
        let text = b"{\"text\": \"a\", \"stars\": 10}\n\n{\"stars\": 9.0, \"text\": \"b\\nc\"}\r\n{\"text\": \"\", \"stars\": null}\n\
                     {\"text\": \"d\"}\r{\"text\": null, \"stars\": \"9\"}";
        let corpus = read(text).unwrap();
        assert_eq!(
            (corpus.texts(), corpus.classes()),
            (
                vec!["a", "b\nc", "", "d", ""],
                &["9".into(), "10".into()][..]
            )
        );
        let labels: Vec<_> = corpus.documents().iter().map(|d| d.label.clone()).collect();
        let class = |class| Some(Label::SingleLabel(class));
        assert_eq!(labels, [class(1), class(0), None, None, class(0)]);
    }

    #[test]
    fn lists_are_sets_of_classes() {
        let read = |text: &str| read_as(text.as_bytes(), "tags", LabelKind::multi_label(";"));
        let text = "{\"text\": \"a\", \"tags\": [\"x\", \"y\"]}\n{\"text\": \"b\", \"tags\": []}\n\
                    {\"text\": \"c\", \"tags\": \"y;z\"}\n{\"text\": \"d\", \"tags\": [1, \"y;z\"]}";
        let corpus = read(text).unwrap();
        assert_eq!(corpus.classes(), ["1", "x", "y", "y;z", "z"]);
        let sets = vec![vec![1, 2], vec![], vec![2, 4], vec![0, 3]];
        assert_eq!(corpus.all_labels().unwrap(), sets.into());
        let error = read("{\"text\": \"a\", \"tags\": [[1]]}").unwrap_err();
        assert!(
            error.contains("line 1: expected a string, a number or a list in `tags`"),
            "{error}"
        );
        let error = read("{\"text\": \"a\", \"tags\": [\" \"]}").unwrap_err();
        assert!(
            error.contains("line 1: expected names of classes, found an empty name"),
            "{error}"
        );
        let corpus = read_as(
            b"{\"text\": \"a\", \"tags\": 2.5}",
            "tags",
            LabelKind::Regression,
        )
        .unwrap();
        assert_eq!(corpus.classes(), ["tags"]);
        assert_eq!(corpus.all_labels().unwrap(), vec![vec![2.5]].into());
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        let check = |bytes: &[u8], expected: &str| {
            let message = read(bytes).unwrap_err();
            assert!(message.starts_with(expected), "{message}");
        };
        check(
            b"{\"text\": \"a\", \"stars\": 1}\n{\"text\"",
            "a.jsonl, line 2: expected one json object per line: ",
        );
        check(
            b"[1]",
            "a.jsonl, line 1: expected one json object per line: ",
        );
        let fields =
            "a.jsonl, line 1: expected a string in `text`, found the fields `body`, `stars`;";
        check(b"{\"body\": \"a\", \"stars\": 1}", fields);
        check(
            b"{\"text\": 5, \"stars\": 1}",
            "a.jsonl, line 1: expected a string in `text`, found `5`",
        );
        check(
            b"{\"text\": \"a\", \"stars\": []}",
            "a.jsonl, line 1: expected one class, found a list",
        );
        check(
            b"{\"text\": \"a\", \"stars\": 1, \"text\": \"b\"}",
            "a.jsonl, line 1: expected one field `text`, found two of that name; remove one of them",
        );
        check(
            b"{\"text\": \"a\", \"star\": 1}\n{\"text\": \"b\"}",
            "a.jsonl: expected a column `stars`, found the columns `text`, `star`; name one of these",
        );
        check(
            b"\n\xff\n",
            "a.jsonl, line 2: expected utf-8, found the byte 0xff",
        );
        check(
            b"\n",
            "a.jsonl: expected at least one row of text, found none",
        );
    }
}
