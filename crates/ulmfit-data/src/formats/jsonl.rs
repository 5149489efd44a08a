//! A corpus from JSON lines: one object per line.

use std::path::Path;

use serde_json::{Map, Value};

use super::csv_rows::no_rows;
use crate::error::quoted;
use crate::lines::Lines;
use crate::source::{Documents, RawDocument, until_error};
use crate::{Corpus, Error, LabelKind, Result, Source};

impl Corpus {
    /// The documents of a file with one JSON object per line. Labels are strings, numbers or booleans; `null` means an
    /// unlabeled document; with [`LabelKind::Set`] also lists of strings. Blank lines are skipped; `.gz` and `.zst` are decompressed on the way.
    ///
    /// ```no_run
    /// let corpus = ulmfit_data::Corpus::from_jsonl("reviews.jsonl", "text", Some("stars"))?;
    /// # Ok::<(), ulmfit_data::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read, has no object, or a line is no JSON object with these fields; the message names it.
    pub fn from_jsonl(
        path: impl AsRef<Path>,
        text_field: &str,
        label_field: Option<&str>,
    ) -> Result<Self> {
        Source::jsonl(path.as_ref(), text_field, label_field).corpus()
    }
}

/// The documents of a file, one at a time.
pub(crate) fn documents<'a>(
    path: &'a Path,
    text_field: &'a str,
    label_field: Option<&'a str>,
    labels: &'a LabelKind,
) -> Result<Documents<'a>> {
    let mut lines = Lines::open(path)?;
    let mut seen = false;
    Ok(until_error(move || {
        while let Some((line, text)) = lines.next()? {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            seen = true;
            let object: Map<String, Value> =
                serde_json::from_str(text).map_err(|source| Error::Json {
                    path: path.to_owned(),
                    line,
                    source,
                })?;
            return document(object, text_field, label_field, labels, path, line).map(Some);
        }
        if seen {
            Ok(None)
        } else {
            Err(no_rows(path, "none"))
        }
    }))
}

fn document(
    mut object: Map<String, Value>,
    text_field: &str,
    label_field: Option<&str>,
    labels: &LabelKind,
    path: &Path,
    line: u64,
) -> Result<RawDocument> {
    let error = |field: &str, kind: &str, found: String| Error::Row {
        path: path.to_owned(),
        line,
        expected: format!("{kind} in the field `{field}`"),
        found,
        remedy: "name another field or mend the line",
    };
    let missing = |object: &Map<String, Value>| {
        format!("the fields {}", quoted(&object.keys().collect::<Vec<_>>()))
    };
    let label = match label_field {
        None => None,
        Some(field) => match object.get(field) {
            Some(Value::Null) => None,
            Some(value) => {
                let wrong = |(kind, found): (&str, String)| error(field, kind, found);
                Some(label_text(value, labels).map_err(wrong)?)
            }
            None => return Err(error(field, "a label", missing(&object))),
        },
    };
    let text = match object.get_mut(text_field).map(Value::take) {
        Some(Value::String(text)) => text,
        Some(other) => return Err(error(text_field, "a string", format!("`{other}`"))),
        None => return Err(error(text_field, "a string", missing(&object))),
    };
    // JSON can spell a NUL as an escape, which the check of the bytes does not see.
    crate::decode::refuse_nul(&text, path, line)?;
    Ok(RawDocument { text, label, line })
}

/// A label as a file of columns would have it; a list is joined by the delimiter of [`LabelKind::Set`].
///
/// Fails with what was expected and what was found.
fn label_text(value: &Value, labels: &LabelKind) -> Result<String, (&'static str, String)> {
    match (value, labels) {
        (Value::String(label), _) => Ok(label.clone()),
        (Value::Number(_) | Value::Bool(_), _) => Ok(value.to_string()),
        (Value::Array(list), LabelKind::Set { delimiter }) => {
            let mut names = Vec::with_capacity(list.len());
            for value in list {
                match value {
                    Value::String(name) if !name.trim().is_empty() && !name.contains(delimiter) => {
                        names.push(name.as_str());
                    }
                    _ => {
                        let expected = "a list of names without the delimiter";
                        return Err((expected, format!("`{value}` in it")));
                    }
                }
            }
            Ok(names.join(delimiter))
        }
        _ => Err(("a string or number", "a list or an object".into())),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Corpus, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, bytes).unwrap();
        Corpus::from_jsonl(&path, "text", Some("stars")).map_err(|e| {
            e.to_string()
                .replace(&path.display().to_string(), "a.jsonl")
        })
    }

    #[test]
    fn reads_objects() {
        let text = b"{\"text\": \"a\", \"stars\": 10}\n\n{\"stars\": 9, \"text\": \"b\\nc\"}\r\n{\"text\": \"\", \"stars\": null}";
        let corpus = read(text).unwrap();
        assert_eq!(
            (corpus.texts(), corpus.classes()),
            (vec!["a", "b\nc", ""], &["9".into(), "10".into()][..])
        );
        assert_eq!(corpus.documents()[2].label, None);
    }

    #[test]
    fn lists_are_sets_of_classes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let source = Source::jsonl(&path, "text", Some("tags"));
            source.with_label_kind(LabelKind::set(";")).corpus()
        };
        let text = "{\"text\": \"a\", \"tags\": [\"x\", \"y\"]}\n{\"text\": \"b\", \"tags\": []}\n\
                    {\"text\": \"c\", \"tags\": \"y;z\"}";
        let corpus = read(text).unwrap();
        assert_eq!(corpus.classes(), ["x", "y", "z"]);
        let sets = vec![vec![0, 1], vec![], vec![1, 2]];
        assert_eq!(corpus.all_labels().unwrap(), sets.into());
        for bad in ["[1]", "[\"x;y\"]", "[\" \"]"] {
            let error = read(&format!("{{\"text\": \"a\", \"tags\": {bad}}}")).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains(
                    "line 1: expected a list of names without the delimiter in the field `tags`"
                ),
                "{error}"
            );
        }
        let number = Source::jsonl(&path, "text", Some("tags")).with_label_kind(LabelKind::Number);
        std::fs::write(&path, "{\"text\": \"a\", \"tags\": 2.5}").unwrap();
        let corpus = number.corpus().unwrap();
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
        let fields = "a.jsonl, line 1: expected a string in the field `text`, found the fields `body`, `stars`;";
        check(b"{\"body\": \"a\", \"stars\": 1}", fields);
        check(
            b"{\"text\": 5, \"stars\": 1}",
            "a.jsonl, line 1: expected a string in the field `text`, found `5`",
        );
        check(
            b"{\"text\": \"a\", \"stars\": []}",
            "a.jsonl, line 1: expected a string or number in the field `stars`",
        );
        check(
            b"{\"text\": \"\\u0000\", \"stars\": 1}",
            "a.jsonl, line 1: expected text, found a NUL byte",
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
