//! Tables of text: CSV (RFC 4180) and TSV, read strictly. A row that another program would read as something else is an
//! error that names its line.
//!
//! Not the parser of the `csv` crate: that one takes text behind a closing quote as part of the field and an open quote
//! at the end as closed, so that one stray quote swallows all rows up to the next one without a word.

use std::io::{self, BufRead};
use std::path::Path;
use std::sync::Arc;

use super::{RawRow, Row, Rows, Value};
use crate::columns::{Column, Layout, Quotes};
use crate::document::Place;
use crate::error::quoted;
use crate::input::{io_error, open_text, shown};
use crate::report::ReadReport;
use crate::{Error, Result};

/// Opens a table whose fields are separated by `delimiter` unless the layout names another character.
pub(super) fn open(path: &Path, layout: &Layout, delimiter: u8) -> Result<Box<dyn Rows>> {
    let mut records = Records::open(path, layout.delimiter.unwrap_or(delimiter), layout.quotes)?;
    let mut first = None;
    let mut columns = Vec::new();
    let mut header = None;
    if let Some(record) = records.next()? {
        header = (layout.header && layout.raw_rows).then(|| record.fields());
        let find = |column: &Column| find(column, &record, layout, &records);
        columns = layout.columns.iter().map(find).collect::<Result<_>>()?;
        first = (!layout.header).then_some(record);
    }
    Ok(Box::new(Csv {
        nothing: match columns.is_empty() {
            true => "an empty file",
            false => "only a header",
        },
        records,
        columns,
        first,
        header,
        raw_rows: layout.raw_rows,
        rows: 0,
    }))
}

struct Csv {
    records: Records,
    /// The numbers of the columns that are asked for.
    columns: Vec<usize>,
    /// The first record, where it is no header.
    first: Option<Record>,
    header: Option<Vec<String>>,
    raw_rows: bool,
    rows: usize,
    nothing: &'static str,
}

impl Rows for Csv {
    fn next(&mut self) -> Result<Option<Row>> {
        let record = match self.first.take() {
            Some(first) => Some(first),
            None => self.records.next()?,
        };
        let Some(record) = record else {
            return Ok(None);
        };
        self.rows += 1;
        let value = |&at: &usize| Value::Text(record.field(at).to_owned());
        Ok(Some(Row {
            place: Place::new(&self.records.file, record.line),
            values: self.columns.iter().map(value).collect(),
            raw: self.raw_rows.then(|| RawRow::Fields(record.fields())),
        }))
    }

    fn header(&self) -> Option<&[String]> {
        self.header.as_deref()
    }

    fn nothing(&self) -> &'static str {
        self.nothing
    }

    fn report(&self, report: &mut ReadReport) {
        report.files = 1;
        report.rows = self.rows;
        report.longest_field = self.records.longest;
    }
}

/// The number of a column.
fn find(column: &Column, first: &Record, layout: &Layout, records: &Records) -> Result<usize> {
    let names: Vec<&str> = (0..first.len()).map(|at| first.field(at).trim()).collect();
    let found: Vec<usize> = match (column, layout.header) {
        (Column::Number(number), _) => Some(*number)
            .filter(|&n| n < names.len())
            .into_iter()
            .collect(),
        (Column::Name(name), true) => (0..names.len()).filter(|&at| names[at] == name).collect(),
        (Column::Name(_), false) => Vec::new(),
    };
    match found[..] {
        [one] => Ok(one),
        [] => Err(Error::Column {
            path: records.file.to_path_buf(),
            asked: column.to_string(),
            there: match layout.header {
                true => header(&names),
                false => format!("0 to {} without names", names.len() - 1),
            },
            remedy: match other_delimiter(&names) {
                Some(delimiter) => format!(
                    "the fields seem to be separated by {}: name it as the delimiter (--delimiter {})",
                    shown_delimiter(delimiter),
                    option(delimiter)
                ),
                None => "name one of these".into(),
            },
        }),
        [..] => Err(twice(&records.file, column, &found)),
    }
}

/// The error for a name that several columns have.
pub(super) fn twice(file: &Path, column: &Column, places: &[usize]) -> Error {
    let places: Vec<String> = places.iter().map(usize::to_string).collect();
    Error::Column {
        path: file.to_owned(),
        asked: column.to_string(),
        there: format!("number {} of that name", places.join(" and ")),
        remedy: "rename all of them but one".into(),
    }
}

/// The names in a header. Long ones are cut, and questioned: a file without a header has its first text there.
fn header(names: &[&str]) -> String {
    const LONGEST: usize = 40;
    let cut = |name: &&str| match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => (*name).to_owned(),
    };
    let names: Vec<String> = names.iter().map(cut).collect();
    let question = match names.iter().any(|name| name.ends_with('…')) {
        true => " (if that is no header, give columns by number and say that there is none)",
        false => "",
    };
    quoted(&names) + question
}

/// What separates the fields of a table whose first row seems to be one field.
fn other_delimiter(names: &[&str]) -> Option<char> {
    let [only] = names else { return None };
    [';', '\t', '|', ',']
        .into_iter()
        .find(|&c| only.contains(c))
}

fn shown_delimiter(delimiter: char) -> String {
    match delimiter {
        '\t' => "tabs".into(),
        other => format!("`{other}`"),
    }
}

/// A delimiter as a shell reads it.
fn option(delimiter: char) -> String {
    match delimiter {
        '\t' => "tab".into(),
        other => format!("'{other}'"),
    }
}

/// The records of a table, all of one width.
struct Records {
    input: Box<dyn BufRead + Send>,
    file: Arc<Path>,
    delimiter: u8,
    quotes: Quotes,
    /// The line of the next byte, from 1.
    line: u64,
    /// Whether the last byte was `\r`: a `\n` behind it belongs to it.
    after_return: bool,
    width: Option<usize>,
    /// The quoted field of the most lines: where it begins, and how many.
    longest: Option<(u64, u64)>,
}

/// One record.
struct Record {
    /// The line it begins on.
    line: u64,
    text: String,
    /// Where each field ends in `text`.
    ends: Vec<usize>,
}

impl Record {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn fields(&self) -> Vec<String> {
        (0..self.len())
            .map(|at| self.field(at).to_owned())
            .collect()
    }

    fn field(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[at]]
    }
}

/// The line a record begins on, its bytes, and where each field ends in them.
type RawRecord = (u64, Vec<u8>, Vec<usize>);

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// At the beginning of a field.
    Start,
    Plain,
    Quoted,
    /// Behind a quote within a quoted field: its end, or the first of two.
    Quote,
    /// Behind a backslash within a quoted field.
    Backslash,
    /// Behind one in any other.
    PlainBackslash,
}

impl Records {
    fn open(path: &Path, delimiter: u8, quotes: Quotes) -> Result<Self> {
        if matches!(delimiter, b'"' | b'\n' | b'\r' | 0) || !delimiter.is_ascii() {
            return Err(Error::setting(
                "delimiter",
                "a plain character such as `,` or tab",
                format!("{:?}", char::from(delimiter)),
            ));
        }
        Ok(Self {
            input: open_text(path)?,
            file: shown(path),
            delimiter,
            quotes,
            line: 1,
            after_return: false,
            width: None,
            longest: None,
        })
    }

    fn next(&mut self) -> Result<Option<Record>> {
        let Some((line, bytes, ends)) = self.read()? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let source = error.utf8_error();
            self.no_utf8(line, error.as_bytes()[source.valid_up_to()], source)
        })?;
        // Fields may not borrow bytes from each other.
        let torn = ends.iter().find(|&&end| !text.is_char_boundary(end));
        let source = torn.and_then(|&end| std::str::from_utf8(&text.as_bytes()[..end]).err());
        if let Some(source) = source {
            return Err(self.no_utf8(line, text.as_bytes()[source.valid_up_to()], source));
        }
        let record = Record { line, text, ends };
        let width = *self.width.get_or_insert(record.len());
        if record.len() != width {
            let (expected, found) = (count(width), count(record.len()));
            let remedy =
                "correct the row; a field that holds a delimiter or a newline must be quoted";
            return Err(self.error(line, &expected, &found, remedy));
        }
        Ok(Some(record))
    }

    /// The bytes of the next record, the line it begins on, and where its fields end.
    fn read(&mut self) -> Result<Option<RawRecord>> {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        let mut state = State::Start;
        let mut begun = None;
        // Of the quoted field: the line of its opening quote, and whether a quote in it has a backslash before it.
        let (mut quote_line, mut backslash) = (0, None);
        // Whether a quoted field of this record ended behind a backslash.
        let mut escaped_end = false;
        loop {
            let buffer = match self.input.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                buffer => buffer.map_err(|e| io_error("read", &self.file, e))?,
            };
            if buffer.is_empty() {
                return match (state, begun) {
                    (State::Quoted | State::Backslash, _) => {
                        Err(self.unclosed(quote_line, backslash))
                    }
                    (_, None) => Ok(None),
                    (state, Some(line)) => {
                        if state == State::PlainBackslash {
                            bytes.push(b'\\');
                        }
                        ends.push(bytes.len());
                        Ok(Some((line, bytes, ends)))
                    }
                };
            }
            let (mut used, mut wrong, mut done) = (0, None, false);
            for &byte in buffer {
                used += 1;
                let newline = byte == b'\n' || byte == b'\r';
                let second =
                    std::mem::replace(&mut self.after_return, byte == b'\r') && byte == b'\n';
                let line = self.line;
                self.line += u64::from(newline && !second);
                if begun.is_none() {
                    if newline {
                        continue; // A blank line, or the second byte of a line's end.
                    }
                    begun = Some(line);
                }
                match state {
                    State::Quoted => match byte {
                        b'"' => {
                            if bytes.last() == Some(&b'\\') {
                                backslash = Some(line);
                            }
                            state = State::Quote;
                        }
                        b'\\' if self.quotes == Quotes::Backslash => state = State::Backslash,
                        other => bytes.push(other),
                    },
                    State::Backslash => {
                        // Only what would mean something else is escaped; `\n` is two characters.
                        if !matches!(byte, b'"' | b'\\') {
                            bytes.push(b'\\');
                        }
                        bytes.push(byte);
                        state = State::Quoted;
                    }
                    State::PlainBackslash => {
                        if !newline && !matches!(byte, b'"' | b'\\') && byte != self.delimiter {
                            bytes.push(b'\\');
                        }
                        bytes.push(byte);
                        state = State::Plain;
                    }
                    State::Quote if byte == b'"' => {
                        bytes.push(byte);
                        state = State::Quoted;
                    }
                    State::Start if byte == b'"' && self.quotes != Quotes::None => {
                        (quote_line, state) = (line, State::Quoted);
                        backslash = None;
                    }
                    _ if newline || byte == self.delimiter => {
                        if state == State::Quote && line > quote_line {
                            let lines = line - quote_line + 1;
                            if self.longest.is_none_or(|(_, most)| lines > most) {
                                self.longest = Some((quote_line, lines));
                            }
                        }
                        escaped_end |= state == State::Quote && bytes.last() == Some(&b'\\');
                        ends.push(bytes.len());
                        state = State::Start;
                        if newline {
                            done = true;
                            break;
                        }
                    }
                    State::Quote => {
                        wrong = Some(line);
                        break;
                    }
                    State::Start | State::Plain
                        if byte == b'\\' && self.quotes == Quotes::Backslash =>
                    {
                        state = State::PlainBackslash;
                    }
                    State::Start | State::Plain => {
                        // `"ends in \", and goes on"`: the backslash was meant for the quote.
                        if byte == b'"' && escaped_end && self.quotes == Quotes::Double {
                            wrong = Some(line);
                            break;
                        }
                        bytes.push(byte);
                        state = State::Plain;
                    }
                }
            }
            self.input.consume(used);
            if let Some(line) = wrong {
                return Err(self.stray(quote_line, line, backslash));
            }
            if done {
                return Ok(begun.map(|line| (line, bytes, ends)));
            }
        }
    }

    /// The error for text behind the quote that ends a field.
    fn stray(&self, opened: u64, closed: u64, backslash: Option<u64>) -> Error {
        if let Some(line) = backslash {
            return self.backslash(line);
        }
        let found = match opened == closed {
            true => "text behind it".to_owned(),
            false => format!("text behind the next quote, on line {closed}"),
        };
        let remedy = "double the quotes that belong to a text, or say that quotes mean nothing (--quotes none)";
        self.quotes(
            opened,
            "a field to end at its closing quote",
            &found,
            remedy,
        )
    }

    fn unclosed(&self, opened: u64, backslash: Option<u64>) -> Error {
        if let Some(line) = backslash {
            return self.backslash(line);
        }
        let remedy = "close the quoted field, or say that quotes mean nothing (--quotes none)";
        self.quotes(opened, "a closing quote", "the end of the file", remedy)
    }

    fn backslash(&self, line: u64) -> Error {
        let remedy =
            "say that a backslash stands before quotes (--quotes backslash), or double them";
        self.quotes(
            line,
            "quotes within a field to be doubled",
            "one behind a backslash",
            remedy,
        )
    }

    fn quotes(&self, line: u64, expected: &str, found: &str, remedy: &'static str) -> Error {
        Error::Quotes {
            path: self.file.to_path_buf(),
            line,
            expected: expected.to_owned(),
            found: found.to_owned(),
            remedy,
        }
    }

    fn no_utf8(&self, line: u64, byte: u8, source: std::str::Utf8Error) -> Error {
        Error::Utf8 {
            path: self.file.to_path_buf(),
            line,
            byte,
            source,
        }
    }

    fn error(&self, line: u64, expected: &str, found: &str, remedy: &'static str) -> Error {
        Error::Row {
            path: self.file.to_path_buf(),
            line,
            expected: expected.to_owned(),
            found: found.to_owned(),
            remedy,
        }
    }
}

fn count(fields: usize) -> String {
    match fields {
        1 => "1 field".into(),
        n => format!("{n} fields"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    /// All records as `line: field|field`, and the message without the path that ended them.
    fn read_as(bytes: &[u8], quotes: Quotes) -> (Vec<String>, Option<String>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, bytes).unwrap();
        let message = |e: Error| e.to_string().replace(&path.display().to_string(), "a.csv");
        let mut records = Records::open(&path, b',', quotes).unwrap();
        let mut out = Vec::new();
        loop {
            match records.next() {
                Ok(Some(record)) => {
                    let fields: Vec<&str> = (0..record.len()).map(|at| record.field(at)).collect();
                    out.push(format!("{}: {}", record.line, fields.join("|")));
                }
                Ok(None) => return (out, None),
                Err(error) => return (out, Some(message(error))),
            }
        }
    }

    fn reads(text: &str, expected: &[&str]) {
        let (records, error) = read_as(text.as_bytes(), Quotes::Double);
        assert_eq!(
            (records, error),
            (expected.iter().map(|&s| s.to_owned()).collect(), None),
            "{text}"
        );
    }

    fn refuses(bytes: &[u8], start: &str) {
        let message = read_as(bytes, Quotes::Double).1.unwrap();
        assert!(message.starts_with(start), "{message}");
    }

    #[test]
    fn quotes_newlines_and_line_numbers() {
        reads("0,\"a \"\"b\"\"\nc\"\n1,d", &["1: 0|a \"b\"\nc", "3: 1|d"]);
        reads("0,a\r\n1,b\r\n2,c\r\n", &["1: 0|a", "2: 1|b", "3: 2|c"]);
        reads("0,a\r1,\"b\rc\"\r\r2,d", &["1: 0|a", "2: 1|b\rc", "5: 2|d"]);
        reads("0,a\n\n1,5\" disk\n", &["1: 0|a", "3: 1|5\" disk"]);
        reads("0,\"a\r\nb\"\r\n1,c\0", &["1: 0|a\r\nb", "3: 1|c\0"]);
        reads(",\n\"\",\"\"\n", &["1: |", "2: |"]);
        reads("\"C:\\\",\"C:\\\"\"x\"\n", &["1: C:\\|C:\\\"x"]);
        reads("\n\n", &[]);
        reads("", &[]);
    }

    #[test]
    fn lines_are_counted_over_many_reads() {
        for end in ["\n", "\r\n", "\r"] {
            // Rows of three lines (one within a quoted field, one blank) whose length divides no buffer's.
            let row = |i: usize| format!("{i},\"a{end}b\"{end}{end}");
            let text: String = (0..19_000).map(row).collect();
            let (records, error) = read_as(text.as_bytes(), Quotes::Double);
            assert_eq!((records.len(), error), (19_000, None));
            for (i, record) in records.iter().enumerate() {
                assert_eq!(record, &format!("{}: {i}|a{end}b", 3 * i + 1));
            }
        }
    }

    #[test]
    fn a_row_of_another_width_is_named_and_passed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, "0,a\n1\n2,\"b\nc\"\n").unwrap();
        let mut records = Records::open(&path, b',', Quotes::Double).unwrap();
        assert_eq!(records.next().unwrap().unwrap().field(1), "a");
        let error = records.next().err().unwrap().to_string();
        assert!(
            error.contains("a.csv, line 2: expected 2 fields, found 1 field; correct the row"),
            "{error}"
        );
        assert_eq!(records.next().unwrap().unwrap().field(1), "b\nc");
        assert_eq!(records.longest, Some((3, 2)));
        assert!(records.next().unwrap().is_none());
    }

    #[test]
    fn stray_quotes_take_no_rows() {
        refuses(
            b"t,l\na,1\n\"b,1\nc,1\n\"d,1\n",
            "a.csv, line 3: expected a field to end at its closing quote, found text behind the next quote, on line 5; \
             double the quotes",
        );
        refuses(
            b"t,l\n\"a\" b,1\n",
            "a.csv, line 2: expected a field to end at its closing quote, found text behind it;",
        );
        refuses(
            b"0,a\n1,\"b\n2,c\n",
            "a.csv, line 2: expected a closing quote, found the end of the file; close the quoted field",
        );
        let (records, error) = read_as(b"0,\"a\n1,b\" c\n", Quotes::None);
        assert_eq!(
            (records, error),
            (vec!["1: 0|\"a".to_owned(), "2: 1|b\" c".to_owned()], None)
        );
    }

    #[test]
    fn backslashes_before_quotes_are_named_or_read() {
        let named = "expected quotes within a field to be doubled, found one behind a backslash; say that a backslash \
                     stands before quotes (--quotes backslash)";
        for text in [
            "0,\"say \\\"hi\\\" now\"\n",
            "0,\"\\\"hi\\\"\"\n",
            "0,\"say \\\", then\"\n",
            "0,\"a \\\"\"\n1,\"b\"\n",
            "0,\"a \\\"\"\n",
        ] {
            refuses(text.as_bytes(), &format!("a.csv, line 1: {named}"));
        }
        let text = b"0,\"say \\\"hi\\\", C:\\\\ \\n\n\"\n1,\"a \"\"b\"\" \\\"\"\n";
        let (records, error) = read_as(text, Quotes::Backslash);
        let expected = ["1: 0|say \"hi\", C:\\ \\n\n", "3: 1|a \"b\" \""].map(str::to_owned);
        assert_eq!((records, error), (expected.to_vec(), None));
    }

    #[test]
    fn what_is_no_text_is_named() {
        refuses(
            b"0,a\n1,b\xe9\n",
            "a.csv, line 2: expected utf-8, found the byte 0xe9;",
        );
        refuses(
            b"0,a\n\xc3,\xa9\n",
            "a.csv, line 2: expected utf-8, found the byte 0xc3;",
        );
    }
}
